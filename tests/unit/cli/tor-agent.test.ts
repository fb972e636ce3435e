import { describe, expect, it } from 'vitest';
import { torAgent } from '@rustbalance/cli/debug/tor-agent.js';

describe("the agent of Tor's SOCKS port", () => {
  it('connects to an IPv6 address without the brackets of its URL', () => {
    expect(torAgent({ kind: 'tcp', host: '::1', port: 9150 }, 'me', 1000).proxy).toMatchObject({
      host: '::1',
      port: 9150,
      type: 5,
    });
  });

  it('lets Tor resolve the name, on circuits of the name that it is given', () => {
    const agent = torAgent({ kind: 'unix', path: '/s' }, 'me@home', 1000);
    expect(agent.shouldLookup).toBe(false);
    expect([agent.proxy.userId, agent.proxy.password]).toEqual(['me@home', 'me@home']);
    expect(agent.socketOptions).toMatchObject({ path: '/s' });
  });
});
