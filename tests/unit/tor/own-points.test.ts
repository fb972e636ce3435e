import { describe, expect, it } from 'vitest';
import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { DecodedDescriptor } from '@rustbalance/crypto-worker/task-types.js';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { CircuitStatus } from '@rustbalance/actors/tor/control/info.js';
import type { OwnIntroductionPoints } from '@rustbalance/actors/tor/messages.js';
import { OwnPoints } from '@rustbalance/actors/tor/own-points.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { decoded, plan, point, relayNumber } from './points.js';

const INSTANCE = 'i'.repeat(56) as OnionAddress;
const START_MS = 1_795_000_000_000;

/** A Tor as far as its own points go: what GETINFO shows, what its HSDirs hold, and how old that is. */
class World {
  readonly clock = new SimulatedClock(START_MS);
  readonly published: OwnIntroductionPoints[] = [];
  getInfo: DecodedDescriptor | null = null;
  held: DecodedDescriptor | null = null;
  heldSinceMs = 0;
  /** Seconds of its revision counter; null: heldSinceMs says how old it is. */
  heldN: number | null = null;
  readonly reads: number[] = [];
  readonly fetches: RelayFingerprint[] = [];
  readonly points: OwnPoints;
  #documents: DecodedDescriptor[] = [];

  constructor() {
    const trigger = startLevelTrigger(this.clock, (now) => this.points.step(now));
    this.points = new OwnPoints({
      log: makeLogger(
        'tor',
        () => 0,
        () => undefined,
      ),
      instance: INSTANCE,
      pollMs: 30_000,
      readOwn: async () => {
        this.reads.push(this.clock.monotonicMs());
        return this.getInfo === null ? null : this.#write(this.getInfo);
      },
      fetchOwn: async (hsdir) => {
        this.fetches.push(hsdir);
        return this.held === null ? null : this.#write(this.held);
      },
      decode: async (bytes) => ({ ok: true, value: this.#documents[bytes[0] ?? 0]! }),
      bornAtMs: async (_, srvRunStart) =>
        this.heldN === null ? this.heldSinceMs : (srvRunStart + this.heldN) * 1000,
      sample: (hsdirs, count) => hsdirs.slice(0, count),
      publish: (own) => this.published.push(own),
      wallMs: () => this.clock.wallMs(),
      monotonicMs: () => this.clock.monotonicMs(),
      poke: () => trigger.poke(),
    });
  }

  /** A document stands for its place in a list. */
  #write(document: DecodedDescriptor): Uint8Array {
    const known = this.#documents.indexOf(document);
    if (known !== -1) return Uint8Array.of(known);
    this.#documents.push(document);
    return Uint8Array.of(this.#documents.length - 1);
  }

  circuit(id: number, relay: number): CircuitStatus {
    return {
      id: String(id),
      path: [{ fingerprint: relayNumber(relay), nickname: null }],
      purpose: 'HS_SERVICE_INTRO',
      hsState: 'HSSI_ESTABLISHED',
      rendQuery: INSTANCE,
      buildFlags: [],
      status: 'BUILT',
    };
  }

  establish(id: number, relay: number): void {
    this.points.circuitEvent({
      type: 'CIRC_MINOR',
      ...this.circuit(id, relay),
      change: 'PURPOSE_CHANGED',
      oldPurpose: null,
      oldHsState: 'HSSI_CONNECTING',
    });
  }

  lose(id: number, relay: number): void {
    this.points.circuitEvent({
      type: 'CIRC',
      ...this.circuit(id, relay),
      status: 'CLOSED',
      reason: 'DESTROYED',
      remoteReason: null,
    });
  }

  uploaded(hsdir: number): void {
    this.points.descriptorEvent({
      type: 'HS_DESC',
      action: 'UPLOADED',
      address: INSTANCE,
      hsDir: { fingerprint: relayNumber(hsdir), nickname: null },
      descriptorId: null,
      reason: null,
      replica: null,
      hsDirIndex: null,
    });
  }

  get keys(): (number | undefined)[] | undefined {
    return this.published.at(-1)?.points.map(({ authKey }) => authKey[0]);
  }

  /** A Tor that has been up for a while, with desc_current (1–3) and desc_next (4–6). */
  async running(between: boolean): Promise<void> {
    const current = decoded(between ? 499 : 500, [point(1, 11), point(2, 12), point(3, 13)]);
    this.getInfo = current;
    this.held = decoded(between ? 500 : 501, [point(4, 14), point(5, 15), point(6, 16)]);
    this.points.planned(plan(500, between), this.clock.wallMs());
    this.points.begin([11, 12, 13, 14, 15, 16].map((relay, i) => this.circuit(i, relay)));
    await this.clock.advance(1000);
  }
}

describe("this node's introduction points", () => {
  it('between SRV and time period are those that GETINFO shows', async () => {
    const world = new World();
    await world.running(false);
    expect(world.keys).toEqual([1, 2, 3]);
    expect(world.fetches).toEqual([]);
    expect(world.published.at(-1)).toMatchObject({
      timePeriod: 500,
      create2Formats: [2],
      flowControl: '1-2 31',
    });
  });

  it('between time period and SRV are those of desc_next, fetched from several HSDirs of its ring', async () => {
    const world = new World();
    await world.running(true);
    expect(world.keys).toEqual([4, 5, 6]);
    expect(new Set(world.fetches).size).toBe(3);
  });

  it('are published once while nothing changes', async () => {
    const world = new World();
    await world.running(false);
    await world.clock.advance(120_000);
    expect(world.published).toHaveLength(1);
  });

  it('lose a point at once when its circuit closes, with the time of that event', async () => {
    const world = new World();
    await world.running(false);
    await world.clock.advance(500);
    world.lose(1, 12);
    expect(world.keys).toEqual([1, 3]);
    expect(world.published.at(-1)?.causedAtMs).toBe(world.clock.wallMs());
  });

  it('gain the replacement when the descriptor shows it, timed from its establishment', async () => {
    const world = new World();
    await world.running(false);
    world.lose(1, 12);
    await world.clock.advance(6000);
    world.establish(21, 17);
    const establishedAtMs = world.clock.wallMs();
    await world.clock.advance(900);
    expect(world.keys).toEqual([1, 3]);
    world.getInfo = decoded(500, [point(1, 11), point(7, 17), point(3, 13)]);
    await world.clock.advance(250);
    expect(world.keys).toEqual([1, 7, 3]);
    expect(world.published.at(-1)?.causedAtMs).toBe(establishedAtMs);
  });

  it('gain two replacements that the descriptor shows at once, timed from the first of them', async () => {
    const world = new World();
    await world.running(false);
    world.lose(1, 12);
    world.lose(2, 13);
    await world.clock.advance(6000);
    world.establish(21, 17);
    const firstAtMs = world.clock.wallMs();
    await world.clock.advance(2000);
    world.establish(22, 18);
    world.getInfo = decoded(500, [point(1, 11), point(7, 17), point(8, 18)]);
    await world.clock.advance(5000);
    expect(world.keys).toEqual([1, 7, 8]);
    expect(world.published.at(-1)?.causedAtMs).toBe(firstAtMs);
  });

  it('change with a descriptor that lacks a point whose circuit lives: no loss of before is behind that', async () => {
    const world = new World();
    await world.running(false);
    world.lose(1, 12);
    const lostAtMs = world.clock.wallMs();
    await world.clock.advance(60_000);
    world.getInfo = decoded(500, [point(1, 11)]);
    await world.clock.advance(31_000);
    expect(world.keys).toEqual([1]);
    expect(world.published.at(-1)?.causedAtMs).toBeGreaterThan(lostAtMs + 60_000);
  });

  it('that stood before their period came are timed from when it came', async () => {
    const world = new World();
    world.points.planned(plan(500, false), world.clock.wallMs());
    world.points.begin([]);
    [11, 12, 13, 14, 15, 16].forEach((relay, i) => world.establish(i, relay));
    world.getInfo = decoded(500, [point(1, 11), point(2, 12), point(3, 13)]);
    await world.clock.advance(60_000);
    expect(world.keys).toEqual([1, 2, 3]);
    world.heldSinceMs = world.clock.wallMs();
    world.held = decoded(501, [point(4, 14), point(5, 15), point(6, 16)]);
    const cameAtMs = world.clock.wallMs();
    world.points.planned(plan(501, true), cameAtMs);
    await world.clock.advance(3_000);
    expect(world.keys).toEqual([4, 5, 6]);
    expect(world.published.at(-1)?.causedAtMs).toBe(cameAtMs);
  });

  it('of a circuit that Tor builds again to the same relay live again without being read again', async () => {
    const world = new World();
    await world.running(false);
    world.lose(1, 12);
    await world.clock.advance(4000);
    const reads = world.reads.length;
    world.establish(22, 12);
    expect(world.keys).toEqual([1, 2, 3]);
    expect(world.reads).toHaveLength(reads);
  });

  it('stay the same through the start of a time period until desc_next has been read', async () => {
    const world = new World();
    await world.running(false);
    const next = world.held;
    world.held = null;
    world.points.planned(plan(501, true), world.clock.wallMs());
    await world.clock.advance(10_000);
    expect(world.keys).toEqual([1, 2, 3]);
    expect(world.published).toHaveLength(1);
    world.held = next;
    await world.clock.advance(2600);
    expect(world.keys).toEqual([4, 5, 6]);
  });

  it('are those of desc_next within the minute though its HSDirs are silent when the time period starts', async () => {
    const world = new World();
    await world.running(false);
    const next = world.held;
    world.held = null;
    world.points.planned(plan(501, true), world.clock.wallMs());
    await world.clock.advance(40_000);
    world.held = next;
    await world.clock.advance(20_000);
    expect(world.keys).toEqual([4, 5, 6]);
  });

  it('stay alive through a new shared random value, at which Tor closes every circuit of desc_current', async () => {
    const world = new World();
    await world.running(true);
    [11, 12, 13].forEach((relay, i) => world.lose(i, relay));
    world.points.planned(plan(500, false), world.clock.wallMs());
    // For a moment GETINFO still shows the descriptor that is over.
    await world.clock.advance(150);
    world.getInfo = decoded(500, [point(4, 14), point(5, 15), point(6, 16)], 2n);
    await world.clock.advance(5000);
    expect(world.keys).toEqual([4, 5, 6]);
    expect(world.published).toHaveLength(1);
  });

  it('come from the HSDir that Tor has just uploaded desc_next to', async () => {
    const world = new World();
    await world.running(true);
    world.fetches.length = 0;
    world.lose(4, 15);
    world.establish(23, 18);
    await world.clock.advance(700);
    world.held = decoded(500, [point(4, 14), point(8, 18), point(6, 16)], 2n);
    world.uploaded(103);
    await world.clock.advance(20);
    expect(world.fetches).toEqual([relayNumber(103)]);
    expect(world.keys).toEqual([4, 8, 6]);
  });

  it('are not fetched again for a consensus that changes nothing', async () => {
    const world = new World();
    await world.running(true);
    await world.clock.advance(20_000);
    const fetches = world.fetches.length;
    for (let i = 0; i < 5; i++) {
      world.points.planned(plan(500, true), world.clock.wallMs());
      await world.clock.advance(10_000);
    }
    expect(world.fetches).toHaveLength(fetches);
  });

  it('are not fetched because of an upload to an HSDir of the other ring', async () => {
    const world = new World();
    await world.running(true);
    world.fetches.length = 0;
    world.uploaded(99);
    await world.clock.advance(500);
    expect(world.fetches).toEqual([]);
  });

  it('of a Tor that died are none', async () => {
    const world = new World();
    await world.running(false);
    world.points.gone(START_MS + 900);
    expect(world.published.at(-1)).toMatchObject({ points: [], causedAtMs: START_MS + 900 });
  });

  it('are kept while only the connection is lost', async () => {
    const world = new World();
    await world.running(false);
    world.points.end();
    await world.clock.advance(5000);
    expect(world.published).toHaveLength(1);
    world.points.begin([11, 12, 13].map((relay, i) => world.circuit(i, relay)));
    await world.clock.advance(1000);
    expect(world.published).toHaveLength(1);
  });

  it('are none at the start of a Tor without circuits, and hold nothing that a dead Tor left at its HSDirs', async () => {
    const world = new World();
    world.held = decoded(500, [point(4, 14)]);
    world.heldSinceMs = START_MS - 60_000;
    world.points.planned(plan(500, true), world.clock.wallMs());
    world.points.begin([]);
    expect(world.keys).toEqual([]);
    world.establish(1, 14);
    await world.clock.advance(4000);
    expect(world.keys).toEqual([]);
    world.held = decoded(500, [point(9, 14)], 2n);
    world.heldSinceMs = world.clock.wallMs();
    world.uploaded(101);
    await world.clock.advance(50);
    expect(world.keys).toEqual([9]);
  });

  it('hold no key of a Tor that died, where the next has circuits before it can be asked', async () => {
    const world = new World();
    world.held = decoded(500, [point(4, 14)]);
    world.heldSinceMs = START_MS - 60_000;
    world.points.planned(plan(500, true), world.clock.wallMs());
    world.points.startedAnew();
    await world.clock.advance(1000);
    world.points.begin([world.circuit(1, 14)]);
    await world.clock.advance(4000);
    expect(world.keys).toEqual([]);
    world.held = decoded(500, [point(9, 14)], 2n);
    world.heldSinceMs = world.clock.wallMs() - 4500;
    world.uploaded(101);
    await world.clock.advance(50);
    expect(world.keys).toEqual([9]);
  });

  it('hold no key of a Tor that died a moment after its last descriptor', async () => {
    const world = new World();
    await world.running(false);
    const before = world.keys;
    expect(before).not.toEqual([]);
    world.heldSinceMs = world.clock.wallMs();
    world.points.startedAnew();
    await world.clock.advance(500);
    world.points.begin([11, 12, 13].map((relay, i) => world.circuit(i + 50, relay)));
    await world.clock.advance(5_000);
    expect(world.keys).toEqual([]);
  });

  it('hold no key of before when Tor loads the service anew, even on a relay of before', async () => {
    const world = new World();
    await world.running(true);
    world.heldSinceMs = world.clock.wallMs();
    await world.clock.advance(60_000);
    world.points.renewed();
    [11, 12, 13, 14, 15, 16].forEach((relay, i) => world.lose(i, relay));
    expect(world.keys).toEqual([]);
    world.establish(31, 14);
    await world.clock.advance(1500);
    expect(world.keys).toEqual([]);
    world.held = decoded(500, [point(7, 14)], 2n);
    world.heldSinceMs = world.clock.wallMs();
    world.uploaded(102);
    await world.clock.advance(50);
    expect(world.keys).toEqual([7]);
  });

  it('are taken from a descriptor that Tor dated by a consensus that began off the voting schedule', async () => {
    const world = new World();
    const runStart = START_MS / 1000 - 96;
    // The run seems to begin 5 s later by this consensus, as a young network's first one has it.
    world.points.planned(plan(499, false, undefined, runStart + 5), world.clock.wallMs());
    world.points.begin([]);
    [11, 12, 13, 14, 15, 16].forEach((relay, i) => world.establish(i, relay));
    await world.clock.advance(4_000);
    // Made 2 s after Tor began, counted from the run's start as Tor saw it then.
    world.heldN = 96 - 5 + 2;
    world.held = decoded(500, [point(4, 14), point(5, 15), point(6, 16)]);
    await world.clock.advance(20_000);
    world.points.planned(plan(500, true, undefined, runStart), world.clock.wallMs());
    await world.clock.advance(500);
    expect(world.keys).toEqual([4, 5, 6]);
  });

  it('are taken from the neighbouring period only when those of the right one do not come', async () => {
    const world = new World();
    world.getInfo = decoded(499, [point(1, 11), point(2, 12), point(3, 13)]);
    world.points.planned(plan(500, true), world.clock.wallMs());
    world.points.begin([]);
    [11, 12, 13, 14].forEach((relay, i) => world.establish(i, relay));
    await world.clock.advance(2000);
    expect(world.keys).toEqual([]);
    await world.clock.advance(1000);
    expect(world.keys).toEqual([1, 2, 3]);
  });

  it('are not declared dead while a restarted actor has not read them yet', async () => {
    const world = new World();
    world.points.begin([11, 12, 13].map((relay, i) => world.circuit(i, relay)));
    await world.clock.advance(3000);
    expect(world.published).toEqual([]);
  });

  it('are read at the poll interval although no event comes', async () => {
    const world = new World();
    await world.running(false);
    await world.clock.advance(10_000);
    world.getInfo = decoded(500, [point(1, 11), point(2, 12)]);
    await world.clock.advance(31_000);
    expect(world.keys).toEqual([1, 2]);
  });

  it('are none while nothing gets through to them, and the same when it does again', async () => {
    const world = new World();
    await world.running(false);
    world.points.withhold('network');
    expect(world.keys).toEqual([]);
    world.establish(9, 12);
    await world.clock.advance(5000);
    expect(world.keys).toEqual([]);
    world.points.release('network');
    expect(world.keys).toEqual([1, 2, 3]);
    // One of them stood since long before, and could not be told of.
    expect(world.published.at(-1)?.causedAtMs).toBe(world.clock.wallMs());
  });

  it('are those of new circuits alone once Tor has dropped all', async () => {
    const world = new World();
    await world.running(false);
    world.points.withhold('network');
    world.points.release('network', true);
    expect(world.keys).toEqual([]);
    expect(world.points.circuits).toBe(0);
    // Tor tells of the old ones' end only now.
    world.lose(0, 11);
    world.establish(7, 13);
    await world.clock.advance(2000);
    expect(world.keys).toEqual([3]);
  });
});
