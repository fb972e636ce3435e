import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { errorData, rbError } from '@rustbalance/actors/kernel/errors.js';
import type { ControlConnection } from '@rustbalance/actors/tor/control/connection.js';
import { lifeMachine } from '@rustbalance/actors/tor/life-machine.js';
import type { LifeEvent } from '@rustbalance/actors/tor/life.js';
import { SLOW_RETRY_MS } from '@rustbalance/actors/tor/restart-policy.js';
import { lifeState } from '@rustbalance/actors/tor/status-view.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

const closed = rbError('control.closed', 'tor', { reason: 'test' });
const ended = errorData('tor.ended', 'tor', { how: 'by SIGKILL', lastLine: 'none' });

/** A machine whose effects the test decides; everything succeeds unless told. */
class World {
  readonly clock = new SimulatedClock(0);
  readonly did: string[] = [];
  /** Of each Tor that was ended, whether it was taken to hang. */
  readonly endedHung: boolean[] = [];
  fails: 'launch' | 'connect' | 'open' | 'endTor' | null = null;
  isOpen = true;
  readonly #actor;

  constructor(managed: boolean, restartsUnit = false) {
    const timers = new Map<number, () => void>();
    const effect = async (name: 'launch' | 'connect' | 'open' | 'endTor'): Promise<void> => {
      this.did.push(name);
      if (this.fails === name) throw closed;
    };
    const connection = Object.defineProperty({}, 'isOpen', { get: () => this.isOpen }) as ControlConnection;
    this.#actor = createActor(lifeMachine, {
      clock: {
        setTimeout: (fire: () => void, ms: number) => {
          timers.set(timers.size + 1, this.clock.after(ms, fire));
          return timers.size;
        },
        clearTimeout: (id: number) => timers.get(id)?.(),
      },
      input: {
        managed,
        restartsUnit,
        effects: {
          monotonicMs: () => this.clock.monotonicMs(),
          launch: async () => {
            await effect('launch');
            return true;
          },
          connect: async () => {
            await effect('connect');
            return connection;
          },
          open: () => effect('open'),
          endTor: ({ isHung }) => {
            this.endedHung.push(isHung);
            return effect('endTor');
          },
          dropSession: () => this.did.push('drop'),
          torGone: () => this.did.push('gone'),
        },
      },
    });
    this.#actor.start();
  }

  get state(): string {
    return lifeState(this.#actor.getSnapshot().value);
  }

  get context() {
    return this.#actor.getSnapshot().context;
  }

  async send(event: LifeEvent): Promise<void> {
    this.#actor.send(event);
    await this.clock.advance(1);
  }

  async up(): Promise<void> {
    await this.clock.advance(10);
    await this.send({ type: 'SERVICE_FOUND' });
    await this.send({ type: 'BOOTSTRAPPED' });
    this.did.length = 0;
  }
}

describe('the life of a managed Tor', () => {
  it('goes from launching over the service and the bootstrap to up', async () => {
    const world = new World(true);
    expect(world.state).toBe('launching');
    await world.clock.advance(10);
    expect(world.state).toBe('online.configuring');
    await world.send({ type: 'SERVICE_FOUND' });
    expect(world.state).toBe('online.bootstrapping');
    await world.send({ type: 'BOOTSTRAPPED' });
    expect(world.state).toBe('online.up');
    expect(world.did).toEqual(['launch', 'connect', 'open']);
  });

  it('is up at once when Tor had bootstrapped before the service was found', async () => {
    const world = new World(true);
    await world.clock.advance(10);
    await world.send({ type: 'BOOTSTRAPPED' });
    await world.send({ type: 'SERVICE_FOUND' });
    expect(world.state).toBe('online.up');
  });

  it('begins anew without delay when Tor dies, and says that its circuits are gone', async () => {
    const world = new World(true);
    await world.up();
    await world.send({ type: 'EXITED', error: ended });
    await world.clock.advance(10);
    expect(world.did).toEqual(['drop', 'gone', 'launch', 'connect', 'open']);
    expect(world.context.deaths).toBe(1);
  });

  it('connects again when only the connection is lost, and counts no death', async () => {
    const world = new World(true);
    await world.up();
    await world.send({ type: 'LOST', error: closed.data });
    await world.clock.advance(10);
    expect(world.did).toEqual(['drop', 'connect', 'open']);
    expect(world.context.deaths).toBe(0);
    expect(world.state).toBe('online.configuring');
  });

  it.each(['connect', 'open'] as const)(
    'ends a Tor that does not answer (%s) and starts another',
    async (step) => {
      const world = new World(true);
      await world.up();
      world.fails = step;
      await world.send({ type: 'LOST', error: closed.data });
      world.fails = null;
      await world.clock.advance(10);
      const ends = world.did.filter((name) => name === 'endTor' || name === 'launch');
      expect(ends.slice(0, 2)).toEqual(['endTor', 'launch']);
      await world.clock.advance(2000);
      expect(world.state).toBe('online.configuring');
    },
  );

  it('slows down a Tor that keeps dying, and never gives it up', async () => {
    const world = new World(true);
    await world.up();
    world.fails = 'launch';
    await world.send({ type: 'EXITED', error: ended });
    await world.clock.advance(60 * SLOW_RETRY_MS);
    const launches = world.did.filter((name) => name === 'launch').length;
    expect(launches).toBeGreaterThan(40);
    expect(launches).toBeLessThan(70);
    world.fails = null;
    await world.clock.advance(SLOW_RETRY_MS + 10);
    expect(world.state).toBe('online.configuring');
  });

  it('is ended and begun anew when it answers and is of no use', async () => {
    const world = new World(true);
    await world.up();
    const error = errorData('tor.circuits-stuck', 'tor', { failures: 10 });
    await world.send({ type: 'STUCK', error });
    await world.clock.advance(10);
    expect(world.did).toEqual(['drop', 'endTor', 'gone', 'launch', 'connect', 'open']);
    expect(world.endedHung).toEqual([false]);
    expect(world.context.deaths).toBe(1);
  });

  it('tries again when a hung Tor cannot even be ended', async () => {
    const world = new World(true);
    await world.up();
    world.fails = 'connect';
    await world.send({ type: 'LOST', error: closed.data });
    world.fails = 'endTor';
    await world.clock.advance(10);
    world.fails = null;
    await world.clock.advance(SLOW_RETRY_MS);
    expect(world.state).toBe('online.configuring');
  });

  it('notices a connection that ended while nobody listened', async () => {
    const world = new World(true);
    world.isOpen = false;
    await world.clock.advance(5);
    world.isOpen = true;
    await world.clock.advance(1000);
    expect(world.did.filter((name) => name === 'connect').length).toBeGreaterThan(1);
    expect(world.state).toBe('online.configuring');
  });

  it('does not rush at a peer that takes every connection only to drop it', async () => {
    const world = new World(true);
    world.isOpen = false;
    await world.clock.advance(60_000);
    expect(world.did.filter((name) => name === 'connect').length).toBeLessThan(25);
  });

  it('goes back to configuring when the service is taken away', async () => {
    const world = new World(true);
    await world.up();
    const error = errorData('tor.service-missing', 'torrc', { lines: 'all' });
    await world.send({ type: 'SERVICE_MISSING', error });
    expect(world.state).toBe('online.configuring');
    expect(world.context.lastError).toEqual(error);
    await world.send({ type: 'SERVICE_FOUND' });
    expect(world.state).toBe('online.up');
    expect(world.context.lastError).toBeNull();
  });
});

