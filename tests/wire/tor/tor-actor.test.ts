import { chmod, rm } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import { pointKey } from '@rustbalance/actors/tor/intro-point-view.js';
import { TOR_CAPTURE } from '@rustbalance/tests/vectors/tor-0.4.9.11.js';
import { eventually } from '../../support/eventually.js';
import type { TorActorHarness } from '../../support/tor-actor-context.js';
import { keysOf, ownPoints, SOME_MASTER } from '../../support/tor-actor-world.js';
import {
  currentPoints,
  descNext,
  instanceOptions,
  instanceAddress,
  introCircuit,
  nextPoints,
  nextRing,
  plan,
  relaysOf,
  startFakeTor,
  WIKI,
  type FakeTor,
  type FakeTorOptions,
} from './fake-tor.js';

const worlds: FakeTor[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});
const newWorld = async (options: FakeTorOptions = {}): Promise<FakeTor> => {
  const world = await startFakeTor(options);
  worlds.push(world);
  return world;
};

const soon = { timeoutMs: 20_000, everyMs: 10 };
const isUp = (node: TorActorHarness): Promise<boolean> =>
  eventually('Tor is up', () => node.fact('tor.status')?.state === 'up', soon);
const isTold = (node: TorActorHarness, code: string): Promise<unknown> =>
  eventually(`the operator is told ${code}`, () => node.logs.some(({ error }) => error?.code === code), soon);
const commands = (world: FakeTor, keyword: string): readonly string[] =>
  world.fake.received.filter((command) => command.keyword === keyword).map(({ args }) => args);
const directories = (world: FakeTor): string[] =>
  world.fake.configuration.services.filter(({ key }) => key === 'HiddenServiceDir').map(({ value }) => value);
const sorted = (points: readonly Parameters<typeof pointKey>[0][]): string[] => points.map(pointKey).sort();

describe('a system Tor that serves others, too', () => {
  it('gets our service added to theirs, with one SETCONF that names all', async () => {
    const world = await newWorld();
    await isUp(await world.start());
    expect(directories(world)).toEqual(['/var/lib/tor/wiki', world.instanceDir]);
    expect(world.fake.configuration.services.slice(0, 2)).toEqual(WIKI);
    expect(commands(world, 'SETCONF')).toHaveLength(1);
  });

  it.each([true, false])(
    'is sent nothing when our service is in its torrc already (consent: %s)',
    async (consent) => {
      const torrc = (folder: string) => [...WIKI, ...instanceOptions(folder)];
      const world = await newWorld({ torrc, tor: { configure_service: consent } });
      await isUp(await world.start());
      expect(commands(world, 'SETCONF')).toEqual([]);
    },
  );

  it('gets it again at once when a reload has forgotten it', async () => {
    const world = await newWorld();
    await isUp(await world.start());
    world.fake.reload();
    expect(directories(world)).toEqual(['/var/lib/tor/wiki']);
    await eventually('it is there again', () => directories(world).length === 2, {
      timeoutMs: 5_000,
      everyMs: 5,
    });
  });

  it('gets it again when another controller has replaced all services', async () => {
    const world = await newWorld();
    await isUp(await world.start());
    world.fake.configuration.set(
      'HiddenServiceDir=/var/lib/tor/blog HiddenServicePort="80 127.0.0.1:1"',
      false,
    );
    world.fake.push(
      'CONF_CHANGED',
      '650-CONF_CHANGED\r\n650-HiddenServiceDir=/var/lib/tor/blog\r\n650 OK\r\n',
    );
    await eventually('it is there again', () => directories(world).length === 2, {
      timeoutMs: 5_000,
      everyMs: 5,
    });
    expect(directories(world)).toEqual(['/var/lib/tor/blog', world.instanceDir]);
  });

  it('is left alone, and the operator told the lines, without consent', async () => {
    const world = await newWorld({ tor: { configure_service: false } });
    const node = await world.start();
    await isTold(node, 'tor.service-missing');
    expect(commands(world, 'SETCONF')).toEqual([]);
    expect(node.fact('tor.status')?.state).toBe('configuring');
  });

  it('is never sent a directory on which it would exit', async () => {
    const world = await newWorld();
    const node = await world.start();
    await isUp(node);
    await chmod(world.instanceDir, 0o755);
    world.fake.reload();
    await isTold(node, 'tor.directory-unusable');
    expect(directories(world)).toEqual(['/var/lib/tor/wiki']);
    await chmod(world.instanceDir, 0o700);
    await eventually('it is added once that is mended', () => directories(world).length === 2, soon);
  });

  it('is never sent a directory without the file that makes the service an instance', async () => {
    const world = await newWorld();
    const node = await world.start();
    await isUp(node);
    await rm(`${world.instanceDir}/ob_config`);
    world.fake.reload();
    await isTold(node, 'tor.instance-files');
    expect(directories(world)).toEqual(['/var/lib/tor/wiki']);
  });

  it('that refuses the service is asked again, and the operator told why', async () => {
    const world = await newWorld();
    world.fake.misbehave('SETCONF', { raw: '513 Unacceptable option value: Failed to configure\r\n' });
    const node = await world.start();
    await isTold(node, 'control.option-rejected');
    await isUp(node);
    expect(directories(world)).toHaveLength(2);
  });

  it('that publishes no descriptors at all is reported', async () => {
    const world = await newWorld({
      torrc: () => [...WIKI, { key: 'PublishHidServDescriptors', value: '0' }],
    });
    await isTold(await world.start(), 'tor.publishing-off');
  });
});

