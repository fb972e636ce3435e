import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CanaryResult } from '@rustbalance/actors/health/canary/canary-record.js';
import { canary } from '@rustbalance/actors/health/canary/try-canary.js';
import { selfTestKey } from '@rustbalance/actors/kernel/cluster-keys.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { SelfTestTokens } from '@rustbalance/actors/kernel/self-test-token.js';
import { parseStreamAddress } from '@rustbalance/actors/kernel/stream-address.js';
import { SelfTestGate } from '@rustbalance/actors/proxy/self-test-gate.js';
import type { Proxy } from '@rustbalance/actors/proxy/start-proxy.js';
import { configWith } from '../../unit/health/world.js';
import { ADDRESS } from '../../unit/config/minimal.js';
import { fakeSocks } from '../proxy/support/fake-socks.js';
import type { FakeSocksOptions } from '../proxy/support/fake-socks.js';
import { freePort } from '../proxy/support/free-port.js';
import { proxyTo } from '../proxy/support/proxy-under-test.js';
import { listening, okay, sayingTarget } from '../proxy/support/scripted-target.js';

const tokens = () =>
  new SelfTestTokens(selfTestKey(new Secret(Buffer.from('cluster')), ADDRESS)!, {
    clock: systemClock,
    random: systemRandom,
  });
const nodeBefore = (port: number): Promise<Proxy> =>
  proxyTo({ target: { port }, options: { selfTests: new SelfTestGate(tokens(), 'beta') } });
const portOf = ({ listen }: Proxy): number => Number(listen.split(':')[1]);

/** One visit by a SOCKS port that behaves as told; `says` is how the port for diagnoses behaves. */
const visit = async (
  tor: FakeSocksOptions | string,
  { says = null, mode = 'http' }: { says?: FakeSocksOptions | null; mode?: 'http' | 'raw' } = {},
): Promise<{ result: CanaryResult; users: (string | null)[]; hosts: string[] }> => {
  const socks = typeof tor === 'string' ? null : await fakeSocks(tor);
  const more = says === null ? null : await fakeSocks(says);
  const attempt = canary({
    config: configWith('[canary]\nenabled = true\ntimeout_secs = 1\n'),
    mode,
    tokens: tokens(),
    clock: systemClock,
    random: systemRandom,
    diagnosis: () => (more === null ? null : parseStreamAddress(more.address)),
  });
  const result = await attempt(socks?.address ?? String(tor));
  const requests = [...(socks?.requests ?? []), ...(more?.requests ?? [])];
  return { result, users: requests.map(({ user }) => user), hosts: requests.map(({ host }) => host) };
};

describe('a visit to the master address', () => {
  it('tells which node answered', async () => {
    const node = await nodeBefore((await sayingTarget(okay('page'))).port);
    const { result, hosts } = await visit({ leadsTo: portOf(node) });
    expect(result).toMatchObject({ ok: true, node: 'beta' });
    expect(hosts).toEqual([ADDRESS]);
  });

  it('is content with any page of the target, also with one that says that there is none', async () => {
    const node = await nodeBefore((await sayingTarget('HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n')).port);
    expect((await visit({ leadsTo: portOf(node) })).result).toMatchObject({ ok: true });
  });

  it.each([
    ['answers 500', 'HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n', 'status 500'],
    ['speaks no HTTP', 'SSH-2.0-x\r\n\r\n', 'status 502'],
  ])('names the node whose target %s', async (_, text, reason) => {
    const node = await nodeBefore((await sayingTarget(text)).port);
    const { result } = await visit({ leadsTo: portOf(node) });
    expect(result).toEqual({ ok: false, step: 'target', reason, node: 'beta' });
  });

  it('names the node that turns clients away', async () => {
    const node = await nodeBefore(await freePort());
    node.judge([{ state: 'down', failures: 3 }]);
    const { result } = await visit({ leadsTo: portOf(node) });
    expect(result).toMatchObject({ ok: false, step: 'target', node: 'beta' });
  });

  it('breaks at the proxy where nobody listens, nobody answers, or somebody answers who knows no token', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined));
    onTestFinished(() => {
      silent.close();
    });
    const results = [
      await visit({ leadsTo: await freePort() }),
      await visit({ leadsTo: await listening(silent) }),
      await visit({ leadsTo: (await sayingTarget(okay('page'))).port }),
    ].map(({ result }) => (result.ok ? null : [result.step, result.reason]));
    expect(results).toEqual([
      ['proxy', expect.stringMatching(/ECONNRESET|EPIPE/)],
      ['proxy', 'no answer in time'],
      ['proxy', 'status 200, and no node of this cluster names itself'],
    ]);
  });

  it('breaks at the SOCKS port that refuses', async () => {
    const { result } = await visit(`127.0.0.1:${String(await freePort())}`);
    expect(result).toMatchObject({ ok: false, step: 'socks', reason: 'ECONNREFUSED' });
  });

  it.each([
    [0xf0, 'descriptor'],
    [0xf1, 'descriptor'],
    [0xf2, 'introduction'],
    [0xf3, 'rendezvous'],
    [0xf7, 'introduction'],
  ])("breaks where the extended reply %i says: at '%s'", async (reply, step) => {
    const { result } = await visit({ leadsTo: 1, reply: 4 }, { says: { leadsTo: 1, reply } });
    expect(result).toMatchObject({ ok: false, step });
  });

  it("breaks somewhere in Tor's own words where no port says more, or that port says nothing", async () => {
    const refused = { leadsTo: 1, reply: 4 };
    for (const says of [null, { leadsTo: 1, reply: 'close' as const }, { leadsTo: 1, reply: 1 }]) {
      const { result } = await visit(refused, { says });
      expect(result).toMatchObject({ ok: false, step: 'unknown', reason: 'HostUnreachable' });
    }
  });

  it('is not led astray by the port that says more: it is asked only when there was no stream', async () => {
    const node = await nodeBefore((await sayingTarget(okay('page'))).port);
    const { result, users } = await visit(
      { leadsTo: portOf(node) },
      { says: { leadsTo: portOf(node), reply: 0xf2 } },
    );
    expect(result).toMatchObject({ ok: true });
    expect(users).toHaveLength(1);
  });

  it('ends in time though nobody says anything', async () => {
    const silent: FakeSocksOptions = { leadsTo: 1, reply: 'silent' };
    const { result } = await visit(silent, { says: silent });
    expect(result).toMatchObject({ ok: false, step: 'unknown', reason: 'no answer in time' });
  });

  it('has circuits of its own, each and every time', async () => {
    const refused = { leadsTo: 1, reply: 4 };
    const users = [await visit(refused, { says: refused }), await visit(refused)].flatMap((one) => one.users);
    expect(new Set(users).size).toBe(3);
    expect(users.every((user) => /^canary-[0-9a-f]{16}$/.test(user ?? ''))).toBe(true);
  });
});

describe('a visit to a raw service', () => {
  it('is content with a stream that stays', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined));
    onTestFinished(() => {
      server.close();
    });
    const port = await listening(server);
    const proxy = await proxyTo({ target: { mode: 'raw', port } });
    expect((await visit({ leadsTo: portOf(proxy) }, { mode: 'raw' })).result).toMatchObject({ ok: true });
  });

  it('breaks at the target where the stream is closed at once', async () => {
    const proxy = await proxyTo({ target: { mode: 'raw', port: await freePort() } });
    const { result } = await visit({ leadsTo: portOf(proxy) }, { mode: 'raw' });
    expect(result).toMatchObject({ ok: false, step: 'target' });
  });
});