describe('the life of a system Tor', () => {
  it('begins with the connection', async () => {
    const world = new World(false);
    await world.up();
    expect(world.state).toBe('online.up');
  });

  it('is neither launched nor ended by us, and reached again at growing intervals for ever', async () => {
    const world = new World(false);
    world.fails = 'connect';
    await world.clock.advance(3600_000);
    expect(new Set(world.did)).toEqual(new Set(['connect', 'gone']));
    const attempts = world.did.filter((name) => name === 'connect').length;
    expect(attempts).toBeGreaterThan(700);
    expect(attempts).toBeLessThan(740);
    world.fails = null;
    await world.clock.advance(5_010);
    expect(world.state).toBe('online.configuring');
    expect(world.context.attempts).toBe(0);
  });

  it('counts one death when Tor goes away, however often it is looked for', async () => {
    const world = new World(false);
    await world.up();
    world.fails = 'connect';
    await world.send({ type: 'LOST', error: closed.data });
    await world.clock.advance(60_000);
    expect(world.context.deaths).toBe(1);
    expect(world.did.slice(0, 3)).toEqual(['drop', 'connect', 'gone']);
  });
});

describe('the life of a system Tor whose unit may be restarted', () => {
  const silent = errorData('control.deadline', 'tor', { command: 'GETINFO', deadlineMs: 7000 });
  const restarts = (world: World): number => world.did.filter((name) => name === 'endTor').length;

  it('is left to its unit for 10 s, and then restarted', async () => {
    const world = new World(false, true);
    await world.up();
    world.fails = 'connect';
    await world.send({ type: 'LOST', error: closed.data });
    await world.clock.advance(9_000);
    expect(restarts(world)).toBe(0);
    await world.clock.advance(6_000);
    expect(restarts(world)).toBe(1);
    expect(world.endedHung).toEqual([false]);
    world.fails = null;
    await world.clock.advance(5_000);
    expect(world.state).toBe('online.configuring');
    expect(world.context.deaths).toBe(1);
  });

  it('that hangs is restarted as soon as it does not answer a new connection either', async () => {
    const world = new World(false, true);
    await world.up();
    world.fails = 'open';
    await world.send({ type: 'LOST', error: silent });
    await world.clock.advance(10);
    expect(world.endedHung).toEqual([true]);
  });

  it('that stays away is restarted three times in five minutes at most at once, then slowly, for ever', async () => {
    const world = new World(false, true);
    await world.up();
    world.fails = 'connect';
    await world.send({ type: 'LOST', error: closed.data });
    await world.clock.advance(70_000);
    expect(restarts(world)).toBe(3);
    await world.clock.advance(3_600_000);
    expect(restarts(world)).toBeGreaterThan(50);
    expect(restarts(world)).toBeLessThan(75);
  });

  it('whose unit cannot be restarted is looked for all the same', async () => {
    const world = new World(false, true);
    await world.up();
    world.fails = 'connect';
    await world.send({ type: 'LOST', error: closed.data });
    await world.clock.advance(9_000);
    world.fails = 'endTor';
    await world.clock.advance(10_000);
    expect(world.state).toBe('online.configuring');
  });

  it('that answers and is of no use is restarted', async () => {
    const world = new World(false, true);
    await world.up();
    await world.send({ type: 'STUCK', error: errorData('tor.circuits-stuck', 'tor', { failures: 10 }) });
    expect(restarts(world)).toBe(1);
  });

  it('is not touched without consent', async () => {
    const world = new World(false);
    await world.up();
    await world.send({ type: 'STUCK', error: errorData('tor.circuits-stuck', 'tor', { failures: 10 }) });
    expect(world.state).toBe('online.up');
  });
});
