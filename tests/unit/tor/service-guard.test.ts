import { describe, expect, it } from 'vitest';
import { errorData, rbError, type ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { makeLogger, type LogRecord } from '@rustbalance/actors/kernel/logging.js';
import type { ConfLine } from '@rustbalance/actors/tor/control/conf-line.js';
import { toWireText } from '@rustbalance/actors/tor/control/wire-text.js';
import { ServiceGuard, type CoordinationPlan } from '@rustbalance/actors/tor/service-guard.js';
import { serviceConf, type OnionService } from '@rustbalance/actors/tor/service-lines.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

const service: OnionService = {
  directory: '/var/lib/tor/rb',
  ports: [{ virtual: 80, target: '127.0.0.1:8080' }],
  isInstance: true,
};
const coordination: OnionService = {
  directory: '/var/lib/tor/coordination',
  ports: [{ virtual: 7001, target: 'unix:/run/rb/datagrams.sock' }],
  isInstance: false,
};
const WIKI: readonly ConfLine[] = [
  { key: 'HiddenServiceDir', value: toWireText('/var/lib/tor/wiki') },
  { key: 'HiddenServicePort', value: toWireText('80 127.0.0.1:1') },
];

class World {
  readonly clock = new SimulatedClock(0);
  readonly logs: LogRecord[] = [];
  readonly found: (ErrorData | null)[] = [];
  readonly sent: (readonly ConfLine[])[] = [];
  has: readonly ConfLine[] = WIKI;
  fault: ErrorData | null = null;
  plan: CoordinationPlan = { kind: 'unknown' };
  coordinationFault: ErrorData | null = null;
  readonly coordinationFound: (readonly [string | null, boolean])[] = [];
  wasRead = 0;
  refuses = false;
  reads = 0;
  setUps = 0;
  readonly guard: ServiceGuard;

  constructor(maySet = true) {
    const trigger = startLevelTrigger(this.clock, (now) => this.guard.step(now));
    const take = async (lines: readonly ConfLine[]): Promise<void> => {
      if (this.refuses) throw rbError('control.option-rejected', 'tor', { status: 553, text: 'no' });
      this.sent.push(lines);
      this.has = lines.filter(({ value }) => value !== null);
    };
    this.guard = new ServiceGuard({
      log: makeLogger(
        'tor',
        () => 0,
        (record) => this.logs.push(record),
      ),
      instance: service,
      coordination: {
        prepare: async () => this.plan,
        wasRead: () => {
          this.wasRead++;
          if (this.plan.kind === 'served') this.plan = { ...this.plan, unread: 0 };
        },
        found: (fault, isServed) => this.coordinationFound.push([fault?.code ?? null, isServed]),
      },
      maySet,
      readServices: async () => {
        this.reads++;
        return this.has;
      },
      isPublishingOff: async () => false,
      directoryFault: async ({ directory }) =>
        directory === service.directory ? this.fault : this.coordinationFault,
      setConf: take,
      resetConf: take,
      settingUp: () => {
        this.setUps++;
      },
      found: (fault) => this.found.push(fault),
      poke: () => trigger.poke(),
    });
  }
}

describe("the guard of the instance's service", () => {
  it('adds it beside the others and sees that it is there', async () => {
    const world = new World();
    world.guard.begin();
    await world.clock.advance(10);
    expect(world.has).toEqual([...WIKI, ...serviceConf(service)]);
    expect(world.found).toEqual([null]);
    expect(world.setUps).toBe(1);
  });

  it('mends one of its lines without a new start of its points', async () => {
    const world = new World();
    const [directory, , instance] = serviceConf(service);
    world.has = [directory!, { key: 'HiddenServicePort', value: toWireText('80 127.0.0.1:9') }, instance!];
    world.guard.begin();
    await world.clock.advance(10);
    expect(world.has).toEqual(serviceConf(service));
    expect(world.setUps).toBe(0);
  });

  it('renews it also when a look is under way at that moment', async () => {
    const world = new World();
    world.guard.begin();
    await world.clock.advance(10);
    world.sent.length = 0;
    world.guard.look();
    world.guard.renew();
    await world.clock.advance(10);
    expect(world.sent).toHaveLength(2);
    expect(world.setUps).toBe(2);
  });

  it('looks again when told, and now and then by itself', async () => {
    const world = new World();
    world.guard.begin();
    await world.clock.advance(10);
    world.has = WIKI;
    world.guard.look();
    await world.clock.advance(10);
    expect(world.has).toHaveLength(5);
    world.has = WIKI;
    await world.clock.advance(61_000);
    expect(world.has).toHaveLength(5);
  });

  it('sees a change that comes while it is at work', async () => {
    const world = new World();
    world.guard.begin();
    await world.clock.advance(10);
    const { reads } = world;
    world.guard.look();
    world.guard.look();
    await world.clock.advance(10);
    expect(world.reads).toBeGreaterThan(reads);
  });

  it('sends nothing while the directory would make Tor exit, and tells once', async () => {
    const world = new World();
    world.fault = errorData('tor.directory-unusable', '/x', { directory: '/x', problem: 'p', remedy: 'r' });
    world.guard.begin();
    await world.clock.advance(60_000);
    expect(world.sent).toEqual([]);
    expect(world.found.at(-1)).toEqual(world.fault);
    expect(world.logs.filter(({ level }) => level === 'error')).toHaveLength(1);
    world.fault = null;
    await world.clock.advance(16_000);
    expect(world.found.at(-1)).toBeNull();
  });

  it('tries again ever after a refusal, but not in a loop', async () => {
    const world = new World();
    world.refuses = true;
    world.guard.begin();
    await world.clock.advance(600_000);
    expect(world.reads).toBeGreaterThan(30);
    expect(world.reads).toBeLessThan(60);
    world.refuses = false;
    await world.clock.advance(16_000);
    expect(world.found.at(-1)).toBeNull();
  });

  it('takes the service out and puts it back to renew it, and touches no other', async () => {
    const world = new World();
    world.guard.begin();
    await world.clock.advance(10);
    world.sent.length = 0;
    world.guard.renew();
    await world.clock.advance(10);
    expect(world.sent).toEqual([WIKI, [...WIKI, ...serviceConf(service)]]);
  });

  it('renews nothing on a Tor that it may not configure', async () => {
    const world = new World(false);
    world.has = [...WIKI, ...serviceConf(service)];
    world.guard.begin();
    await world.clock.advance(10);
    world.guard.renew();
    await world.clock.advance(10);
    expect(world.sent).toEqual([]);
  });

  it('does nothing after the connection has ended', async () => {
    const world = new World();
    world.guard.begin();
    await world.clock.advance(10);
    world.guard.end();
    world.guard.look();
    const { reads } = world;
    await world.clock.advance(600_000);
    expect(world.reads).toBe(reads);
  });
});

describe('the guard of the coordination service', () => {
  const served = { kind: 'served', service: coordination, unread: 1 } as const;
  const bad = errorData('tor.directory-unusable', '/x', { directory: '/x', problem: 'p', remedy: 'r' });
  const begun = async (world: World): Promise<World> => {
    world.guard.begin();
    await world.clock.advance(10);
    world.sent.length = 0;
    return world;
  };

  it("adds it when it is wanted, without a new start of the instance's points", async () => {
    const world = await begun(new World());
    world.plan = served;
    world.guard.look();
    await world.clock.advance(10);
    expect(world.has).toEqual([...WIKI, ...serviceConf(coordination), ...serviceConf(service)]);
    expect(world.setUps).toBe(1);
    expect(world.coordinationFound.at(-1)).toEqual([null, true]);
  });

  it('takes it out when it is not wanted any more, and leaves it while nobody has said', async () => {
    const world = new World();
    world.plan = served;
    await begun(world);
    world.plan = { kind: 'unknown' };
    world.guard.look();
    await world.clock.advance(10);
    expect(world.sent).toEqual([]);
    world.plan = { kind: 'absent', directory: coordination.directory };
    world.guard.look();
    await world.clock.advance(10);
    expect(world.sent).toEqual([[...WIKI, ...serviceConf(service)]]);
    expect(world.coordinationFound.at(-1)).toEqual([null, false]);
  });

  it('has Tor read its files once after each change, by the same configuration again', async () => {
    const world = new World();
    world.plan = served;
    await begun(world);
    const { has } = world;
    world.plan = served;
    world.guard.look();
    await world.clock.advance(10);
    world.guard.look();
    await world.clock.advance(10);
    expect(world.sent).toEqual([has]);
  });

  it('tells the operator of a Tor that it may not configure to reload it, once after each change, and sends nothing', async () => {
    const world = new World(false);
    world.has = [...serviceConf(coordination), ...serviceConf(service)];
    world.plan = served;
    await begun(world);
    await world.clock.advance(600_000);
    const told = (): (string | undefined)[] =>
      world.logs.filter(({ level }) => level === 'error').map(({ error }) => error?.code);
    expect(told()).toEqual(['tor.coordination-unread']);
    expect(world.logs.at(-1)?.error?.action).toContain('systemctl reload tor@default');
    expect(world.coordinationFound.at(-1)).toEqual(['tor.coordination-unread', false]);
    expect(world.found.at(-1)).toBeNull();
    world.plan = { ...served, unread: 2 };
    world.guard.look();
    await world.clock.advance(600_000);
    expect(told()).toEqual(['tor.coordination-unread', 'tor.coordination-unread']);
    expect([world.sent, world.wasRead]).toEqual([[], 0]);
    world.plan = { ...served, unread: 0 };
    world.guard.look();
    await world.clock.advance(10);
    expect(world.coordinationFound.at(-1)).toEqual([null, true]);
  });

  it('tells nobody to reload a Tor that has the files as they are', async () => {
    const world = new World(false);
    world.has = [...serviceConf(coordination), ...serviceConf(service)];
    world.plan = { ...served, unread: 0 };
    for (let starts = 0; starts < 3; starts++) await begun(world);
    expect(world.logs.filter(({ level }) => level === 'error')).toEqual([]);
    expect(world.coordinationFound.at(-1)).toEqual([null, true]);
  });

  it('names what would end a reloaded Tor before it has it reloaded', async () => {
    const world = new World(false);
    world.has = [...serviceConf(coordination), ...serviceConf(service)];
    world.plan = served;
    world.coordinationFault = bad;
    await begun(world);
    expect(world.coordinationFound).toEqual([[bad.code, false]]);
  });

  it('names the lines to remove where it is not wanted any more, with the reload that they need', async () => {
    const world = new World(false);
    world.has = [...serviceConf(coordination), ...serviceConf(service)];
    world.plan = { kind: 'absent', directory: coordination.directory };
    await begun(world);
    expect(world.coordinationFound).toEqual([['tor.coordination-surplus', false]]);
    expect(world.sent).toEqual([]);
  });

  it('says what is missing where it may not be set, and the instance serves on', async () => {
    const world = new World(false);
    world.has = [...WIKI, ...serviceConf(service)];
    world.plan = served;
    await begun(world);
    expect(world.found).toEqual([null]);
    expect(world.coordinationFound).toEqual([['tor.coordination-missing', false]]);
  });

  it('that is not fit for Tor is left out, and the instance is added all the same', async () => {
    const world = new World();
    world.plan = served;
    world.coordinationFault = bad;
    await begun(world);
    expect(world.has).toEqual([...WIKI, ...serviceConf(service)]);
    expect(world.found).toEqual([null]);
    expect(world.coordinationFound.at(-1)).toEqual([bad.code, false]);
  });
});