describe('a system Tor that goes away', () => {
  it('between SETCONF and the first descriptor gets the service again when it is back', async () => {
    const world = await newWorld();
    world.fake.unavailable.set(`hs/service/desc/id/${instanceAddress}`, 'Not found in cache');
    world.fake.info.delete(`hs/service/desc/id/${instanceAddress}`);
    world.fake.info.set('circuit-status', '');
    for (const hsdir of nextRing) world.fake.fetches.delete(hsdir);
    const node = await world.start();
    await eventually('the service is set', () => commands(world, 'SETCONF').length === 1, soon);
    expect(ownPoints(node)?.points ?? []).toEqual([]);
    await world.comeBack();
    await eventually('the points are published', () => keysOf(ownPoints(node)).length === 3, soon);
    await eventually('the service is set again', () => directories(world).length === 2, soon);
    await isUp(node);
  });

  it('loses its points at once, and is reached again whenever it returns', async () => {
    const world = await newWorld();
    const node = await world.start();
    await eventually('the points are published', () => keysOf(ownPoints(node)).length === 3, soon);
    await world.fake.close();
    await eventually('no point is published', () => ownPoints(node)?.points.length === 0, soon);
    await eventually('it is down', () => node.fact('tor.status')?.state === 'down', soon);
    await expect(
      node.actor.handlers['tor.upload']({
        address: SOME_MASTER,
        descriptor: 'hs-descriptor 3\n',
        hsdirs: nextRing,
      }),
    ).rejects.toMatchObject({ code: 'tor.not-up' });
    await world.comeBack();
    await isUp(node);
    await eventually('the points are published', () => keysOf(ownPoints(node)).length === 3, soon);
  });

  it('keeps its points when only the connection was cut', async () => {
    const world = await newWorld();
    const node = await world.start();
    await eventually('the points are published', () => keysOf(ownPoints(node)).length === 3, soon);
    const before = node.history('tor.introduction-points').length;
    world.fake.dropConnections();
    await eventually('the connection is there again', () => world.fake.connections === 1, soon);
    await isUp(node);
    expect(node.history('tor.introduction-points')).toHaveLength(before);
  });

  it.each(['close-mid-reply', 'unknown-status', 'twice', 'close', 'endless-line'] as const)(
    'or breaks the protocol (%s) is connected to anew',
    async (how) => {
      const world = await newWorld();
      world.fake.misbehave('GETINFO', how);
      const node = await world.start();
      await isUp(node);
      expect(node.actor.alive()).toBe(true);
    },
  );

  it('that takes our password is used, and the password is shown nowhere', async () => {
    const password = 'correct horse battery';
    const world = await newWorld({ control: { authentication: { password } }, password });
    const node = await world.start();
    await isUp(node);
    expect(JSON.stringify([node.logs, node.actor.inspect(), node.fact('tor.status')])).not.toContain(
      password,
    );
  });

  it('that wants another password is reported, and the password is shown nowhere', async () => {
    const password = 'correct horse battery';
    const world = await newWorld({ control: { authentication: { password: 'another' } }, password });
    const node = await world.start();
    await isTold(node, 'control.auth-password-wrong');
    expect(node.fact('tor.status')?.state).not.toBe('up');
    expect(node.fact('tor.status')?.trouble).toBe('refused');
    expect(JSON.stringify([node.logs, node.actor.inspect(), node.fact('tor.status')])).not.toContain(
      password,
    );
  });
});

