import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ExpandedSecretKey, OnionAddress, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { TASKS } from '@rustbalance/crypto-worker/tasks.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { systemProcesses } from '@rustbalance/actors/tor/leftover-tor.js';
import { eventually } from '../support/eventually.js';
import { measured, measuring } from '../support/measured.js';
import { startTorActor, TestProcessHost, type TorActorHarness } from '../support/tor-actor-context.js';
import {
  controlOf,
  deadPoints,
  keysOf,
  liveRelays,
  managedConfig,
  nodeFolder,
  ownPoints,
  removeFolder,
  threePoints,
} from '../support/tor-actor-world.js';
import { knownToActor, untilCalm } from '../support/tor-network/calm.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';

let network: TorNetwork;
const folders: string[] = [];
const nodes: TorActorHarness[] = [];

beforeAll(async () => {
  network = await startTorNetwork({ relays: 9, consensusParams: { hsdir_spread_store: 1 } });
});
afterAll(() => network.stop());
afterEach(async () => {
  for (const node of nodes.splice(0)) {
    await node.stop();
    await node.host.stop();
  }
  await Promise.all(folders.splice(0).map(removeFolder));
});

const newConfig = async (extra: readonly string[] = []): Promise<Config> => {
  const folder = await nodeFolder();
  folders.push(folder);
  return managedConfig(network, folder, undefined, extra);
};
const start = async (config: Config, host?: TestProcessHost): Promise<TorActorHarness> => {
  const node = await startTorActor(host === undefined ? { config } : { config, host });
  nodes.push(node);
  return node;
};
const pidOf = (node: TorActorHarness): number => node.host.children.at(-1)?.pid ?? 0;

/** Waits for a time in which no rotation takes other points or HSDirs. */
const calm = (node: TorActorHarness): Promise<void> =>
  untilCalm({ network, knowledge: [knownToActor(node)], secs: 30 });

/** A Tor that is no child of this process, as after a daemon that was killed. Resolves when it has its pid file. */
const orphanTor = async (config: Config): Promise<number> => {
  const { torDataDir, torrc } = nodePaths(config);
  const command = `"$0" -f "$1" --defaults-torrc "$2" > /dev/null 2>&1 &`;
  const shell = spawn('sh', ['-c', command, network.programs.tor, torrc, join(torDataDir, 'torrc-defaults')]);
  await new Promise((resolve) => shell.once('close', resolve));
  return eventually(
    'the orphan runs and answers',
    async () => {
      const control = await controlOf(config);
      const pid = Number(await control.getInfo('process/pid'));
      control.close();
      return pid === Number(await readFile(join(torDataDir, 'tor.pid'), 'utf8')) ? pid : null;
    },
    { timeoutMs: 20_000 },
  );
};

