import { afterEach, describe, expect, it } from 'vitest';
import type { CanaryResult } from '@rustbalance/actors/health/canary/canary-record.js';
import { HealthWorld, TOR_UP, configWith } from './world.js';

let world: HealthWorld;
afterEach(() => world.actor.stop(0, 'shutdown'));

const start = (extra = ''): HealthWorld =>
  (world = new HealthWorld(configWith(`[canary]\nenabled = true\n${extra}`)));
const fails = (): Promise<CanaryResult> =>
  Promise.resolve({ ok: false, step: 'introduction', reason: 'refused', node: null });
const MINUTE = 60_000;

describe('the canary', () => {
  it('visits once in each interval, the first time an interval after Tor is up', async () => {
    const atMs: number[] = [];
    start();
    world.visit = () => {
      atMs.push(world.clock.monotonicMs());
      return Promise.resolve({ ok: true, node: 'n2', tookMs: 5 });
    };
    await world.clock.advance(10_000);
    world.actor.handlers['tor.status']!(TOR_UP);
    await world.clock.advance(3 * MINUTE);
    expect(atMs.map((ms) => Math.round(ms / 1000))).toEqual([70, 130, 190]);
    expect(world.status.canary?.last).toEqual({ ok: true, node: 'n2', tookMs: 5 });
  });

  it('is not made where it is not wanted', async () => {
    world = new HealthWorld();
    world.visit = () => Promise.reject(new Error('a visit'));
    world.actor.handlers['tor.status']!(TOR_UP);
    await world.clock.advance(5 * MINUTE);
    expect(world.status.canary).toBeNull();
  });

  it('is a finding after three failures in a row, which says where it broke, and one success ends it', async () => {
    start();
    world.actor.handlers['tor.status']!(TOR_UP);
    world.visit = fails;
    await world.clock.advance(2 * MINUTE);
    expect(world.codes).toEqual([]);
    await world.clock.advance(MINUTE);
    expect(world.status.findings).toMatchObject([
      {
        error: {
          code: 'health.canary-failed',
          detail: { step: 'introduction', reason: 'refused', failures: 3 },
        },
      },
    ]);
    world.visit = () => Promise.resolve({ ok: true, node: 'n2', tookMs: 5 });
    await world.clock.advance(MINUTE);
    expect(world.codes).toEqual([]);
    expect(world.status.canary).toMatchObject({ failures: 0 });
  });

  it('makes one visit at a time, and none while Tor is down', async () => {
    let visits = 0;
    start();
    world.visit = () => {
      visits++;
      return new Promise(() => undefined);
    };
    world.actor.handlers['tor.status']!({ ...TOR_UP, state: 'bootstrapping' });
    await world.clock.advance(5 * MINUTE);
    expect(visits).toBe(0);
    world.actor.handlers['tor.status']!(TOR_UP);
    await world.clock.advance(5 * MINUTE);
    expect(visits).toBe(1);
  });

  it('has the publisher publish again where the descriptor or its points are at fault, and nobody else', async () => {
    const republishes = async (role: 'publisher' | 'standby'): Promise<number> => {
      start();
      world.actor.handlers['tor.status']!(TOR_UP);
      world.actor.handlers['election.role']!({ role, publisher: 'n1' as never, sinceMs: 0, absent: [] });
      world.visit = fails;
      await world.clock.advance(5 * MINUTE);
      return world.orders.filter(({ name }) => name === 'publisher.publish-now').length;
    };
    expect(await republishes('standby')).toBe(0);
    await world.actor.stop(0, 'shutdown');
    expect(await republishes('publisher')).toBeGreaterThan(0);
  });
});
