import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HISTORY_VERSION, NO_HISTORY, persistedHealth } from '@rustbalance/actors/health/repair/persisted.js';
import type { PersistedHealth } from '@rustbalance/actors/health/repair/persisted.js';
import {
  MOST_DEEDS,
  MOST_ENTRIES,
  withAppeared,
  withCleared,
  withDeed,
} from '@rustbalance/actors/health/repair/history.js';
import type { History } from '@rustbalance/actors/health/repair/history.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorCode } from '@rustbalance/actors/kernel/errors.js';
import type { CommandOrder } from '@rustbalance/actors/kernel/host-messages.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { openStateFile } from '@rustbalance/actors/kernel/state-file.js';
import type { TransportStatus } from '@rustbalance/actors/wg/messages.js';
import { afterEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { HOUR_MS, HealthWorld, PROXY_UP, PUBLISHED, START_MS, TOR_UP, configWith, peer } from './world.js';

let world: HealthWorld;
const start = (persisted?: PersistedHealth, config = configWith()): HealthWorld =>
  (world = new HealthWorld(config, persisted));
const configWithKey = (identity_key_path: string): Config => {
  const config = configWith();
  return { ...config, master: { ...config.master, identity_key_path } };
};
afterEach(() => world.actor.stop(0, 'shutdown'));

const handlers = () => world.actor.handlers;
const ordered = (): readonly string[] =>
  world.orders.map(({ name, atMs }) => `${name}@${String(Math.round(atMs / 1000))}`);

describe('the health actor', () => {
  it('has Tor restarted when it is not up long after it should be, and not before', async () => {
    start();
    handlers()['tor.status']!({ ...TOR_UP, state: 'down' });
    await world.clock.advance(149_000);
    expect(ordered()).toEqual([]);
    await world.clock.advance(2000);
    expect(ordered()).toEqual(['tor.restart@150']);
    handlers()['tor.status']!(TOR_UP);
    await world.clock.advance(600_000);
    expect(ordered()).toEqual(['tor.restart@150']);
  });

  it('leaves a Tor alone that reaches no network, and restarts one that does and is stuck', async () => {
    start();
    handlers()['tor.status']!({ ...TOR_UP, state: 'bootstrapping', trouble: 'no-network' });
    await world.clock.advance(600_000);
    expect(ordered()).toEqual([]);
    expect(world.codes).toContain('health.tor-down');
    handlers()['tor.status']!({ ...TOR_UP, trouble: 'circuits-stuck' });
    await world.clock.advance(121_000);
    expect(ordered()).toEqual(['tor.restart@720']);
  });

  it.each([
    ['that gets on with its bootstrap', { state: 'bootstrapping' }],
    ['whose torrc lacks the lines of its service', { state: 'configuring', lastError: 'lines are missing' }],
    ['that refuses the credentials', { state: 'down', trouble: 'refused' }],
  ] as const)('leaves a Tor alone %s', async (_name, changes) => {
    start();
    handlers()['tor.status']!({ ...TOR_UP, ...changes });
    await world.clock.advance(HOUR_MS);
    expect(ordered()).toEqual([]);
    expect(world.codes).toContain('health.tor-down');
  });

  it('restarts a Tor whose bootstrap is found to stand still', async () => {
    start();
    handlers()['tor.status']!({ ...TOR_UP, state: 'bootstrapping' });
    await world.clock.advance(600_000);
    handlers()['tor.status']!({ ...TOR_UP, state: 'bootstrapping', trouble: 'bootstrap-stuck' });
    await world.clock.advance(31_000);
    expect(ordered()).toEqual(['tor.restart@630']);
  });

  it('has the election listen anew where it could publish itself, and never ends the process for it', async () => {
    start(NO_HISTORY, configWithKey('/master.key'));
    handlers()['election.role']!({ role: 'standby', publisher: null, sinceMs: 0, absent: [] });
    await world.clock.advance(HOUR_MS);
    expect(new Set(world.orders.map(({ name }) => name))).toEqual(new Set(['election.reset']));
    expect(world.logged.some(({ error }) => error?.code === 'health.repair-exhausted')).toBe(true);
  });

  it('goes on serving without the master key while its holder is away', async () => {
    start(NO_HISTORY, configWithKey(''));
    handlers()['election.role']!({ role: 'standby', publisher: null, sinceMs: 0, absent: [] });
    await world.clock.advance(HOUR_MS);
    expect(ordered()).toEqual([]);
    expect(world.codes).toContain('health.no-publisher');
  });

  it('has the proxy restarted by the supervisor, and ends the process when that helps never', async () => {
    start();
    handlers()['proxy.status']!({ ...PROXY_UP, state: 'failed', listen: null });
    await world.clock.advance(240_000);
    expect(ordered()).toEqual([
      'supervisor.restart-actor@15',
      'supervisor.restart-actor@25',
      'supervisor.restart-actor@45',
      'election.step-down@85',
      'supervisor.give-up@205',
    ]);
    expect(world.orders[0]!.payload).toMatchObject({ actor: 'proxy' });
    expect(world.saved).toMatchObject({ lastExitAtMs: START_MS + 205_000 });
  });

  it('does not end the process again for what an exit did not mend', async () => {
    start({ ...NO_HISTORY, lastExitAtMs: START_MS - 600_000 });
    handlers()['proxy.status']!({ ...PROXY_UP, state: 'failed', listen: null });
    await world.clock.advance(240_000);
    expect(ordered().some((name) => name.startsWith('supervisor.give-up'))).toBe(false);
    expect(world.logged.filter(({ error }) => error?.code === 'health.repair-exhausted').length).toBe(1);
  });

  it('publishes again what is half published, and leaves waiting and withholding alone', async () => {
    start();
    handlers()['publisher.status']!({ ...PUBLISHED, state: 'withheld', reason: 'another publishes' });
    await world.clock.advance(300_000);
    handlers()['publisher.status']!({ ...PUBLISHED, state: 'waiting', reason: 'no consensus' });
    await world.clock.advance(300_000);
    expect(ordered()).toEqual([]);
    handlers()['publisher.status']!(PUBLISHED);
    await world.clock.advance(10);
    handlers()['publisher.status']!({ ...PUBLISHED, state: 'degraded', reason: 'an HSDir refuses' });
    await world.clock.advance(91_000);
    expect(ordered()).toEqual(['publisher.publish-now@690']);
  });

  it('begins again with a peer that is not heard, on all ways', async () => {
    start();
    handlers()['election.peers']!({ peers: [peer('beta', { lifecycle: 'unhealthy' })] });
    await world.clock.advance(21_000);
    expect(world.orders.map(({ name, payload }) => [name, payload])).toEqual([
      ['election.reconnect-peer', { id: 'beta' }],
      ['wg.reconnect-peer', { id: 'beta' }],
    ]);
  });

  const TUNNEL_DOWN: TransportStatus = {
    transport: 'wireguard',
    state: 'down',
    local: null,
    sent: 0,
    received: 0,
    dropped: 0,
    lastError: 'x',
  };
  const ALERTING = configWith('[alerts]\ncommand = ["alert"]\n');
  const alerted = (code: ErrorCode): readonly string[] =>
    world.orders
      .filter(({ name }) => name === 'host.run')
      .map(({ payload }) => JSON.parse(String((payload as CommandOrder).input)) as Record<string, string>)
      .flatMap((alert) => (alert['code'] === code ? [alert['event']!] : []));

  it('alerts once that a repair does not help, and says that it is over when it is', async () => {
    start(NO_HISTORY, ALERTING);
    handlers()['wg.status']!({ transports: [TUNNEL_DOWN] });
    await world.clock.advance(3 * HOUR_MS);
    expect(alerted('health.repair-exhausted')).toEqual(['problem']);
    handlers()['wg.status']!({ transports: [{ ...TUNNEL_DOWN, state: 'up', lastError: null }] });
    await world.clock.advance(HOUR_MS);
    expect(alerted('health.repair-exhausted')).toEqual(['problem', 'resolved']);
  });

  it('alerts once of a peer that is off for a day, by its finding alone', async () => {
    start(NO_HISTORY, ALERTING);
    handlers()['election.peers']!({ peers: [peer('beta', { lifecycle: 'dead' })] });
    await world.clock.advance(24 * HOUR_MS);
    expect(world.orders.filter(({ name }) => name === 'wg.reconnect-peer').length).toBeGreaterThan(24);
    expect(alerted('health.peer-dead')).toEqual(['problem']);
    expect(alerted('health.repair-exhausted')).toEqual([]);
  });

  it('has the tunnel rebuilt, and a key file written again', async () => {
    start();
    handlers()['wg.status']!({
      transports: [TUNNEL_DOWN],
    });
    handlers()['publisher.key-file']!({ state: 'missing', reason: 'ENOENT', backupFault: null });
    await world.clock.advance(51_000);
    expect(ordered()).toEqual([
      'publisher.restore-key@0',
      'publisher.restore-key@10',
      'publisher.restore-key@30',
      'wg.rebuild@50',
    ]);
  });

  it('writes no key over another valid one', async () => {
    start();
    handlers()['publisher.key-file']!({ state: 'foreign', reason: null, backupFault: null });
    await world.clock.advance(60_000);
    expect(ordered()).toEqual([]);
    expect(world.codes).toEqual(['health.master-key-file']);
  });

  it('gives the lease back while most peers say that its own clock is wrong', async () => {
    start();
    handlers()['election.role']!({ role: 'publisher', publisher: null, sinceMs: 0, absent: [] });
    const peers = [peer('beta', { clockOffsetSecs: -6 }), peer('gamma', { clockOffsetSecs: -6.2 })];
    handlers()['election.peers']!({ peers });
    await world.clock.advance(1000);
    expect(ordered()).toEqual(['election.step-down@0']);
    handlers()['election.role']!({ role: 'standby', publisher: null, sinceMs: 0, absent: [] });
    await world.clock.advance(60_000);
    expect(ordered()).toEqual(['election.step-down@0']);
  });

  it('goes on with its repairs where the process could not be ended', async () => {
    start();
    world.unanswered.add('supervisor.give-up');
    handlers()['proxy.status']!({ ...PROXY_UP, state: 'failed', listen: null });
    await world.clock.advance(240_000);
    expect(ordered().at(-1)).toBe('supervisor.give-up@205');
    await world.clock.advance(2 * HOUR_MS);
    const later = world.orders.filter(({ atMs }) => atMs > 240_000);
    expect(later.some(({ name }) => name === 'supervisor.restart-actor')).toBe(true);
    // An hour later it may be tried again.
    const ends = later.filter(({ name }) => name === 'supervisor.give-up');
    expect(ends.length).toBeGreaterThan(0);
    expect(ends[0]!.atMs).toBeGreaterThan(205_000 + HOUR_MS);
  });

  it('counts budgets across its own restarts', async () => {
    const spent = { 'restart-actor proxy': [START_MS - 30_000, START_MS - 20_000, START_MS - 11_000] };
    start({ ...NO_HISTORY, spent });
    handlers()['proxy.status']!({ ...PROXY_UP, state: 'failed', listen: null });
    await world.clock.advance(60_000);
    expect(ordered()).toEqual(['election.step-down@15']);
  });

  it('tells what broke, what was done and how long it took', async () => {
    start();
    handlers()['tor.status']!({ ...TOR_UP, state: 'down' });
    await world.clock.advance(151_000);
    handlers()['tor.status']!(TOR_UP);
    await world.clock.advance(1000);
    const { entries } = await handlers()['health.history']({ sinceMs: null });
    expect(entries).toMatchObject([
      {
        error: { code: 'health.tor-down' },
        startedAtMs: START_MS,
        times: 1,
        done: [{ what: 'restart-tor' }],
      },
    ]);
    expect(entries[0]!.endedAtMs! - START_MS).toBeGreaterThanOrEqual(151_000);
    expect(world.saved?.history).toHaveLength(1);
    expect((await handlers()['health.history']({ sinceMs: START_MS + 300_000 })).entries).toEqual([]);
    expect(world.actor.inspect().context).toMatchObject({
      repairs: [{ action: 'restart-tor', tries: 1, escalated: [] }],
      budgets: { 'restart-tor': '1 of 3 spent' },
    });
  });

  it('ends after a restart what was open before and is found no more', async () => {
    const error = errorData('health.tor-down', 'tor', { state: 'down', reason: 'x' });
    const open = { error, startedAtMs: START_MS - 9000, endedAtMs: null, times: 1, done: [], forgotten: 0 };
    start({ ...NO_HISTORY, history: [open] });
    await world.clock.advance(181_000);
    const { entries } = await handlers()['health.history']({ sinceMs: null });
    expect(entries[0]!.endedAtMs).not.toBeNull();
  });
});

describe('the history', () => {
  const error = errorData('health.tor-down', 'tor', { state: 'down', reason: 'x' });
  const finding = { error, sinceMs: 1000, critical: false };

  it('is bounded, whatever happens how often', () => {
    let history: History = [];
    for (let number = 0; number < 500; number++) {
      const one = { ...finding, error: { ...error, where: String(number) } };
      history = withAppeared(history, one, number);
      for (let deed = 0; deed < 50; deed++) history = withDeed(history, [one.error], 'restart-tor', deed);
    }
    expect(history.length).toBe(MOST_ENTRIES);
    expect(history[0]!.error.where).toBe('300');
    expect(history[0]!.done.length).toBe(MOST_DEEDS);
    expect(history[0]!.forgotten).toBe(30);
    expect(JSON.stringify(history).length).toBeLessThan(1024 * 1024);
  });

  it('folds a trouble that returns soon into one entry', () => {
    let history = withAppeared([], finding, 1000);
    history = withCleared(history, finding, 2000);
    history = withAppeared(history, finding, 300_000);
    expect(history).toMatchObject([{ times: 2, startedAtMs: 1000, endedAtMs: null }]);
    history = withCleared(history, finding, 400_000);
    history = withAppeared(history, { ...finding, sinceMs: 2_000_000 }, 2_000_000);
    expect(history.map(({ times }) => times)).toEqual([2, 1]);
  });

  it('survives on disk; what is damaged or of another version costs a warning', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rb-history-'));
    try {
      const path = join(folder, 'history.json');
      const warnings: string[] = [];
      const log = makeLogger(
        'health',
        () => 0,
        ({ error: data }) => warnings.push(data?.code ?? ''),
      );
      const clock = new SimulatedClock(START_MS);
      const open = () =>
        openStateFile({ path, version: HISTORY_VERSION, schema: persistedHealth, log, clock });
      const state: PersistedHealth = {
        history: withDeed(withAppeared([], finding, 1000), [error], 'restart-tor', 1500),
        spent: { 'restart-tor': [1500] },
        lastExitAtMs: null,
      };
      const file = open();
      file.save(state);
      await file.flush();
      expect(await open().read()).toEqual(state);
      const text = await readFile(path, 'utf8');
      // A code of another version costs its entry and no more.
      await writeFile(path, text.replace('health.tor-down', 'health.of-tomorrow'));
      expect(await open().read()).toEqual({ ...state, history: [] });
      expect(warnings).toEqual([]);
      for (const bad of [
        '',
        '{',
        text.replace('[1500]', '"x"'),
        text.replace('"version":1', '"version":9'),
      ]) {
        await writeFile(path, bad);
        expect(await open().read()).toBeNull();
      }
      expect(warnings).toEqual(Array.from({ length: 4 }, () => 'state.damaged'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
