import type { DrainPhase } from '@rustbalance/actors/election/messages.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HealthWorld, PROXY_UP, TOR_UP, configWith, peer } from './world.js';

const MINUTE = 60_000;
let world: HealthWorld;
let visits: number;

const drainIs = (phase: DrainPhase): void => {
  const view = { phase, version: 1, leavesOwnOut: phase !== 'no', untilMs: 0, failed: false };
  world.actor.handlers['election.drain-state']!(view);
};

beforeEach(() => {
  visits = 0;
  world = new HealthWorld(configWith('[canary]\nenabled = true\n'));
  world.visit = () => {
    visits++;
    return Promise.resolve({ ok: false, step: 'introduction', reason: 'refused', node: null });
  };
  world.actor.handlers['tor.status']!(TOR_UP);
  world.actor.handlers['proxy.status']!(PROXY_UP);
});
afterEach(() => world.actor.stop(0, 'shutdown'));

describe('a node that is out of service by order', () => {
  it('makes no visits, holds what failed before against nobody, and begins anew when it is back', async () => {
    await world.clock.advance(4 * MINUTE);
    expect(world.codes).toContain('health.canary-failed');
    drainIs('leaving');
    await world.clock.advance(1);
    expect(world.codes).not.toContain('health.canary-failed');
    const before = visits;
    drainIs('drained');
    await world.clock.advance(10 * MINUTE);
    expect(visits).toBe(before);
    drainIs('no');
    await world.clock.advance(2.5 * MINUTE);
    expect(visits).toBe(before + 2);
    expect(world.codes).not.toContain('health.canary-failed');
    await world.clock.advance(MINUTE);
    expect(world.codes).toContain('health.canary-failed');
  });

  it('may have its target stopped once it is drained, and not before', async () => {
    world.answer = () => Promise.resolve({ ok: false, reason: 'refused' });
    await world.clock.advance(3 * MINUTE);
    expect(world.codes).toContain('health.target-down');
    drainIs('emptying');
    await world.clock.advance(1);
    expect(world.codes).toContain('health.target-down');
    drainIs('drained');
    await world.clock.advance(1);
    expect(world.codes).not.toContain('health.target-down');
  });
});

describe('a peer that is stopped', () => {
  it('is a finding, and a repair is tried, unless it had left the service by order', async () => {
    for (const draining of ['no', 'drained'] as const) {
      world.orders.length = 0;
      world.actor.handlers['election.peers']!({ peers: [peer('beta', { lifecycle: 'dead', draining })] });
      await world.clock.advance(2 * MINUTE);
      const isMissed = draining === 'no';
      expect(world.codes.includes('health.peer-dead')).toBe(isMissed);
      expect(world.orders.some(({ name }) => name === 'election.reconnect-peer')).toBe(isMissed);
    }
  });
});