describe('the points of the instance', () => {
  it('between time period and SRV are desc_next, read from its HSDirs', async () => {
    const world = await newWorld();
    const node = await world.start();
    await eventually('the points are published', () => keysOf(ownPoints(node)).length === 3, soon);
    expect(keysOf(ownPoints(node))).toEqual(sorted(nextPoints));
    expect(ownPoints(node)?.timePeriod).toBe(plan.second.timePeriod);
    for (const args of commands(world, 'HSFETCH')) expect(args).toMatch(/^[a-z2-7]{56} SERVER=[0-9A-F]{40}$/);
  });

  it('are the newest that any HSDir holds', async () => {
    const world = await newWorld();
    for (const [i, hsdir] of nextRing.entries()) {
      const isOld = i % 2 === 0;
      world.fake.fetches.set(hsdir, {
        descriptor: isOld ? descNext([currentPoints[0]!], 60) : descNext(nextPoints, 0),
      });
    }
    const node = await world.start();
    await eventually('the points are published', () => keysOf(ownPoints(node)).length === 3, soon);
    expect(keysOf(ownPoints(node))).toEqual(sorted(nextPoints));
  });

  it('are those of desc_current when no HSDir of desc_next answers', async () => {
    const world = await newWorld();
    for (const hsdir of nextRing) world.fake.fetches.set(hsdir, 'silent');
    const node = await world.start();
    await eventually('the points are published', () => keysOf(ownPoints(node)).length === 3, soon);
    expect(keysOf(ownPoints(node))).toEqual(sorted(currentPoints));
  });

  it('are dropped one by one as their circuits close', async () => {
    const world = await newWorld();
    const node = await world.start();
    await eventually('the points are published', () => keysOf(ownPoints(node)).length === 3, soon);
    const [relay] = relaysOf(currentPoints);
    const line = introCircuit(1, relay!).replace(' BUILT ', ' CLOSED ');
    world.fake.push('CIRC', `650 CIRC ${line} REASON=DESTROYED REMOTE_REASON=CHANNEL_CLOSED\r\n`);
    await eventually('one is gone', () => keysOf(ownPoints(node)).length === 2, {
      timeoutMs: 5_000,
      everyMs: 2,
    });
  });

  it('are made anew when too few of them have lived for a while, without touching the other service', async () => {
    const world = await newWorld({ speed: 10 });
    world.fake.info.set('circuit-status', introCircuit(1, relaysOf(currentPoints)[0]!));
    const node = await world.start();
    await isTold(node, 'tor.too-few-points');
    await eventually('the service is out and in again', () => commands(world, 'SETCONF').length === 3, soon);
    const [, without, again] = commands(world, 'SETCONF');
    expect(without).toBe('HiddenServiceDir="/var/lib/tor/wiki" HiddenServicePort="80 127.0.0.1:8080"');
    expect(again).toContain(without);
    expect(directories(world)).toEqual(['/var/lib/tor/wiki', world.instanceDir]);
  });

  it('are not taken from a descriptor that is garbage, truncated, or of somebody else', async () => {
    const world = await newWorld();
    const good = descNext();
    const bad = [
      'garbage\n',
      good.slice(0, good.length / 2),
      good.replace('revision-counter ', 'revision-counter 9'),
    ];
    for (const [i, hsdir] of nextRing.entries())
      world.fake.fetches.set(hsdir, { descriptor: bad[i % bad.length]! });
    world.fake.info.set(`hs/service/desc/id/${instanceAddress}`, 'hs-descriptor 3\ngarbage\n');
    const node = await world.start();
    await isUp(node);
    await eventually(
      'every HSDir was asked',
      () => commands(world, 'HSFETCH').length >= nextRing.length,
      soon,
    );
    expect(ownPoints(node)).toBeUndefined();
    expect(node.actor.alive()).toBe(true);
  });
});

