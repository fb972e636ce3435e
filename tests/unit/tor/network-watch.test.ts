import { describe, expect, it } from 'vitest';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { makeLogger, type LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { NetworkWatch } from '@rustbalance/actors/tor/network-watch.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { view } from './network-view.js';
import { plan } from './points.js';

const complete = view([
  { relay: 1, known: true, hsDir: true },
  { relay: 2, known: true, hsDir: true },
]);
const lacking = view([
  { relay: 1, known: true, hsDir: true },
  { relay: 2, known: false, hsDir: true },
]);
const stranger = view([
  { relay: 1, known: true, hsDir: true },
  { relay: 3, known: false, hsDir: true },
]);

class World {
  readonly clock = new SimulatedClock(1_795_000_000_000);
  readonly logs: LogRecord[] = [];
  readonly published: (NetworkView | null)[] = [];
  readonly planned: number[] = [];
  reads = 0;
  hurried = 0;
  /** What Tor has; null: no consensus, a text: a consensus that cannot be parsed. */
  has: NetworkView | string | null = complete;
  failing = false;
  readonly watch: NetworkWatch;

  constructor(canHurry = true) {
    const trigger = startLevelTrigger(this.clock, (now) => this.watch.step(now));
    this.watch = new NetworkWatch({
      log: makeLogger(
        'tor',
        () => 0,
        (record) => this.logs.push(record),
      ),
      read: async () => {
        this.reads++;
        if (this.failing)
          throw rbError('control.rejected', 'tor', { command: 'GETINFO', status: 500, text: 'x' });
        return this.has === null
          ? null
          : { consensus: new Uint8Array(1), microdescriptors: new Uint8Array() };
      },
      parse: async () =>
        typeof this.has === 'string'
          ? { ok: false, detail: this.has }
          : { ok: true, value: this.has ?? complete },
      plan: async () => plan(500, false),
      publish: (published) => this.published.push(published),
      planned: (_, causedAtMs) => this.planned.push(causedAtMs),
      hurry: canHurry
        ? async () => {
            this.hurried++;
          }
        : null,
      wallMs: () => this.clock.wallMs(),
      poke: () => trigger.poke(),
    });
  }
}

describe('the view of the network', () => {
  it('is published when the connection is made, with the plan of the instance', async () => {
    const world = new World();
    world.watch.begin();
    await world.clock.advance(10);
    expect(world.published).toEqual([complete]);
    expect(world.planned).toEqual([1_795_000_000_000]);
  });

  it('is published again at a new consensus, with the time of the event', async () => {
    const world = new World();
    world.watch.begin();
    await world.clock.advance(60_000);
    world.has = { ...complete, params: { a: 1 } };
    world.watch.consensusArrived();
    await world.clock.advance(10);
    expect(world.published).toHaveLength(2);
    expect(world.planned[1]).toBe(1_795_000_060_000);
  });

  it('is read within seconds of a consensus whose event was lost only at the safety poll, not in a loop', async () => {
    const world = new World();
    world.watch.begin();
    await world.clock.advance(29 * 60_000);
    expect(world.reads).toBe(1);
    await world.clock.advance(2 * 60_000);
    expect(world.reads).toBe(2);
  });

  it('is none while Tor lacks microdescriptors of HSDirs, and is there as soon as they are', async () => {
    const world = new World();
    world.has = lacking;
    world.watch.begin();
    await world.clock.advance(3000);
    expect(world.published.at(-1)).toBeNull();
    expect(world.planned).toEqual([]);
    world.has = complete;
    await world.clock.advance(5000);
    expect(world.published.at(-1)).toEqual(complete);
  });

  it('has Tor ask again for what it lacks, but not in a hail of requests', async () => {
    const world = new World();
    world.has = lacking;
    world.watch.begin();
    await world.clock.advance(59_000);
    expect(world.hurried).toBe(1);
    await world.clock.advance(60_000);
    expect(world.hurried).toBe(2);
  });

  it('never has a Tor reloaded that is not ours', async () => {
    const world = new World(false);
    world.has = lacking;
    world.watch.begin();
    await world.clock.advance(600_000);
    expect(world.hurried).toBe(0);
  });

  it('stays complete at a new consensus whose microdescriptors are still on their way', async () => {
    const world = new World();
    world.watch.begin();
    await world.clock.advance(1000);
    world.has = lacking;
    world.watch.consensusArrived();
    await world.clock.advance(10);
    expect(world.published.at(-1)?.completeness.hsDirsWithoutMicrodescriptor).toBe(0);
  });

  it('stays the last usable one while a new HSDir is unknown', async () => {
    const world = new World();
    world.watch.begin();
    await world.clock.advance(1000);
    world.has = stranger;
    world.watch.consensusArrived();
    await world.clock.advance(10_000);
    expect(world.published).toEqual([complete]);
  });

  it('is waited for while Tor has no consensus at all', async () => {
    const world = new World();
    world.has = null;
    world.watch.begin();
    await world.clock.advance(10_000);
    expect(world.published).toEqual([]);
    world.has = complete;
    await world.clock.advance(15_000);
    expect(world.published).toEqual([complete]);
  });

  it('is waited for with an error in the log when the consensus is damaged', async () => {
    const world = new World();
    world.has = 'no valid-after';
    world.watch.begin();
    await world.clock.advance(2000);
    expect(world.published).toEqual([]);
    expect(world.logs.find(({ level }) => level === 'error')?.error?.code).toBe('tor.network-unusable');
  });

  it('is read again after Tor refused once', async () => {
    const world = new World();
    world.failing = true;
    world.watch.begin();
    await world.clock.advance(400);
    world.failing = false;
    await world.clock.advance(1000);
    expect(world.published).toEqual([complete]);
  });

  it('is not read after the connection has ended', async () => {
    const world = new World();
    world.has = lacking;
    world.watch.begin();
    await world.clock.advance(1000);
    world.watch.end();
    const { reads } = world;
    await world.clock.advance(600_000);
    expect(world.reads).toBe(reads);
  });
});
