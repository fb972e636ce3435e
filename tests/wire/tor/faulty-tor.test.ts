import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import type { TorActorHarness } from '../../support/tor-actor-context.js';
import { keysOf, ownPoints } from '../../support/tor-actor-world.js';
import { startFakeTor, type FakeTor, type FakeTorOptions } from './fake-tor.js';

const worlds: FakeTor[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

const DEBIAN_UNITS = [
  'Id=rustbalance-tor.service\nLoadState=not-found\nUnitFileState=\n',
  'Id=tor@default.service\nLoadState=loaded\nUnitFileState=static\n',
  'Id=tor.service\nLoadState=loaded\nUnitFileState=enabled\n',
].join('\n');

const soon = { timeoutMs: 25_000, everyMs: 10 };
const newWorld = async (options: FakeTorOptions = {}): Promise<FakeTor> => {
  const world = await startFakeTor(options);
  worlds.push(world);
  return world;
};
const restartable = { units: DEBIAN_UNITS, tor: { restart_service: true } };
const tor = (node: TorActorHarness) => node.fact('tor.status');
const hasPoints = (node: TorActorHarness, count: number): Promise<boolean> =>
  eventually(`${String(count)} points are published`, () => keysOf(ownPoints(node)).length === count, soon);
const isUp = (node: TorActorHarness): Promise<boolean> =>
  eventually('Tor is up', () => tor(node)?.state === 'up', soon);
const inTrouble = (node: TorActorHarness, trouble: string): Promise<boolean> =>
  eventually(`its trouble is ${trouble}`, () => tor(node)?.trouble === trouble, soon);
const isRestarted = (world: FakeTor): Promise<boolean> =>
  eventually('its unit is restarted', () => world.systemctl.some((args) => args.includes('restart')), soon);
/** Answers nothing from here on, neither on this connection nor on the next. */
const hang = (world: FakeTor): void => {
  world.fake.misbehave('GETINFO', 'mute');
  world.fake.misbehave('PROTOCOLINFO', 'mute');
};

describe('a Tor that stops answering', () => {
  it('is doubted first: its points are taken back, and come again when it answers after all', async () => {
    const world = await newWorld({ speed: 5 });
    const node = await world.start();
    await hasPoints(node, 3);
    await isUp(node);
    world.fake.stall();
    await inTrouble(node, 'unanswered');
    expect(ownPoints(node)?.points).toEqual([]);
    expect(tor(node)?.state).toBe('connecting');
    world.fake.answerLate();
    await hasPoints(node, 3);
    expect(tor(node)).toMatchObject({ state: 'up', trouble: null, deaths: 0 });
  });

  it('for good has its unit killed and restarted, and is used again', async () => {
    const world = await newWorld({ ...restartable, speed: 5 });
    const node = await world.start();
    await hasPoints(node, 3);
    await isUp(node);
    hang(world);
    await isRestarted(world);
    expect(world.systemctl.slice(1)).toEqual([
      'kill --signal=SIGKILL tor@default.service',
      'reset-failed tor@default.service',
      '--no-block restart tor@default.service',
    ]);
    expect(ownPoints(node)?.points).toEqual([]);
    await world.comeBack();
    await isUp(node);
    await hasPoints(node, 3);
  });

  it('for good, as our own user where systemd takes no orders of ours, is killed for its unit to start another', async () => {
    const world = await newWorld({ tor: { restart_service: true }, speed: 5 });
    const program = join(world.folder, 'tor');
    await copyFile('/bin/sleep', program);
    await chmod(program, 0o700);
    const hanging = spawn(program, ['600'], { stdio: 'ignore' });
    const ended = once(hanging, 'exit');
    world.fake.info.set('process/pid', String(hanging.pid));
    const node = await world.start();
    await isUp(node);
    hang(world);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  it('for good, and whose number is another program’s by now, costs nobody his process', async () => {
    const world = await newWorld({ tor: { restart_service: true }, speed: 10 });
    const bystander = spawn('/bin/sleep', ['600'], { stdio: 'ignore' });
    world.fake.info.set('process/pid', String(bystander.pid));
    const node = await world.start();
    await isUp(node);
    hang(world);
    await eventually(
      'the operator is told',
      () => node.logs.some(({ error }) => error?.code === 'tor.unit-not-restarted'),
      soon,
    );
    expect([bystander.exitCode, bystander.signalCode]).toEqual([null, null]);
    bystander.kill('SIGKILL');
  });

  it('is only looked for where its unit may not be restarted', async () => {
    const world = await newWorld({ units: DEBIAN_UNITS, speed: 10 });
    const node = await world.start();
    await isUp(node);
    await world.fake.close();
    await eventually(
      'it was looked for often',
      () => {
        const { attempts } = node.actor.inspect().context as { attempts: number };
        return attempts > 8;
      },
      soon,
    );
    expect(world.systemctl).toEqual([]);
  });
});

describe('a Tor that dies', () => {
  it('and does not come back within ten seconds has its unit restarted', async () => {
    const world = await newWorld({ ...restartable, speed: 5 });
    const node = await world.start();
    await isUp(node);
    await world.fake.close();
    await isRestarted(world);
    expect(world.systemctl.some((args) => args.startsWith('kill'))).toBe(false);
  });

  it('is told once when its unit cannot be restarted', async () => {
    const world = await newWorld({ units: '', tor: { restart_service: true }, speed: 10 });
    const node = await world.start();
    await isUp(node);
    await world.fake.close();
    await eventually(
      'the operator is told',
      () => node.logs.some(({ error }) => error?.code === 'tor.unit-not-restarted'),
      soon,
    );
  });
});

describe('a Tor that answers and does not get on', () => {
  const failed = (id: number): string =>
    `650 CIRC ${String(id)} FAILED $${'1'.repeat(40)}~guard BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL REASON=TIMEOUT\r\n`;
  const failMany = (world: FakeTor): void => {
    for (let id = 100; id < 112; id++) world.fake.push('CIRC', failed(id));
  };
  const built = `650 CIRC 200 BUILT $${'1'.repeat(40)}~guard,$${'2'.repeat(40)}~last PURPOSE=GENERAL\r\n`;

  it('for want of circuits is left out until it builds one', async () => {
    const world = await newWorld({ speed: 20 });
    world.fake.info.set('orconn-status', `$${'1'.repeat(40)}~guard CONNECTED`);
    const node = await world.start();
    await hasPoints(node, 3);
    await isUp(node);
    failMany(world);
    await inTrouble(node, 'circuits-stuck');
    expect(ownPoints(node)?.points).toEqual([]);
    expect(tor(node)?.state).toBe('up');
    world.fake.push('CIRC', built);
    await hasPoints(node, 3);
    expect(tor(node)?.trouble).toBeNull();
  });

  it('for want of circuits has its unit restarted', async () => {
    const world = await newWorld({ ...restartable, speed: 20 });
    world.fake.info.set('orconn-status', `$${'1'.repeat(40)}~guard CONNECTED`);
    const node = await world.start();
    await isUp(node);
    failMany(world);
    await isRestarted(world);
    expect(world.systemctl.some((args) => args.startsWith('kill'))).toBe(false);
  });

  it('for want of a network is told from that, and nothing is restarted', async () => {
    const world = await newWorld({ ...restartable, speed: 20 });
    world.fake.info.set('orconn-status', `$${'1'.repeat(40)}~guard LAUNCHED`);
    const node = await world.start();
    await isUp(node);
    failMany(world);
    await inTrouble(node, 'no-network');
    const looks = (): number => world.fake.received.filter(({ args }) => args === 'orconn-status').length;
    await eventually('it was looked again', () => looks() > 4, soon);
    expect(world.systemctl).toEqual([]);
  }, 120_000);

  it('with its bootstrap has its unit restarted, and nothing happens before', async () => {
    const world = await newWorld({ ...restartable, speed: 20 });
    const phase = (percent: number): void =>
      void world.fake.info.set(
        'status/bootstrap-phase',
        `NOTICE BOOTSTRAP PROGRESS=${String(percent)} TAG=loading_descriptors SUMMARY="Loading"`,
      );
    world.fake.info.set('orconn-status', `$${'1'.repeat(40)}~guard CONNECTED`);
    phase(50);
    const node = await world.start();
    await eventually('it bootstraps', () => tor(node)?.bootstrap === 50, soon);
    await isRestarted(world);
    expect(node.logs.some(({ error }) => error?.code === 'tor.bootstrap-stuck')).toBe(true);
    phase(100);
    await world.comeBack();
    await isUp(node);
    expect(tor(node)?.trouble).toBeNull();
  }, 120_000);
});