describe('the network', () => {
  it('is published with the periods of a testing network', async () => {
    const world = await newWorld();
    const node = await world.start();
    const view = await eventually('a view is published', () => node.fact('tor.network')?.view, soon);
    expect(view.hsDirParams).toMatchObject({ periodLength: 4, spreadStore: 2 });
    expect(view.completeness.hsDirsWithoutMicrodescriptor).toBe(0);
  });

  it('is read again when a consensus arrives', async () => {
    const world = await newWorld();
    const node = await world.start();
    await eventually('a view is published', () => node.fact('tor.network')?.view, soon);
    const later = TOR_CAPTURE.consensus.replace(
      'valid-after 2026-11-21 03:03:05',
      'valid-after 2026-11-21 03:03:06',
    );
    world.fake.info.set('dir/status-vote/current/consensus-microdesc', later);
    world.fake.push('STATUS_CLIENT', '650 STATUS_CLIENT NOTICE CONSENSUS_ARRIVED\r\n');
    await eventually('the new one is published', () => node.history('tor.network').length === 2, soon);
  });

  it('without shared random values is published as it is: the fallback values stand in', async () => {
    const world = await newWorld();
    const bare = TOR_CAPTURE.consensus.replace(/^shared-rand-.*\n/gm, '');
    world.fake.info.set('dir/status-vote/current/consensus-microdesc', bare);
    const node = await world.start();
    const view = await eventually('a view is published', () => node.fact('tor.network')?.view, soon);
    expect([view.sharedRandomCurrent, view.sharedRandomPrevious]).toEqual([null, null]);
    expect(node.actor.alive()).toBe(true);
  });

  it('is none while microdescriptors of HSDirs are missing, and whole as soon as they are there', async () => {
    const world = await newWorld();
    const half = TOR_CAPTURE.microdescriptors.length / 2;
    world.fake.info.set('md/all', TOR_CAPTURE.microdescriptors.slice(0, half));
    const node = await world.start();
    await eventually('no view is published', () => node.fact('tor.network')?.view === null, soon);
    expect(commands(world, 'HSFETCH')).toEqual([]);
    world.fake.info.set('md/all', TOR_CAPTURE.microdescriptors);
    await eventually('a view is published', () => node.fact('tor.network')?.view, soon);
    await eventually('the points are published', () => keysOf(ownPoints(node)).length === 3, soon);
  });

  it('is waited for while Tor has no consensus', async () => {
    const world = await newWorld();
    world.fake.info.delete('dir/status-vote/current/consensus-microdesc');
    world.fake.unavailable.set(
      'dir/status-vote/current/consensus-microdesc',
      'Could not open cached consensus',
    );
    const node = await world.start();
    await isUp(node);
    world.fake.unavailable.delete('dir/status-vote/current/consensus-microdesc');
    world.fake.info.set('dir/status-vote/current/consensus-microdesc', TOR_CAPTURE.consensus);
    await eventually('a view is published', () => node.fact('tor.network')?.view, soon);
  });
});

describe('uploads and fetches', () => {
  const upload = (node: TorActorHarness, hsdirs: readonly RelayFingerprint[]): Promise<unknown> =>
    node.actor.handlers['tor.upload']({
      address: SOME_MASTER,
      descriptor: 'hs-descriptor 3\n.dot\n',
      hsdirs,
    });

  it('name every HSDir, and each answers for itself', async () => {
    const world = await newWorld();
    const [first, second, third] = nextRing;
    world.fake.hsdirs.set(second!, { reject: 'UPLOAD_REJECTED' });
    world.fake.hsdirs.set(third!, 'silent');
    const node = await world.start();
    await isUp(node);
    await upload(node, [first!, second!, third!]);
    await eventually('two have answered', () => node.answers.length === 2, soon);
    expect(node.answers).toMatchObject([
      { address: SOME_MASTER, hsdir: first, accepted: true, reason: null },
      { address: SOME_MASTER, hsdir: second, accepted: false, reason: 'UPLOAD_REJECTED' },
    ]);
    expect(world.fake.uploads).toEqual([
      { servers: [first, second, third], address: SOME_MASTER, descriptor: 'hs-descriptor 3\n.dot\n' },
    ]);
  });

  it('to a relay that Tor does not know fail by name', async () => {
    const world = await newWorld();
    world.fake.hsdirs.set(nextRing[0]!, null);
    const node = await world.start();
    await isUp(node);
    await expect(upload(node, nextRing)).rejects.toMatchObject({ code: 'control.unknown-hsdir' });
  });

  it("of Tor's own for the instance are no answers to us", async () => {
    const world = await newWorld();
    const node = await world.start();
    await isUp(node);
    world.fake.push('HS_DESC', `650 HS_DESC UPLOADED ${instanceAddress} UNKNOWN $${nextRing[0]!}~x\r\n`);
    await upload(node, [nextRing[0]!]);
    await eventually('the answer came', () => node.answers.length > 0, soon);
    expect(node.answers.map(({ address }) => address)).toEqual([SOME_MASTER]);
  });

  it('bring what the HSDir holds, or why it holds nothing', async () => {
    const world = await newWorld();
    const [first, second] = nextRing;
    world.fake.fetches.set(first!, { descriptor: 'hs-descriptor 3\n' });
    world.fake.fetches.set(second!, { fail: 'NOT_FOUND' });
    const node = await world.start();
    await isUp(node);
    const fetch = (hsdir: RelayFingerprint) =>
      node.actor.handlers['tor.fetch']({ address: SOME_MASTER, hsdir });
    expect(await Promise.all([fetch(first!), fetch(second!)])).toEqual([
      { descriptor: 'hs-descriptor 3\n', reason: null },
      { descriptor: null, reason: 'NOT_FOUND' },
    ]);
  });
});
