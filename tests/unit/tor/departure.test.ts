import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseConfLine } from '@rustbalance/actors/tor/control/conf-line.js';
import type { ConfLine } from '@rustbalance/actors/tor/control/conf-line.js';
import type { CircuitStatus } from '@rustbalance/actors/tor/control/info.js';
import { toWireText } from '@rustbalance/actors/tor/control/wire-text.js';
import { Departure } from '@rustbalance/actors/tor/departure.js';
import type { Departure as DepartureView } from '@rustbalance/actors/tor/messages.js';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

const INSTANCE = 'a'.repeat(56) as OnionAddress;
const DIRECTORY = '/var/lib/rustbalance/instance';
const relay = (digit: string): RelayFingerprint => digit.repeat(40) as RelayFingerprint;
const nothing = (): void => undefined;

const introduction = (id: string, at: RelayFingerprint): CircuitStatus => ({
  id,
  status: 'BUILT',
  path: [{ fingerprint: at, nickname: null }],
  purpose: 'HS_SERVICE_INTRO',
  hsState: 'HSSI_ESTABLISHED',
  rendQuery: INSTANCE,
  buildFlags: [],
});

const lines = (...text: readonly string[]): readonly ConfLine[] =>
  text.map((line) => parseConfLine(toWireText(line)));

class World {
  readonly clock = new SimulatedClock(1_000_000);
  readonly closed: string[] = [];
  published: readonly RelayFingerprint[] = [];
  fault: unknown = null;
  conf = lines(`HiddenServiceDir=${DIRECTORY}`, 'HiddenServicePort=80');
  view: DepartureView | null = null;
  readonly departure: Departure;
  readonly #trigger;

  constructor(mayset = true) {
    this.departure = new Departure({
      log: { error: nothing, warn: nothing, info: nothing, debug: nothing },
      instance: INSTANCE,
      services: mayset
        ? {
            directory: DIRECTORY,
            read: () => Promise.resolve(this.conf),
            fault: () => Promise.resolve(this.fault),
            set: (next) => {
              this.conf = next;
              return Promise.resolve();
            },
          }
        : null,
      closeCircuit: (id) => {
        this.closed.push(id);
        return Promise.resolve();
      },
      publishedRelays: () => this.published,
      publish: (view) => (this.view = view),
      monotonicMs: () => this.clock.monotonicMs(),
      poke: () => {
        this.#trigger.poke();
      },
    });
    this.#trigger = startLevelTrigger(this.clock, (nowMs) => this.departure.step(nowMs));
  }

  follow(phase: 'no' | 'leaving' | 'emptying', version: number): void {
    this.departure.follow({ phase, version, leavesOwnOut: true, untilMs: 0, failed: false });
  }

  get isNaming(): boolean {
    return this.conf.some(({ key }) => key === 'HiddenServiceExportCircuitID');
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

describe('the introduction circuits of a node that drains', () => {
  it('are closed where clients may know of them, and no others', () => {
    world.published = [relay('1')];
    world.departure.begin([introduction('7', relay('1')), introduction('8', relay('2'))]);
    world.follow('leaving', 1);
    expect(world.closed).toEqual([]);
    world.follow('emptying', 2);
    expect(world.closed).toEqual(['7']);
  });

  it('are all closed where it is not known what was published, as after a restart of the actor', () => {
    world.follow('emptying', 2);
    world.departure.begin([introduction('7', relay('1')), introduction('8', relay('2'))]);
    expect(world.closed).toEqual(['7', '8']);
    expect(world.view).toMatchObject({ version: 2, introduction: 2 });
  });
});

describe('the circuit of each stream', () => {
  it('may be named until it is known that it is not', async () => {
    world.departure.begin([]);
    expect(world.view?.namesCircuits).toBe(true);
    await world.clock.advance(900);
    expect(world.view?.namesCircuits).toBe(true);
    await world.clock.advance(200);
    expect(world.view?.namesCircuits).toBe(false);
  });

  it('is named while the node drains, and a moment longer than Tor is told to', async () => {
    world.departure.begin([]);
    await world.clock.advance(2_000);
    world.follow('leaving', 1);
    await world.clock.advance(0);
    expect([world.isNaming, world.view?.namesCircuits]).toEqual([true, true]);
    world.follow('no', 2);
    await world.clock.advance(500);
    expect([world.isNaming, world.view?.namesCircuits]).toEqual([false, true]);
    await world.clock.advance(600);
    expect(world.view?.namesCircuits).toBe(false);
  });

  it('is named for as long as Tor cannot be told otherwise', async () => {
    world.departure.begin([]);
    world.follow('leaving', 1);
    await world.clock.advance(0);
    world.fault = new Error('the directory is gone');
    world.follow('no', 2);
    await world.clock.advance(10_000);
    expect([world.isNaming, world.view?.namesCircuits]).toEqual([true, true]);
    world.fault = null;
    await world.clock.advance(4_000);
    expect([world.isNaming, world.view?.namesCircuits]).toEqual([false, false]);
  });

  it('is never named by a Tor whose configuration is not ours', async () => {
    world = new World(false);
    world.departure.begin([]);
    await world.clock.advance(0);
    expect(world.view?.namesCircuits).toBe(false);
  });
});
