import { beforeEach, describe, expect, it } from 'vitest';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { StallWatch } from '@rustbalance/actors/tor/stall-watch.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

class World {
  readonly clock = new SimulatedClock(0);
  readonly did: string[] = [];
  readonly told: string[] = [];
  reaches = true;
  reachesAnswers = true;
  readonly watch: StallWatch;
  #bootstrapped = false;

  constructor(isOurs = true, mayRestart = isOurs) {
    const nothing = (): undefined => undefined;
    this.watch = new StallWatch({
      log: {
        error: nothing,
        warn: (_message, _fields, error) => void this.told.push(error?.code ?? ''),
        info: nothing,
        debug: nothing,
      },
      reachesRelays: () => {
        this.did.push('look');
        return this.reachesAnswers ? Promise.resolve(this.reaches) : new Promise<boolean>(nothing);
      },
      network: isOurs
        ? {
            reconnect: () => {
              this.did.push('reconnect');
              return Promise.resolve();
            },
            enable: () => Promise.resolve(),
          }
        : null,
      restart: mayRestart ? ({ code }: ErrorData) => void this.did.push(`restart ${code}`) : null,
      withhold: () => void this.did.push('withhold'),
      release: () => void this.did.push('release'),
      changed: nothing,
      poke: () => {
        trigger.poke();
      },
    });
    const trigger = startLevelTrigger(this.clock, (nowMs) => this.watch.step(nowMs));
    this.watch.begin(0);
    trigger.poke();
  }

  bootstrap(percent: number): void {
    this.#bootstrapped ||= percent === 100;
    this.watch.bootstrap(percent, this.clock.monotonicMs());
  }

  circuits(...statuses: readonly string[]): void {
    for (const status of statuses) this.watch.circuit(status, this.clock.monotonicMs());
  }

  /** One circuit after another fails, a second apart. */
  async failing(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      this.circuits('LAUNCHED', 'EXTENDED', 'FAILED');
      await this.clock.advance(1_000);
    }
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});

describe('a bootstrap', () => {
  it('that moves, however slowly, is left alone', async () => {
    for (let percent = 0; percent < 100; percent += 5) {
      world.bootstrap(percent);
      await world.clock.advance(110_000);
    }
    expect(world.did).toEqual([]);
  });

  it('that stands still although Tor reaches relays makes Tor be replaced', async () => {
    world.bootstrap(50);
    await world.clock.advance(119_000);
    expect(world.did).toEqual([]);
    await world.clock.advance(2_000);
    expect(world.did).toEqual(['look', 'restart tor.bootstrap-stuck']);
    expect(world.told).toEqual(['tor.bootstrap-stuck']);
  });

  it('that stands still without any relay is a machine without a network: nothing is restarted', async () => {
    world.reaches = false;
    world.bootstrap(10);
    await world.clock.advance(10 * 60_000);
    expect(world.watch.stall).toBe('no-network');
    expect(new Set(world.did)).toEqual(new Set(['look']));
    expect(world.told).toEqual(['tor.no-network']);
    world.bootstrap(15);
    expect(world.watch.stall).toBeNull();
  });

  it('that reaches relays again after an outage is given time before Tor is replaced', async () => {
    world.reaches = false;
    world.bootstrap(10);
    await world.clock.advance(125_000);
    world.reaches = true;
    await world.clock.advance(30_000);
    expect(world.did).not.toContain('restart tor.bootstrap-stuck');
    await world.clock.advance(60_000);
    expect(world.did).toContain('restart tor.bootstrap-stuck');
  });

  it('without a network for a quarter of an hour is tried with another Tor all the same', async () => {
    world.reaches = false;
    world.bootstrap(0);
    await world.clock.advance(20 * 60_000);
    expect(world.did).toContain('restart tor.bootstrap-stuck');
  });
});

describe('the circuits of a Tor that is up', () => {
  beforeEach(() => {
    world.bootstrap(100);
  });

  it('may fail now and then, or all at once, while others are built', async () => {
    for (let round = 0; round < 20; round++) {
      await world.failing(9);
      world.circuits('BUILT');
    }
    world.circuits(...Array.from({ length: 30 }, () => 'FAILED'));
    await world.clock.advance(5_000);
    world.circuits('BUILT');
    await world.clock.advance(600_000);
    expect(world.did).toEqual([]);
  });

  it('are not missed at rest', async () => {
    world.circuits('FAILED', 'FAILED', 'FAILED');
    await world.clock.advance(3_600_000);
    expect(world.did).toEqual([]);
  });

  it('that all fail are stuck: no client is sent here, and Tor connects anew', async () => {
    await world.failing(31);
    expect(world.did).toEqual(['withhold', 'reconnect']);
    expect(world.watch.stall).toBe('circuits-stuck');
    world.circuits('BUILT');
    expect(world.did).toEqual(['withhold', 'reconnect', 'release']);
    expect(world.watch.stall).toBeNull();
  });

  it('that still fail on new connections make Tor be replaced', async () => {
    await world.failing(55);
    expect(world.did).toEqual(['withhold', 'reconnect', 'look', 'restart tor.circuits-stuck']);
  });

  it('that fail because no relay is reached are no fault of Tor', async () => {
    world.reaches = false;
    await world.failing(300);
    expect(world.watch.stall).toBe('no-network');
    expect(world.did).not.toContain('restart tor.circuits-stuck');
    world.circuits('BUILT');
    expect(world.did.at(-1)).toBe('release');
  });

  it('are not waited for by a bootstrap that begins anew', async () => {
    await world.failing(31);
    world.bootstrap(10);
    world.bootstrap(60);
    expect(world.watch.stall).toBe('circuits-stuck');
    world.bootstrap(100);
    world.circuits('BUILT');
    expect(world.watch.stall).toBeNull();
  });

  it('are forgotten with the connection, and what they held back with them', async () => {
    await world.failing(31);
    world.watch.end();
    expect(world.did.at(-1)).toBe('release');
    expect(world.watch.stall).toBeNull();
  });
});

describe('a system Tor', () => {
  it('that is lost while its network is asked after gets its points offered again', async () => {
    world = new World(false);
    world.bootstrap(100);
    world.reachesAnswers = false;
    await world.failing(31);
    expect(world.did).toEqual(['withhold', 'look']);
    world.watch.end();
    expect(world.did.at(-1)).toBe('release');
  });

  it('keeps its connections, which others use, and is replaced only with consent', async () => {
    for (const consent of [true, false]) {
      world = new World(false, consent);
      world.bootstrap(100);
      await world.failing(60);
      expect(world.watch.stall).toBe('circuits-stuck');
      expect(world.did).not.toContain('reconnect');
      expect(world.did.includes('restart tor.circuits-stuck')).toBe(consent);
    }
  });
});
