import { afterEach, describe, expect, it } from 'vitest';
import { probeDueAtMs } from '@rustbalance/actors/health/probe-schedule.js';
import { NEVER_PROBED, recordProbe } from '@rustbalance/actors/health/target-record.js';
import {
  HOUR_MS,
  HealthWorld,
  PROXY_UP,
  PUBLISHED,
  START_MS,
  TOR_UP,
  configWith,
  network,
  peer,
} from './world.js';

let world: HealthWorld;
const start = (extra?: string): HealthWorld => (world = new HealthWorld(configWith(extra)));
afterEach(() => world.actor.stop(0, 'shutdown'));

const fails = (reason: string) => () => Promise.resolve({ ok: false as const, reason });

describe('the target', () => {
  it('is probed at once, and claimed healthy only after a probe said so', async () => {
    start();
    let settle: (result: { ok: true }) => void = () => undefined;
    world.answer = () => new Promise((resolve) => (settle = resolve));
    await world.clock.advance(0);
    expect(world.status.target).toEqual({ healthy: false, checkedAtMs: null, failures: 0 });
    expect(world.codes).toEqual([]);
    await world.clock.advance(700);
    settle({ ok: true });
    await world.clock.advance(0);
    expect(world.status.target).toEqual({ healthy: true, checkedAtMs: START_MS + 700, failures: 0 });
  });

  it('is probed once in each interval while it is well', async () => {
    start();
    await world.clock.advance(180_000);
    expect(world.probes.map(({ atMs }) => Math.round(atMs / 1000))).toEqual([0, 60, 120, 180]);
  });

  it('becomes unhealthy after the threshold of failures in a row, looked at every 5 s meanwhile', async () => {
    start();
    await world.clock.advance(59_000);
    world.answer = fails('ECONNREFUSED');
    await world.clock.advance(1000);
    expect(world.status.target).toMatchObject({ healthy: true, failures: 1 });
    await world.clock.advance(5000);
    expect(world.status.target).toMatchObject({ healthy: true, failures: 2 });
    expect(world.codes).toEqual([]);
    await world.clock.advance(5000);
    expect(world.status.target).toMatchObject({ healthy: false, failures: 3 });
    expect(world.status.findings).toMatchObject([
      {
        sinceMs: START_MS + 70_000,
        error: { code: 'health.target-down', detail: { reason: 'ECONNREFUSED' } },
      },
    ]);
  });

  it('is healthy again after one success, and the finding goes', async () => {
    start();
    world.answer = fails('ECONNREFUSED');
    await world.clock.advance(20_000);
    expect(world.codes).toEqual(['health.target-down']);
    world.answer = () => Promise.resolve({ ok: true });
    await world.clock.advance(5000);
    expect(world.status).toMatchObject({ target: { healthy: true, failures: 0 }, findings: [] });
    expect(world.logged.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'warn a finding',
      'info a finding has gone',
    ]);
  });

  it('is looked at early when the proxy saw it fail, but not with every request that fails', async () => {
    start();
    await world.clock.advance(20_000);
    for (let request = 0; request < 50; request++) {
      world.actor.handlers['proxy.target-error']!({ reason: 'ECONNRESET', count: 9, targets: [0] });
      await world.clock.advance(100);
    }
    expect(world.probes.map(({ atMs }) => Math.round(atMs / 1000))).toEqual([0, 20, 25]);
  });

  it('has never two probes under way, however long one hangs', async () => {
    start();
    world.answer = () => new Promise(() => undefined);
    await world.clock.advance(600_000);
    expect(world.probes.length).toBe(1);
  });

  it('gets no verdict while what lies between is not up, and is tried as soon as it is', async () => {
    start();
    world.answer = () => Promise.resolve(null);
    await world.clock.advance(1000);
    expect(world.status.target).toEqual({ healthy: false, checkedAtMs: null, failures: 0 });
    world.answer = () => Promise.resolve({ ok: true });
    world.actor.handlers['proxy.status']!(PROXY_UP);
    await world.clock.advance(10);
    expect(world.status.target.healthy).toBe(true);
    expect(world.probes.at(-1)?.way).toEqual({ proxy: 'unix:/run/p', socks: null });
  });

  it('keeps its interval when that is shorter than the closer look', () => {
    const schedule = { inFlight: false, startedAtMs: 100, suspected: true };
    expect(probeDueAtMs(schedule, 0, 2000, 150)).toBe(2100);
    expect(probeDueAtMs({ ...schedule, suspected: false }, 1, 60_000, 150)).toBe(5100);
    expect(probeDueAtMs({ ...schedule, inFlight: true }, 1, 60_000, 150)).toBeNull();
  });

  it('that never worked stays unhealthy below the threshold too', () => {
    const record = recordProbe(NEVER_PROBED, { ok: false, reason: 'x' }, 3, 5);
    expect(record).toEqual({ healthy: false, checkedAtMs: 5, failures: 1, lastReason: 'x' });
  });
});

