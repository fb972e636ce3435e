import { NO_HISTORY } from '@rustbalance/actors/health/repair/persisted.js';
import { afterEach, describe, expect, it } from 'vitest';
import { HOUR_MS, HealthWorld, PROXY_UP, START_MS, TOR_UP, configWith, network, peer } from './world.js';

const NTP_REQUIRED = configWith('[resilience]\nrequire_ntp_sync = true\n');
const NOBODY_KEEPS_TIME = { timeSync: { state: 'unsynchronised', source: 'chronyc' } } as const;

let world: HealthWorld;
const start = (config = configWith()): HealthWorld => (world = new HealthWorld(config));
afterEach(() => world.actor.stop(0, 'shutdown'));

const handlers = () => world.actor.handlers;
const ordered = (): readonly string[] =>
  world.orders.map(({ name, atMs }) => `${name}@${String(Math.round(atMs / 1000))}`);

describe('the health actor', () => {
  it('is not fit to publish for as long as its own clock is wrong, with the lease and without it', async () => {
    start();
    const beta = peer('beta').id;
    const of = (role: 'publisher' | 'standby') => ({ role, publisher: beta, sinceMs: 0, absent: [] });
    const off = (secs: number) => ({
      peers: [peer('beta', { clockOffsetSecs: secs }), peer('gamma', { clockOffsetSecs: secs })],
    });
    handlers()['election.role']!(of('publisher'));
    handlers()['election.peers']!(off(0));
    await world.clock.advance(10);
    expect(world.status.fit).toBe(true);
    handlers()['election.peers']!(off(-6));
    await world.clock.advance(10);
    expect(world.status).toMatchObject({ fit: false, clockSane: true });
    handlers()['election.role']!(of('standby'));
    await world.clock.advance(HOUR_MS);
    expect(world.status.fit).toBe(false);
    // A warning is for people: the clock is good enough to publish with.
    handlers()['election.peers']!(off(-3));
    await world.clock.advance(10);
    expect(world.codes).toEqual(['health.own-clock']);
    expect(world.status.fit).toBe(true);
  });

  it('is not fit to publish while the kernel may end it for want of memory', async () => {
    start();
    world.examined = { memory: { usedBytes: 96, limitBytes: 100 } };
    await world.clock.advance(16_000);
    expect(world.status.fit).toBe(false);
    world.examined = { memory: { usedBytes: 90, limitBytes: 100 } };
    await world.clock.advance(16_000);
    expect(world.status.fit).toBe(true);
  });

  it('is fit whatever ails it that another publisher would not help', async () => {
    start();
    handlers()['tor.status']!({ ...TOR_UP, state: 'down' });
    handlers()['proxy.status']!({ ...PROXY_UP, state: 'failed', listen: null });
    handlers()['election.peers']!({
      peers: [peer('beta', { lifecycle: 'dead' }), peer('gamma', { clockOffsetSecs: 9 })],
    });
    await world.clock.advance(HOUR_MS);
    expect(world.codes.length).toBeGreaterThan(3);
    expect(world.status.fit).toBe(true);
  });

  it('leaves the lease to others where it waits longer than a minute for a time service', async () => {
    start(NTP_REQUIRED);
    world.examined = NOBODY_KEEPS_TIME;
    handlers()['election.role']!({ role: 'publisher', publisher: null, sinceMs: 0, absent: [] });
    handlers()['election.peers']!({ peers: [peer('beta')] });
    await world.clock.advance(50_000);
    expect(world.status).toMatchObject({ clockSane: false, fit: true });
    await world.clock.advance(30_000);
    expect(world.status).toMatchObject({ clockSane: false, fit: false });
    expect(ordered()[0]).toMatch(/^election\.step-down@/);
    world.examined = { timeSync: { state: 'synchronised', source: 'chronyc' } };
    await world.clock.advance(30_000);
    expect(world.status).toMatchObject({ clockSane: true, fit: true, timeVouched: true });
  });

  it('asks for a time service at the start of the daemon only, and not again at its own', async () => {
    world = new HealthWorld(NTP_REQUIRED, NO_HISTORY, { timeVouched: true });
    world.examined = NOBODY_KEEPS_TIME;
    await world.clock.advance(HOUR_MS);
    expect(world.codes).toEqual(['health.clock-unsynchronised']);
    expect(world.published.every(({ clockSane, fit }) => clockSane && fit)).toBe(true);
  });

  it('asks for it still where its predecessor ended before anybody vouched', async () => {
    world = new HealthWorld(NTP_REQUIRED, NO_HISTORY, { timeVouched: false });
    world.examined = NOBODY_KEEPS_TIME;
    await world.clock.advance(HOUR_MS);
    expect(world.status).toMatchObject({ clockSane: false, timeVouched: false });
  });

  it('lifts nothing that its predecessor forbade before it has heard the facts itself', async () => {
    world = new HealthWorld(configWith(), NO_HISTORY, { timeVouched: false });
    await world.clock.advance(300);
    handlers()['tor.network']!({ view: network(START_MS + HOUR_MS) });
    await world.clock.advance(300);
    handlers()['election.role']!({ role: 'publisher', publisher: null, sinceMs: 0, absent: [] });
    handlers()['election.peers']!({ peers: [peer('beta')] });
    await world.clock.advance(1000);
    expect(world.published.length).toBeGreaterThan(0);
    expect(world.published.some(({ clockSane, fit }) => clockSane || fit)).toBe(false);
    expect(ordered()).toEqual(['election.step-down@1']);
  });
});
