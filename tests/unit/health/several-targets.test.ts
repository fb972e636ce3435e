import { afterEach, describe, expect, it } from 'vitest';
import { HealthWorld, configWith } from './world.js';

let world: HealthWorld;
afterEach(() => world.actor.stop(0, 'shutdown'));

describe('several targets', () => {
  const several = (): HealthWorld => {
    const config = configWith();
    const target = { ...config.target, url: '', urls: ['http://10.0.0.5', 'http://10.0.0.6'] };
    return (world = new HealthWorld({ ...config, target }));
  };

  it('are probed each by itself, and one that is down is found by its place', async () => {
    several();
    world.answer = (target) =>
      Promise.resolve(target === 0 ? { ok: true } : { ok: false, reason: 'ECONNREFUSED' });
    await world.clock.advance(11_000);
    expect(world.status.targets).toMatchObject([
      { state: 'well', failures: 0 },
      { state: 'down', failures: 3, reason: 'ECONNREFUSED' },
    ]);
    expect(world.status.target).toMatchObject({ healthy: true, failures: 0 });
    expect(world.status.findings).toMatchObject([
      { error: { code: 'health.target-down', where: 'target 2' } },
    ]);
  });

  it('are suspected each by itself: only the one that failed is probed at once', async () => {
    several();
    await world.clock.advance(20_000);
    const before = world.probes.length;
    world.actor.handlers['proxy.target-error']!({ reason: 'x', count: 1, targets: [1] });
    await world.clock.advance(100);
    expect(world.probes.slice(before).map(({ target }) => target)).toEqual([1]);
  });
});
