import { describe, expect, it } from 'vitest';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { visitor } from '@rustbalance/actors/publisher/visit.js';
import { fakeSocks } from '../proxy/support/fake-socks.js';
import { freePort } from '../proxy/support/free-port.js';
import { scriptedTarget } from '../proxy/support/scripted-target.js';

const HOST = `${'a'.repeat(56)}.onion`;
const visit = visitor(HOST, 80, systemRandom);
const never = (): AbortSignal => new AbortController().signal;

describe('a visit to the master address', () => {
  it('answers where Tor makes the stream, and asks for that address and port on circuits of its own', async () => {
    const target = await scriptedTarget(() => undefined);
    const socks = await fakeSocks({ leadsTo: target.port });
    expect(await visit(socks.address, never())).toBe('answers');
    expect(await visit(socks.address, never())).toBe('answers');
    expect(socks.requests).toMatchObject([
      { host: HOST, port: 80, addressType: 3 },
      { host: HOST, port: 80, addressType: 3 },
    ]);
    const [first, second] = socks.requests;
    expect(first!.user).not.toBe(second!.user);
  });

  // RFC 1928 §6; Tor says 1, 4 or 6 of an onion service that it does not reach, and 0xF0 and above of why.
  it.each([1, 4, 5, 6, 0xf0, 0xf2])(
    'is silent where Tor says that nobody is there (reply %i)',
    async (reply) => {
      const socks = await fakeSocks({ leadsTo: 1, reply });
      expect(await visit(socks.address, never())).toBe('silent');
    },
  );

  it('is silent where Tor does not answer in time', async () => {
    const socks = await fakeSocks({ leadsTo: 1, reply: 'silent' });
    expect(await visit(socks.address, AbortSignal.timeout(200))).toBe('silent');
  });

  it('says nothing of the other end where the SOCKS port is gone, hangs up, or is not known', async () => {
    const socks = await fakeSocks({ leadsTo: 1, reply: 'close' });
    expect(await visit(socks.address, never())).toBe('unknown');
    expect(await visit(`127.0.0.1:${String(await freePort())}`, never())).toBe('unknown');
    expect(await visit('nonsense', never())).toBe('unknown');
    expect(await visit(null, never())).toBe('unknown');
  });

  it('says nothing when it is given up', async () => {
    const socks = await fakeSocks({ leadsTo: 1, reply: 'silent' });
    const giveUp = new AbortController();
    const visiting = visit(socks.address, giveUp.signal);
    giveUp.abort();
    expect(await visiting).toBe('unknown');
  });
});