describe('a managed Tor', () => {
  it('comes up from nothing, and its three points are those that Tor serves', async () => {
    const config = await newConfig();
    const node = await start(config);
    const own = await threePoints(node);
    expect(node.fact('tor.status')).toMatchObject({
      state: 'up',
      bootstrap: 100,
      version: '0.4.9.11',
      deaths: 0,
    });
    expect(own).toMatchObject({ create2Formats: [2], flowControl: '1-2 31' });
    const view = node.fact('tor.network')?.view;
    expect(view?.completeness).toMatchObject({ hsDirs: 12, hsDirsWithoutMicrodescriptor: 0 });
    expect(view?.votingIntervalSeconds).toBe(10);
    expect(view?.hsDirParams.spreadStore).toBe(1);
    const control = await controlOf(config);
    expect(deadPoints(own, await liveRelays(control))).toEqual([]);
    control.close();
  });

  it('uploads to named HSDirs, tells what each answered, and fetches what one holds', async () => {
    const seed = new Uint8Array(32).fill(77);
    const generated = TASKS.generateIdentity({ seed });
    if (!generated.ok) throw new Error(generated.detail);
    const { secret, publicKey, address } = generated.value;
    const folder = await nodeFolder();
    folders.push(folder);
    const node = await start(managedConfig(network, folder, address));
    await calm(node);
    const own = await threePoints(node);
    const view = node.fact('tor.network')?.view;
    const planned = TASKS.publicationPlan({ identity: publicKey, network: view! });
    if (!planned.ok) throw new Error(planned.detail);
    const slot = planned.value[planned.value.clientsUse];
    const hsdirs = [...new Set(slot.store.map(({ fingerprint }) => fingerprint))];
    const upload = async (n: number): Promise<string> => {
      const built = TASKS.buildDescriptors({
        masterSecret: secret as ExpandedSecretKey,
        periodLength: view!.hsDirParams.periodLength,
        now: Math.floor(Date.now() / 1000) as UnixSeconds,
        create2Formats: own.create2Formats,
        flowControl: own.flowControl,
        maxDescriptorSize: view!.hsDirParams.maxDescriptorSize,
        requests: [{ which: slot.which, timePeriod: slot.timePeriod, n, introductionPoints: own.points }],
      });
      if (!built.ok) throw new Error(built.detail);
      const descriptor = built.value[0]!.text;
      const before = node.answers.length;
      await node.actor.handlers['tor.upload']({ address, descriptor, hsdirs });
      await eventually('every HSDir has answered', () => node.answers.length === before + hsdirs.length, {
        timeoutMs: 20_000,
      });
      return descriptor;
    };
    const descriptor = await upload(1000);
    expect(node.answers.map(({ hsdir, accepted, reason }) => ({ hsdir, accepted, reason }))).toEqual(
      expect.arrayContaining(hsdirs.map((hsdir) => ({ hsdir, accepted: true, reason: null }))),
    );
    const held = await Promise.all(
      hsdirs.map((hsdir) => node.actor.handlers['tor.fetch']({ address, hsdir })),
    );
    expect(held).toEqual(hsdirs.map(() => ({ descriptor, reason: null })));
    await upload(1000);
    expect(node.answers.slice(hsdirs.length).map(({ accepted, reason }) => [accepted, reason])).toEqual(
      hsdirs.map(() => [false, 'UPLOAD_REJECTED']),
    );
    const nobody = `${'a'.repeat(52)}aaid` as OnionAddress;
    await expect(
      node.actor.handlers['tor.fetch']({ address: nobody, hsdir: hsdirs[0]! }),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/^control\./) as unknown,
    });
  });

  it('that is killed loses its points at once and has three new ones within seconds', async () => {
    const node = await start(await newConfig());
    const before = keysOf(await threePoints(node));
    process.kill(pidOf(node), 'SIGKILL');
    const killedAtMs = Date.now();
    const renewed = measuring('Tor is killed: three new introduction points');
    await eventually('no point is published', () => ownPoints(node)?.points.length === 0, {
      timeoutMs: 5_000,
      everyMs: 5,
    });
    await threePoints(node, before);
    renewed();
    const history = node.history('tor.introduction-points');
    const gone = history.find(({ payload, wallMs }) => wallMs >= killedAtMs && payload.points.length === 0);
    expect(gone!.wallMs - killedAtMs).toBeLessThan(2_000);
    measured('Tor is killed: its introduction points are taken back', (gone!.wallMs - killedAtMs) / 1000);
    expect(node.fact('tor.status')).toMatchObject({ state: 'up', deaths: 1 });
    expect(
      history.some(
        ({ payload, wallMs }) => wallMs > killedAtMs && keysOf(payload).some((key) => before.includes(key)),
      ),
    ).toBe(false);
  });

  it('that hangs loses its points, is killed and replaced', async () => {
    const node = await start(await newConfig());
    const before = keysOf(await threePoints(node));
    const pid = pidOf(node);
    process.kill(pid, 'SIGSTOP');
    const stoppedAtMs = Date.now();
    const renewed = measuring('Tor hangs: replaced, three new introduction points');
    await eventually('no point is published', () => ownPoints(node)?.points.length === 0, {
      timeoutMs: 30_000,
    });
    // The rest of 10 s is for the descriptor without them (tests/bench/tor-faults.ts).
    expect(node.history('tor.introduction-points').at(-1)!.wallMs - stoppedAtMs).toBeLessThan(8_000);
    measured(
      'Tor hangs: its introduction points are taken back',
      (node.history('tor.introduction-points').at(-1)!.wallMs - stoppedAtMs) / 1000,
    );
    expect(node.fact('tor.status')?.state).not.toBe('up');
    await threePoints(node, before);
    renewed();
    expect(pidOf(node)).not.toBe(pid);
    expect(node.logs.some(({ error }) => error?.code === 'tor.hung')).toBe(true);
  });

  it('goes on, points and all, when the actor is started anew', async () => {
    const config = await newConfig();
    const first = await start(config);
    await calm(first);
    const before = await threePoints(first);
    const pid = pidOf(first);
    await first.stop();
    const second = await start(config, first.host);
    // Those of a neighbouring period stand in where a slow HSDir shows these late.
    await eventually(
      'points of the same period are published',
      () => ownPoints(second)?.timePeriod === before.timePeriod,
      { timeoutMs: 60_000, everyMs: 10 },
    );
    expect(pidOf(second)).toBe(pid);
    const published = second.history('tor.introduction-points').map(({ payload }) => payload);
    expect(published.filter(({ points }) => points.length !== 3)).toEqual([]);
    expect(published.filter(({ timePeriod }) => timePeriod === before.timePeriod).map(keysOf)).toEqual([
      keysOf(before),
    ]);
    expect(second.fact('tor.status')?.instanceAddress).toBe(first.fact('tor.status')?.instanceAddress);
  });

  it('left behind by a daemon that was killed is gone on with, and ended with the daemon', async () => {
    const config = await newConfig();
    const first = await start(config);
    await threePoints(first);
    await first.stop();
    await first.host.stop();
    const pid = await orphanTor(config);
    const second = await start(config, new TestProcessHost());
    await threePoints(second);
    expect(second.host.orders).toEqual([]);
    expect(second.actor.inspect().context).toMatchObject({ adopted: true, pid });
    await second.stop();
    expect(await systemProcesses.look(pid)).toBeNull();
  });

  it('left behind with another configuration is ended and replaced', async () => {
    const config = await newConfig();
    const first = await start(config);
    await threePoints(first);
    await first.stop();
    await first.host.stop();
    const pid = await orphanTor(config);
    const changed = {
      ...config,
      tor: { ...config.tor, extra_torrc: [...config.tor.extra_torrc, 'NumCPUs 1'] },
    };
    const second = await start(changed, new TestProcessHost());
    await threePoints(second);
    expect(await systemProcesses.look(pid)).toBeNull();
    expect(pidOf(second)).not.toBe(pid);
  });

  it('left behind hanging is killed and replaced', async () => {
    const config = await newConfig();
    const first = await start(config);
    await threePoints(first);
    await first.stop();
    await first.host.stop();
    const pid = await orphanTor(config);
    process.kill(pid, 'SIGSTOP');
    const second = await start(config, new TestProcessHost());
    await threePoints(second);
    expect(await systemProcesses.look(pid)).toBeNull();
  });

  it('that cannot start says why, is tried again ever more slowly, and comes up once that is mended', async () => {
    const config = await newConfig(['NoSuchOption 1']);
    const node = await start(config);
    const loud = await eventually(
      'the operator is told',
      () => node.logs.find(({ error }) => error?.code === 'tor.keeps-ending'),
      { timeoutMs: 30_000 },
    );
    expect(loud.error?.what).toMatch(/NoSuchOption|Reading config failed/);
    expect(node.fact('tor.status')).toMatchObject({ state: 'down', bootstrap: 0 });
    expect(node.host.orders).toHaveLength(4);
    await node.stop();
    const mended = { ...config, tor: { ...config.tor, extra_torrc: [...network.commonTorrc] } };
    const second = await start(mended, node.host);
    await threePoints(second);
  });

  it('sets its service up anew on a reload of its torrc without losing a point', async () => {
    const config = await newConfig();
    const node = await start(config);
    await calm(node);
    const before = keysOf(await threePoints(node));
    const publications = node.history('tor.introduction-points').length;
    const control = await controlOf(config);
    await control.subscribe('SIGNAL');
    const reloaded = control.nextEvent('the reload', 10_000, ({ keyword, text }) =>
      keyword === 'SIGNAL' && text.startsWith('RELOAD') ? true : undefined,
    );
    await control.command('SIGNAL RELOAD');
    await reloaded;
    await eventually('the service is looked at again', async () => (await liveRelays(control)).size >= 3, {
      timeoutMs: 5_000,
    });
    expect(keysOf(ownPoints(node))).toEqual(before);
    expect(
      node
        .history('tor.introduction-points')
        .slice(publications)
        .filter(({ payload }) => payload.points.length < 3),
    ).toEqual([]);
    control.close();
  });
});
