import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { eventually } from '../support/eventually.js';
import { measuring } from '../support/measured.js';
import { startSocketRelay } from '../support/socket-relay.js';
import { startTorActor, testConfig, type TorActorHarness } from '../support/tor-actor-context.js';
import {
  deadPoints,
  keysOf,
  liveRelays,
  nodeFolder,
  ownPoints,
  removeFolder,
  SOME_MASTER,
  threePoints,
} from '../support/tor-actor-world.js';
import { knownTo, untilCalm } from '../support/tor-network/calm.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import type { TorProcess } from '../support/tor-network/tor-process.js';

let network: TorNetwork;
const folders: string[] = [];
const nodes: TorActorHarness[] = [];
const tors: TorProcess[] = [];
let names = 0;

beforeAll(async () => {
  network = await startTorNetwork({ relays: 9, consensusParams: { hsdir_spread_store: 1 } });
});
afterAll(() => network.stop());
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.stop();
  for (const tor of tors.splice(0)) await tor.stop();
  await Promise.all(folders.splice(0).map(removeFolder));
});

interface SystemTor {
  readonly tor: TorProcess;
  /** HiddenServiceDir of our instance on it. */
  readonly instanceDir: string;
  readonly config: (over?: Record<string, unknown>) => Config;
}

/** A Tor as a system has it, with an onion service of somebody else's. */
const systemTor = async (): Promise<SystemTor> => {
  const folder = await nodeFolder();
  folders.push(folder);
  const name = `system${String(names++)}`;
  const wiki = join(folder, 'wiki');
  const instanceDir = join(folder, 'instance');
  await mkdir(wiki, { mode: 0o700 });
  const torrc = ['SocksPort 0', `HiddenServiceDir ${wiki}`, 'HiddenServicePort 80 127.0.0.1:9'];
  const tor = await network.spawnTor({ name, torrc });
  tors.push(tor);
  return {
    tor,
    instanceDir,
    config: (over = {}) =>
      testConfig({
        node: { state_dir: join(folder, 's'), run_dir: join(folder, 'r'), hidden_service_dir: instanceDir },
        master: { onion_address: `${SOME_MASTER}.onion` },
        tor: { mode: 'system', control_socket: tor.controlSocket, configure_service: true, ...over },
      }),
  };
};

const start = async (config: Config): Promise<TorActorHarness> => {
  const node = await startTorActor({ config });
  nodes.push(node);
  return node;
};

const services = async (tor: TorProcess): Promise<string[]> => {
  const reply = await (await tor.control()).command('GETCONF HiddenServiceOptions');
  return reply.lines.map(({ text }) => text).filter((text) => text.startsWith('HiddenServiceDir'));
};