describe('the clock', () => {
  it('is sane without a consensus, and within one', async () => {
    start();
    await world.clock.advance(0);
    expect(world.status.clockSane).toBe(true);
    world.actor.handlers['tor.network']!({ view: network(START_MS - HOUR_MS) });
    await world.clock.advance(10);
    expect(world.status.clockSane).toBe(true);
  });

  it('that steps back behind the consensus is not sane, within 5 s and until it is set right', async () => {
    start();
    world.actor.handlers['tor.network']!({ view: network(START_MS - HOUR_MS) });
    await world.clock.advance(1000);
    world.clock.stepWall(-2 * HOUR_MS);
    await world.clock.advance(5000);
    expect(world.status.clockSane).toBe(false);
    expect(world.codes).toEqual(['health.clock-behind']);
    world.clock.stepWall(2 * HOUR_MS);
    await world.clock.advance(5000);
    expect(world.status).toMatchObject({ clockSane: true, findings: [] });
  });

  it('that is far ahead of the last consensus is not sane', async () => {
    start();
    world.actor.handlers['tor.network']!({ view: network(START_MS - 28 * HOUR_MS) });
    await world.clock.advance(10);
    expect(world.status.clockSane).toBe(false);
    expect(world.codes).toEqual(['health.clock-ahead']);
  });
});

describe('a finding', () => {
  it('about Tor comes only after it has been down for two minutes, dated from the beginning', async () => {
    start();
    world.actor.handlers['tor.status']!({ ...TOR_UP, state: 'bootstrapping' });
    await world.clock.advance(119_000);
    expect(world.codes).toEqual([]);
    await world.clock.advance(1100);
    expect(world.codes).toEqual(['health.tor-down']);
    expect(world.status.findings[0]!.sinceMs - START_MS).toBeLessThan(50);
    world.actor.handlers['tor.status']!(TOR_UP);
    await world.clock.advance(10);
    expect(world.codes).toEqual([]);
  });

  it('says that one of two Tors is not there to take over, once that has lasted for half a minute', async () => {
    start();
    const other = { ...TOR_UP, state: 'down', lastError: 'tor ended' } as const;
    world.actor.handlers['tor.status']!({ ...TOR_UP, redundancy: { inUse: 'standby', other } });
    await world.clock.advance(29_000);
    expect(world.codes).toEqual([]);
    await world.clock.advance(1100);
    expect(world.codes).toEqual(['health.tor-not-redundant']);
    expect(world.status.findings[0]!.error.what).toMatch(/the first one.*down.*tor ended/);
    const back = { inUse: 'standby', other: { ...other, state: 'up' } } as const;
    world.actor.handlers['tor.status']!({ ...TOR_UP, redundancy: back });
    await world.clock.advance(10);
    expect(world.codes).toEqual([]);
  });

  it('about Tor starts anew when Tor was up in between', async () => {
    start();
    for (const state of ['down', 'up', 'down'] as const) {
      world.actor.handlers['tor.status']!({ ...TOR_UP, state });
      await world.clock.advance(100_000);
    }
    expect(world.codes).toEqual([]);
  });

  it('comes for a proxy that does not listen, a missing publisher and one that is hindered', async () => {
    start(
      '[coordination]\nheartbeat_timeout_secs = 20\nlease_duration_secs = 20\nbackoff_jitter_secs = 1\n[publish]\ntakeover_grace_secs = 1\n',
    );
    world.actor.handlers['proxy.status']!({ ...PROXY_UP, state: 'failed', listen: null });
    world.actor.handlers['publisher.status']!({
      ...PUBLISHED,
      state: 'degraded',
      reason: 'an HSDir refuses',
    });
    world.actor.handlers['election.role']!({ role: 'standby', publisher: null, sinceMs: 0, absent: [] });
    await world.clock.advance(10_100);
    expect(world.codes).toEqual(['health.proxy-down']);
    await world.clock.advance(32_000);
    expect(world.codes).toEqual(['health.proxy-down', 'health.no-publisher']);
    await world.clock.advance(20_000);
    expect(world.codes).toEqual(['health.proxy-down', 'health.no-publisher', 'health.publisher-degraded']);
  });

  it('names each peer that is ill, and each whose clock is off, and each only once', async () => {
    start();
    const peers = [
      peer('beta', { lifecycle: 'dead' }),
      peer('gamma', { clockOffsetSecs: -7 }),
      peer('delta', { clockOffsetSecs: 1.9 }),
    ];
    world.actor.handlers['election.peers']!({ peers });
    await world.clock.advance(30_000);
    world.actor.handlers['election.peers']!({ peers: peers.map((one) => ({ ...one, lastSeenSecs: 31 })) });
    await world.clock.advance(30_000);
    expect(world.status.findings.map(({ error }) => [error.code, error.where, error.what])).toEqual([
      [
        'health.peer-clock-wrong',
        'peer gamma',
        'the clock of the peer gamma is 7 s behind ours: one of both machines must be mended',
      ],
      ['health.peer-dead', 'peer beta', 'the peer beta is dead'],
    ]);
    expect(world.logged.filter(({ message }) => message === 'a finding').length).toBe(2);
  });

  it('moves the machine, which a dead machine would not', async () => {
    start();
    await world.clock.advance(10);
    expect(world.actor.inspect()).toMatchObject({ state: 'well', context: { findings: 0 } });
    world.actor.handlers['election.peers']!({ peers: [peer('beta', { lifecycle: 'dead' })] });
    await world.clock.advance(10);
    expect(world.actor.inspect()).toMatchObject({ state: 'ill', context: { findings: 1, entered: 2 } });
    expect(world.actor.alive()).toBe(true);
    await world.actor.stop(0, 'shutdown');
    expect(world.actor.alive()).toBe(false);
    const before = world.published.length;
    await world.clock.advance(60_000);
    expect(world.published.length).toBe(before);
  });
});
