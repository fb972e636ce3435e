import { describe, expect, it } from 'vitest';
import { START_MS, point, own, world } from './world.js';

describe('how long changes took', () => {
  it('counts from the event of Tor to the last HSDir, for each descriptor', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(10_000);
    const eventAtMs = w.clock.wallMs() - 500;
    w.publication.learn({ own: own([point(20), point(21)], eventAtMs) });
    await w.clock.advance(5_000);
    const [first, second] = w.publication.completions.slice(-2);
    expect([first?.latencyMs, second?.latencyMs]).toEqual([800, 800]);
    expect(first?.atMs).toBe(eventAtMs + 800);
  });

  it('counts a refused counter into the change that met it', async () => {
    const w = world();
    w.hsdir(1).held = { timePeriod: 100, n: 5_000, text: 'revision-counter 5000\n' };
    w.ready();
    await w.clock.advance(30_000);
    const ofFirst = w.publication.completions.filter(({ which }) => which === 'first');
    expect(ofFirst).toHaveLength(1);
    expect(ofFirst[0]?.latencyMs).toBe(ofFirst[0]!.atMs - START_MS);
    expect(ofFirst[0]?.latencyMs).toBeGreaterThan(1_000);
  });

  it('counts from the first of two changes when the second came before the first was everywhere', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(10_000);
    const firstEventMs = w.clock.wallMs();
    w.hsdir(1).answer = 'silent';
    w.publication.learn({ own: own([point(20), point(21)], firstEventMs) });
    await w.clock.advance(2_000);
    w.publication.learn({ own: own([point(22), point(23)], w.clock.wallMs()) });
    w.hsdir(1).answer = 'accept';
    await w.clock.advance(60_000);
    const last = w.publication.completions.findLast(({ which }) => which === 'first');
    expect(last?.latencyMs).toBe(last!.atMs - firstEventMs);
  });

  it('counts from the first of two changes that wait for one publication', async () => {
    const w = world();
    const points = [20, 21, 22, 23].map((id) => point(id));
    w.ready(points.slice(0, 1));
    await w.clock.advance(10_000);
    w.publication.learn({ own: own(points.slice(0, 2), w.clock.wallMs()) });
    await w.clock.advance(700);
    // The next has to wait for its turn, and meets another there.
    const [before, firstEventMs] = [w.publication.completions.length, w.clock.wallMs()];
    w.publication.learn({ own: own(points.slice(0, 3), firstEventMs) });
    await w.clock.advance(200);
    w.publication.learn({ own: own(points, w.clock.wallMs()) });
    await w.clock.advance(60_000);
    const after = w.publication.completions.slice(before);
    expect(after).toHaveLength(2);
    for (const { atMs, latencyMs } of after) expect(latencyMs).toBe(atMs - firstEventMs);
  });

  it('leaves out what is given again by age, or to an HSDir that forgot', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(10_000);
    const changes = w.publication.completions.length;
    w.hsdir(2).held = null;
    await w.clock.advance(121 * 60_000);
    expect(w.uploads.length).toBeGreaterThan(16);
    expect(w.publication.completions).toHaveLength(changes);
  });
});
