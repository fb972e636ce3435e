import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ActorContext, RunningActor } from '@rustbalance/actors/kernel/actor.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { type LogRecord, makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { proxyActor } from '@rustbalance/actors/proxy/actor.js';
import type { ProxyStatus } from '@rustbalance/actors/proxy/messages.js';
import type { TorStatus } from '@rustbalance/actors/tor/messages.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { eventually } from '../../support/eventually.js';
import { fakeSocks } from './support/fake-socks.js';
import { freePort } from './support/free-port.js';
import { MASTER, requestText } from './support/proxy-under-test.js';
import { rawClient, sayAndListen } from './support/raw-client.js';
import { okay, sayingTarget, scriptedTarget } from './support/scripted-target.js';

const ONION = `${encodeOnionAddress(generateIdentity(new Uint8Array(32).fill(7)).publicKey)}.onion`;

interface Stage {
  readonly context: ActorContext<'proxy'>;
  readonly statuses: ProxyStatus[];
  readonly signals: { reason: string; count: number }[];
  readonly logs: LogRecord[];
}

const stage = async (
  url: string,
  proxy: Record<string, unknown> = {},
  tor: Record<string, unknown> = {},
): Promise<Stage> => {
  const directory = await mkdtemp(join(tmpdir(), 'rb-actor-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const statuses: ProxyStatus[] = [];
  const signals: { reason: string; count: number }[] = [];
  const logs: LogRecord[] = [];
  const unused = (): never => {
    throw new Error('the proxy asks nobody');
  };
  const context: ActorContext<'proxy'> = {
    name: 'proxy',
    generation: 1,
    config: configSchema.parse({
      node: { id: 'a', run_dir: directory, state_dir: directory },
      master: { onion_address: MASTER },
      target: { url },
      proxy,
      tor,
    }),
    secrets: {
      masterKey: null,
      nodeKey: null,
      clusterToken: null,
      wireguardKey: null,
      controlPassword: null,
    },
    clock: systemClock,
    random: systemRandom,
    log: makeLogger(
      'proxy',
      () => 0,
      (record) => logs.push(record),
    ),
    publish: (_, payload) => statuses.push(payload),
    signal: (_, payload) => signals.push(payload),
    order: unused,
    request: unused,
    crypto: unused,
  };
  return { context, statuses, signals, logs };
};

const started = async (on: Stage): Promise<RunningActor<'proxy'>> => {
  const actor = await proxyActor.start(on.context);
  onTestFinished(() => actor.stop(0, 'shutdown'));
  return actor;
};
const torAt = (socks: string): TorStatus => ({
  state: 'up',
  version: null,
  bootstrap: 100,
  instanceAddress: null,
  socks,
  deaths: 0,
  lastError: null,
  trouble: null,
  redundancy: null,
});

describe('the proxy actor', () => {
  it('listens where Tor is told to connect, and publishes what it counts', async () => {
    const target = await sayingTarget(okay('served'));
    const on = await stage(`http://127.0.0.1:${String(target.port)}`);
    const actor = await started(on);
    const path = join(on.context.config.node.run_dir, 'proxy.sock');
    expect(actor.inspect().state).toBe('listening');
    expect(await sayAndListen(`unix:${path}`, requestText('GET /', 'Connection: close'))).toContain('served');
    const status = await eventually(
      'a status that counts it',
      () => on.statuses.find(({ requestsTotal }) => requestsTotal === 1),
      { timeoutMs: 3000 },
    );
    expect(status).toMatchObject({
      state: 'listening',
      listen: `unix:${path}`,
      mode: 'http',
      connectionsTotal: 1,
    });
    expect(actor.alive()).toBe(true);
    await actor.stop(1000, 'shutdown');
    expect(actor.alive()).toBe(false);
    expect(on.statuses.at(-1)).toMatchObject({ state: 'draining', listen: null });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('whose place another takes is gone in a second whatever is under way, and says nothing of it', async () => {
    const target = await scriptedTarget(() => undefined);
    const on = await stage(`http://127.0.0.1:${String(target.port)}`, { drain_secs: 60 });
    const actor = await started(on);
    const path = join(on.context.config.node.run_dir, 'proxy.sock');
    const client = rawClient(`unix:${path}`).send(requestText('GET /'));
    await eventually('it is under way', () => target.requests.length === 1, { timeoutMs: 3000 });
    const beganMs = performance.now();
    await actor.stop(75_000, 'replace');
    expect(performance.now() - beganMs).toBeLessThan(3_000);
    expect(await client.closed()).toBe('');
    expect(on.statuses.at(-1)).toMatchObject({ state: 'listening', listen: `unix:${path}` });
  });

  it('follows Tor to wherever its SOCKS port is', async () => {
    const target = await sayingTarget(okay('by onion'));
    const socks = await fakeSocks({ leadsTo: target.port });
    const on = await stage(`http://${ONION}`);
    const actor = await started(on);
    actor.handlers['tor.status']?.(torAt(socks.address));
    const listen = `unix:${join(on.context.config.node.run_dir, 'proxy.sock')}`;
    expect(await sayAndListen(listen, requestText('GET /', 'Connection: close'))).toContain('by onion');
    expect(socks.requests[0]).toMatchObject({ host: ONION });
  });

  it("reaches an onion target through the unix SOCKS socket of a system Tor, before that Tor's actor has spoken", async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rb-socks-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const path = join(directory, 'socks');
    const target = await sayingTarget(okay('by unix SOCKS'));
    const socks = await fakeSocks({ leadsTo: target.port, path });
    // Nobody listens at the host and port that the socket wins over.
    const tor = { mode: 'system', socks_socket: path, socks_port: await freePort() };
    const on = await stage(`http://${ONION}`, {}, tor);
    await started(on);
    const listen = `unix:${join(on.context.config.node.run_dir, 'proxy.sock')}`;
    expect(await sayAndListen(listen, requestText('GET /', 'Connection: close'))).toContain('by unix SOCKS');
    expect(socks.requests[0]).toMatchObject({ host: ONION });
  });

  it('signals failures of the target at most once a second with their number, and logs the turn once, without traffic', async () => {
    const on = await stage(`http://127.0.0.1:${String(await freePort())}`, {
      listen: `127.0.0.1:${String(await freePort())}`,
    });
    await started(on);
    const client = rawClient(on.context.config.proxy.listen);
    for (let n = 1; n <= 3; n++)
      await client.send(requestText('GET /private-path')).hears(new RegExp(`(502 Bad.*){${String(n)}}`, 's'));
    await eventually('all are signalled', () => on.signals.reduce((sum, { count }) => sum + count, 0) === 3, {
      timeoutMs: 4000,
    });
    expect(on.signals.length).toBeLessThanOrEqual(2);
    expect(on.signals[0]?.reason).toContain('ECONNREFUSED');
    const warnings = on.logs.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ error }) => error?.code)).toEqual(['proxy.target-unreachable']);
    expect(JSON.stringify(on.logs)).not.toContain('private-path');
    expect(JSON.stringify(on.logs)).not.toContain(MASTER);
  });

  it('does not start with a target that makes no sense', async () => {
    const on = await stage('ftp://127.0.0.1');
    const error: unknown = await proxyActor.start(on.context).catch((thrown: unknown) => thrown);
    expect(error instanceof RbError && error.code).toBe('target.bad-scheme');
  });

  it('does not start where it cannot listen, and says so in its status', async () => {
    const on = await stage('http://127.0.0.1:1', { listen: 'unix:/nonexistent/p.sock' });
    const error: unknown = await proxyActor.start(on.context).catch((thrown: unknown) => thrown);
    expect(error instanceof RbError && error.code).toBe('proxy.listen-failed');
    expect(on.statuses.at(-1)).toMatchObject({ state: 'failed' });
  });
});
