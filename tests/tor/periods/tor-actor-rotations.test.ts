import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { IdentityPublicKey, OnionAddress, TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import { TASKS } from '@rustbalance/crypto-worker/tasks.js';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import { pointKey } from '@rustbalance/actors/tor/intro-point-view.js';
import { eventually } from '../../support/eventually.js';
import { startTorActor, type TorActorHarness } from '../../support/tor-actor-context.js';
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
} from '../../support/tor-actor-world.js';
import type { ControlConnection } from '../../support/tor-network/control-connection.js';
import { knownToActor, untilCalm } from '../../support/tor-network/calm.js';
import { startTorNetwork } from '../../support/tor-network/network.js';
import type { TorNetwork } from '../../support/tor-network/network-types.js';

let network: TorNetwork;
let folder: string;
let node: TorActorHarness;
let control: ControlConnection;

beforeAll(async () => {
  network = await startTorNetwork({ relays: 17, consensusParams: { hsdir_spread_store: 1 } });
  folder = await nodeFolder();
  const config = managedConfig(network, folder);
  node = await startTorActor({ config });
  await threePoints(node);
  control = await controlOf(config);
});
afterAll(async () => {
  control.close();
  await node.stop();
  await node.host.stop();
  await network.stop();
  await removeFolder(folder);
});

const networkView = (): NetworkView => node.fact('tor.network')!.view!;

const identity = (): IdentityPublicKey => {
  const address = node.fact('tor.status')?.instanceAddress;
  const parsed = TASKS.parseAddress({ address: address ?? '' });
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value;
};

/** The half of the day and the period that clients use, by the newest consensus that was published. */
const phase = (): { between: boolean; period: TimePeriodNumber } => {
  const plan = TASKS.publicationPlan({ identity: identity(), network: networkView() });
  if (!plan.ok) throw new Error(plan.detail);
  return {
    between: plan.value.betweenTimePeriodAndSrv,
    period: plan.value[plan.value.clientsUse].timePeriod,
  };
};

/** The keys of desc_current, as Tor shows it to the test itself. */
const descCurrent = async (): Promise<{ period: TimePeriodNumber; keys: string[] }> => {
  const address = node.fact('tor.status')!.instanceAddress as OnionAddress;
  const descriptor = Buffer.from(await control.getInfo(`hs/service/desc/id/${address}`), 'latin1');
  const { period } = phase();
  const { periodLength, maxDescriptorSize } = networkView().hsDirParams;
  const timePeriods = [-1, 0, 1].map((step) => (period + step) as TimePeriodNumber);
  const decoded = TASKS.decodeDescriptor({
    descriptor: new Uint8Array(descriptor),
    identity: identity(),
    periodLength,
    timePeriods,
    now: null,
    maxDescriptorSize,
  });
  if (!decoded.ok) throw new Error(decoded.detail);
  return { period: decoded.value.timePeriod, keys: decoded.value.introductionPoints.map(pointKey).sort() };
};

it('publishes points that live and that outlive the next rotation, through a whole period', async () => {
  const began = phase();
  const changes: string[] = [];
  const deadFor = new Map<string, number>();
  let longestDeadMs = 0;
  let last = began;
  let keysBeforeSrv = keysOf(ownPoints(node));
  const endsAtMs = Date.now() + 2.15 * 12 * network.votingIntervalSecs * 1000;
  while (Date.now() < endsAtMs || changes.length < 2) {
    if (Date.now() > endsAtMs + 120_000)
      throw new Error(`only these changes of phase came: ${changes.join()}`);
    const own = ownPoints(node)!;
    const dead = deadPoints(own, await liveRelays(control));
    const nowMs = performance.now();
    for (const key of [...deadFor.keys()]) if (!dead.includes(key)) deadFor.delete(key);
    for (const key of dead) {
      const sinceMs = deadFor.get(key) ?? nowMs;
      deadFor.set(key, sinceMs);
      longestDeadMs = Math.max(longestDeadMs, nowMs - sinceMs);
    }
    const now = phase();
    if (now.between !== last.between) {
      changes.push(now.between ? 'period' : 'srv');
      if (now.between) {
        // desc_next is published from here on: not what GETINFO shows.
        const next = await eventually(
          'the points of desc_next are published',
          () => (ownPoints(node)?.timePeriod === now.period ? keysOf(ownPoints(node)) : null),
          { timeoutMs: 15_000, everyMs: 20 },
        );
        const current = await descCurrent();
        expect(current.period).toBe(now.period - 1);
        expect(next.filter((key) => current.keys.includes(key))).toEqual([]);
      } else {
        // What was desc_next is desc_current now, with the same points.
        const promoted = await eventually(
          'Tor has promoted desc_next',
          async () => {
            const current = await descCurrent();
            return current.period === now.period ? current.keys : null;
          },
          { timeoutMs: 15_000, everyMs: 50 },
        );
        expect(keysOf(ownPoints(node)).filter((key) => promoted.includes(key))).toHaveLength(3);
        expect(
          keysOf(ownPoints(node)).filter((key) => keysBeforeSrv.includes(key)).length,
        ).toBeGreaterThanOrEqual(2);
      }
      last = now;
    }
    keysBeforeSrv = keysOf(ownPoints(node));
    await delay(200);
  }
  expect(changes).toEqual(expect.arrayContaining(['period', 'srv']));
  expect(longestDeadMs).toBeLessThan(3_000);
  const afterFirst = node.history('tor.introduction-points').slice(1);
  expect(afterFirst.filter(({ payload }) => payload.points.length === 0)).toEqual([]);
});

it('has a lost relay replaced, and says how long that took from the event of Tor', async () => {
  // A rotation would bring other points, too.
  await untilCalm({ network, knowledge: [knownToActor(node)], secs: 45 });
  const own = await threePoints(node);
  const before = keysOf(own);
  const relay = await eventually(
    'a relay that is no authority serves a point',
    async () => {
      const live = await liveRelays(control);
      return network.relays.find(
        ({ fingerprint }) =>
          live.has(fingerprint as never) &&
          deadPoints(ownPoints(node)!, new Set([...live].filter((f) => f !== fingerprint))).length > 0,
      );
    },
    { timeoutMs: 30_000 },
  );
  await relay.kill('SIGKILL');
  const lost = await eventually(
    'the point is dropped',
    () => keysOf(ownPoints(node)).length < 3 && ownPoints(node),
    {
      timeoutMs: 20_000,
      everyMs: 5,
    },
  );
  const droppedAfterMs = node.history('tor.introduction-points').at(-1)!.wallMs - lost.causedAtMs;
  expect(droppedAfterMs).toBeLessThan(500);
  const replaced = await eventually(
    'a replacement is published',
    () => keysOf(ownPoints(node)).some((key) => !before.includes(key)) && ownPoints(node),
    { timeoutMs: 120_000, everyMs: 5 },
  );
  const fact = node
    .history('tor.introduction-points')
    .find(({ payload }) => payload.causedAtMs === replaced.causedAtMs);
  console.log(`dropped ${String(droppedAfterMs)} ms after the circuit closed`);
  console.log(
    `published ${String(fact!.wallMs - replaced.causedAtMs)} ms after the new circuit was established`,
  );
  expect(fact!.wallMs - replaced.causedAtMs).toBeLessThan(10_000);
});
