import type { DrainView } from '@rustbalance/actors/election/messages.js';
import { CircuitStreams } from '@rustbalance/actors/proxy/circuit-streams.js';
import { startLeaving } from '@rustbalance/actors/proxy/leaving.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedClock } from '../../support/simulated-clock.js';

const WALL_MS = 1_700_000_000_000;

class World {
  readonly clock = new SimulatedClock(WALL_MS);
  readonly streams = new CircuitStreams();
  readonly closed: string[] = [];
  expects = false;
  readonly leaving = startLeaving(
    this.clock,
    {
      expectCircuits: (on) => (this.expects = on),
      retire: () => undefined,
    },
    this.streams,
    (circuits) => this.closed.push(...circuits),
  );

  drain(phase: DrainView['phase'], untilMs = WALL_MS + 60_000): void {
    this.leaving.drainTold({ phase, version: 1, leavesOwnOut: true, untilMs, failed: false });
  }

  departure(namesCircuits: boolean, ...rendezvous: readonly string[]): void {
    this.leaving.departureTold({ version: 1, introduction: 0, rendezvous, namesCircuits });
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

describe('the line that names a circuit', () => {
  it('is expected from the start, until Tor is known to write none', () => {
    expect(world.expects).toBe(true);
    world.departure(false);
    expect(world.expects).toBe(false);
  });

  it('is expected while the node drains, and after an undrain for as long as Tor writes it', () => {
    world.departure(false);
    world.drain('leaving');
    expect(world.expects).toBe(true);
    world.departure(true);
    world.drain('no');
    expect(world.expects).toBe(true);
    world.departure(false);
    expect(world.expects).toBe(false);
  });
});

describe('the deadline of a drain', () => {
  it('is not moved by a step of the wall clock', async () => {
    world.drain('emptying');
    // A client without pauses keeps its circuit until shortly before the deadline.
    world.streams.opened('7', 0);
    world.departure(true, '7');
    world.clock.stepWall(3_600_000);
    world.drain('emptying');
    world.streams.closed('7', world.clock.monotonicMs());
    await world.clock.advance(5_000);
    expect(world.closed).toEqual([]);
    await world.clock.advance(10_000);
    expect(world.closed).toEqual(['7']);
  });
});