describe("a system's Tor, with the operator's consent", () => {
  it('gets our service beside the one that it has', async () => {
    const { tor, instanceDir, config } = await systemTor();
    const node = await start(config());
    const own = await threePoints(node);
    const directories = await services(tor);
    expect(directories).toHaveLength(2);
    expect(directories.some((line) => line.endsWith('/wiki'))).toBe(true);
    expect(directories.some((line) => line.endsWith(instanceDir))).toBe(true);
    expect(deadPoints(own, await liveRelays(await tor.control()))).toEqual([]);
    expect(node.fact('tor.status')).toMatchObject({ state: 'up', socks: '127.0.0.1:9050' });
  });

  it('gets it again when a reload has forgotten it', async () => {
    const { tor, config } = await systemTor();
    const node = await start(config());
    const before = keysOf(await threePoints(node));
    await tor.kill('SIGHUP');
    await eventually(
      'the points are gone or replaced',
      () => keysOf(ownPoints(node)).join() !== before.join(),
      {
        timeoutMs: 20_000,
        everyMs: 10,
      },
    );
    await threePoints(node, before);
    expect(await services(tor)).toHaveLength(2);
    expect(node.fact('tor.status')?.state).toBe('up');
  });

  it('whose control connection alone ends is connected to again at once, and keeps every point', async () => {
    const { tor, config } = await systemTor();
    const folder = await nodeFolder();
    folders.push(folder);
    const path = join(folder, 'control.sock');
    const relay = await startSocketRelay(path, tor.controlSocket);
    const node = await start(config({ control_socket: path }));
    await untilCalm({ network, knowledge: [knownTo(tor)], secs: 30 });
    await threePoints(node);
    const points = node.history('tor.introduction-points').length;
    for (let times = 0; times < 5; times++) {
      const back = measuring('the control connection alone ends: connected again, every point kept');
      const states = node.history('tor.status').length;
      expect(relay.cut()).toBeGreaterThan(0);
      // It may be back before anybody looks.
      await eventually(
        'it is noticed',
        () =>
          node
            .history('tor.status')
            .slice(states)
            .some(({ payload }) => payload.state !== 'up'),
        { timeoutMs: 5_000, everyMs: 1 },
      );
      await eventually('Tor is up', () => node.fact('tor.status')?.state === 'up', {
        timeoutMs: 20_000,
        everyMs: 5,
      });
      back();
    }
    expect(node.history('tor.introduction-points')).toHaveLength(points);
    await relay.close();
  });

  it('gets it again when Tor was killed and came back', async () => {
    const { tor, config } = await systemTor();
    const node = await start(config());
    const before = keysOf(await threePoints(node));
    await tor.kill('SIGKILL');
    await eventually('no point is published', () => ownPoints(node)?.points.length === 0, {
      timeoutMs: 10_000,
    });
    expect(node.fact('tor.status')?.state).not.toBe('up');
    await tor.start();
    await threePoints(node, before);
    expect(await services(tor)).toHaveLength(2);
  });

  it('keeps every point when the actor is started anew', async () => {
    const { tor, config } = await systemTor();
    const first = await start(config());
    await untilCalm({ network, knowledge: [knownTo(tor)], secs: 30 });
    const before = await threePoints(first);
    await first.stop();
    const second = await start(config());
    // Those of a neighbouring period stand in where a slow HSDir shows these late.
    const again = await eventually(
      'points of the same period are published',
      () => (ownPoints(second)?.timePeriod === before.timePeriod ? ownPoints(second) : null),
      { timeoutMs: 60_000, everyMs: 10 },
    );
    expect(keysOf(again)).toEqual(keysOf(before));
  });

  it('goes on serving when our service is set up in a directory that would make it exit', async () => {
    const { tor, instanceDir, config } = await systemTor();
    const node = await start(config());
    await threePoints(node);
    await removeFolder(instanceDir);
    await mkdir(instanceDir, { mode: 0o755 });
    await tor.kill('SIGHUP');
    const told = await eventually(
      'the operator is told',
      () => node.logs.find(({ error }) => error?.code === 'tor.directory-unusable'),
      { timeoutMs: 20_000 },
    );
    expect(told.error?.what).toContain('0755');
    expect(tor.isRunning).toBe(true);
    expect(await services(tor)).toHaveLength(1);
    expect(node.fact('tor.status')?.state).toBe('configuring');
  });
});

describe("a system's Tor whose torrc is the operator's", () => {
  it('is told by the line what is missing, and left as it is', async () => {
    const { tor, instanceDir, config } = await systemTor();
    const node = await start(config({ configure_service: false }));
    const told = await eventually(
      'the operator is told',
      () => node.logs.find(({ error }) => error?.code === 'tor.service-missing'),
      { timeoutMs: 20_000 },
    );
    for (const line of [
      `HiddenServiceDir ${instanceDir}`,
      'HiddenServicePort 80 unix:',
      'HiddenServiceOnionBalanceInstance 1',
    ]) {
      expect(told.error?.what).toContain(line);
    }
    expect(await services(tor)).toHaveLength(1);
    expect(node.fact('tor.status')?.state).toBe('configuring');
  });

  it('is up as soon as the operator has added the lines and reloaded it', async () => {
    const { tor, instanceDir, config } = await systemTor();
    const settings = config({ configure_service: false });
    const node = await start(settings);
    await eventually('it waits for the service', () => node.fact('tor.status')?.state === 'configuring', {
      timeoutMs: 20_000,
    });
    const wanted = [
      `HiddenServiceDir ${instanceDir}`,
      `HiddenServicePort 80 unix:${settings.node.run_dir}/proxy.sock`,
      'HiddenServiceOnionBalanceInstance 1',
    ];
    await tor.reconfigure([...network.commonTorrc, 'SocksPort 0', ...wanted]);
    await threePoints(node);
    expect(node.fact('tor.status')?.state).toBe('up');
  });
});
