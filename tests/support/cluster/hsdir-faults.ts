import type { HsDirRecord } from '@rustbalance/actors/publisher/hsdir-log.js';
import { eventually } from '../eventually.js';
import { fetchFromHsDir } from '../hsdir-view.js';
import type { StockClient } from '../stock-client.js';
import { isCalm, knownTo } from '../tor-network/calm.js';
import { ControlRefusedError } from '../tor-network/control-connection.js';
import type { ControlConnection } from '../tor-network/control-connection.js';
import type { NetworkRelay, TorNetwork } from '../tor-network/network-types.js';
import type { Cluster } from './cluster.js';
import type { DaemonNode } from './daemon-node.js';
import { isPublished } from './status.js';
import type { StatusJson } from './status.js';
import { circuitsOf, introductionRelays, knownToNode, withTorControl } from './tor-of-node.js';

const PATIENCE_MS = 90_000;

/** Only a rotation brings other HSDirs where those of now are authorities, which must live, or guards. */
const NEXT_RING_MS = 300_000;

/** What is done to the HSDir and what follows from it takes less, with the half minute between two checks. */
const HELD_FOR_SECS = 100;

/** HiddenServiceNumIntroductionPoints of a service that does not set it. */
const POINTS_OF_A_NODE = 3;

/**
 * A relay that holds the clients' descriptor now. Clients go on fetching that one: an HSDir can be asked for nothing else,
 * and once a time period begins nobody could see what it holds.
 */
export const holderOf = (
  network: TorNetwork,
  { address }: Cluster,
  publisher: DaemonNode,
  client: StockClient,
): Promise<NetworkRelay> => {
  const knowledge = [knownTo(client.tor), knownToNode(publisher)];
  return eventually(
    'an HSDir holds the descriptor that clients fetch for a while yet',
    async () => {
      const isHeldOn = await isCalm({ network, knowledge, secs: HELD_FOR_SECS, rotations: ['time-period'] });
      if (!isHeldOn) return null;
      const status = await publisher.status();
      if (!isPublished(status)) return null;
      for (const { fingerprint } of status.descriptors.flatMap(({ hsdirs }) => hsdirs)) {
        const relay = network.relays.find((one) => one.fingerprint === fingerprint);
        if (relay === undefined) continue;
        if ((await fetchFromHsDir(client, address, fingerprint)).found) return relay;
      }
      return null;
    },
    { timeoutMs: NEXT_RING_MS, everyMs: 250 },
  );
};

/** How many descriptors an HSDir has taken from this publisher. */
export const takenBy = async ({ fingerprint }: NetworkRelay, publisher: DaemonNode): Promise<number> => {
  const { hsdirs } = (await publisher.actor('publisher')).context;
  const records = hsdirs as readonly HsDirRecord[] | undefined;
  if (records === undefined) throw new Error('the publisher does not answer');
  return records.find((one) => one.fingerprint === fingerprint)?.accepted ?? 0;
};

/** Revision counters by time period: those of two periods say nothing of one another. */
export type Counters = ReadonlyMap<number, bigint>;

const countersOf = ({ descriptors }: StatusJson): Counters =>
  new Map(descriptors.map((one) => [one.time_period, BigInt(one.revision_counter)] as const));

/**
 * The counters of both descriptors, once every introduction point that lives stands in them and every HSDir has confirmed
 * it: what is published later does not come from what was before. The first node publishes.
 */
export const countersAtRest = (nodes: readonly DaemonNode[]): Promise<Counters> =>
  eventually(
    'every introduction point that lives is in both descriptors, on every HSDir',
    async () => {
      const relays = await Promise.all(nodes.map(introductionRelays));
      // A descriptor has one introduction point a relay, whichever node's it is (crypto-worker/merge.ts).
      const wanted = new Set(relays.flat()).size;
      const status = await nodes[0]?.status();
      return status !== undefined &&
        isPublished(status) &&
        relays.every(({ length }) => length === POINTS_OF_A_NODE) &&
        status.descriptors.every(({ intro_points: count }) => count === wanted)
        ? countersOf(status)
        : null;
    },
    { timeoutMs: PATIENCE_MS, everyMs: 100 },
  );

/** Are descriptors of after these on every responsible HSDir, except those that are known to be dead? */
export const isPublishedAnew = (
  status: StatusJson,
  before: Counters,
  dead: ReadonlySet<string> = new Set(),
): boolean =>
  isPublished(status, dead) &&
  [...countersOf(status)].every(([period, counter]) => counter > (before.get(period) ?? -1n));

/**
 * A relay that may fall silent and hurts nothing but descriptors. It holds the second one: that becomes the first at the next
 * shared random value and keeps its HSDirs for a whole run more. No circuit of these nodes begins at it, since a guard that
 * hangs takes all of a Tor's circuits with it; of several, the one by which the fewest go. The first node publishes.
 */
export const sparedHsDir = (network: TorNetwork, nodes: readonly DaemonNode[]): Promise<NetworkRelay> =>
  eventually(
    'an HSDir of the second descriptor is no guard',
    async () => {
      const status = await nodes[0]?.status();
      const second = status?.descriptors.find(({ which }) => which === 'second');
      if (status === undefined || second === undefined || !isPublished(status)) return null;
      const circuits = (await Promise.all(nodes.map((node) => withTorControl(node, circuitsOf)))).flat();
      const paths = circuits.map(({ hops }) => hops);
      const guards = new Set(paths.filter(({ length }) => length > 1).map(([guard]) => guard));
      // The second hop of an onion service's circuits is one of few, too (vanguards-lite).
      const uses = ({ fingerprint }: NetworkRelay): number =>
        paths.filter((hops) => hops.slice(0, 2).includes(fingerprint)).length;
      const [fewest] = network.relays
        .filter(({ fingerprint }) => second.hsdirs.some((hsdir) => hsdir.fingerprint === fingerprint))
        .filter(({ fingerprint }) => !guards.has(fingerprint))
        .toSorted((a, b) => uses(a) - uses(b));
      return fewest;
    },
    { timeoutMs: NEXT_RING_MS, everyMs: 250 },
  );

/** Closes the introduction circuits that end at a relay; how many there were. */
const closeCircuitsTo = async (control: ControlConnection, relay: string): Promise<number> => {
  let closed = 0;
  for (const { id, hops, line } of await circuitsOf(control)) {
    if (hops.at(-1) !== relay || !line.includes('HS_STATE=HSSI_ESTABLISHED')) continue;
    try {
      await control.command(`CLOSECIRCUIT ${id}`);
      closed += 1;
    } catch (error) {
      // It may have closed by itself since.
      if (!(error instanceof ControlRefusedError)) throw error;
    }
  }
  return closed;
};

/**
 * Has the node's Tor close the circuits of one published introduction point as often as it makes them, as a relay does that
 * is flooded. Tor makes them anew at the same relay with the same keys (MAX_INTRO_POINT_CIRCUIT_RETRIES, 3): after one close
 * alone the same points as before would be published again within two seconds, and an HSDir that missed what was
 * published in between would lack nothing. Resolves when Tor has given the point up and another is published.
 *
 * @param spared a relay whose circuits are left alone
 */
export const spendIntroductionPoint = (node: DaemonNode, spared: string | null = null): Promise<void> =>
  withTorControl(node, async (control) => {
    const spent = await eventually(
      `${node.id} has a circuit to an introduction point`,
      async () => {
        for (const relay of await introductionRelays(node)) {
          if (relay !== spared && (await closeCircuitsTo(control, relay)) > 0) return relay;
        }
        return null;
      },
      { timeoutMs: PATIENCE_MS },
    );
    await eventually(
      `the Tor of ${node.id} has given the introduction point up for another`,
      async () => {
        await closeCircuitsTo(control, spent);
        const relays = await introductionRelays(node);
        return relays.length === POINTS_OF_A_NODE && !relays.includes(spent);
      },
      { timeoutMs: PATIENCE_MS, everyMs: 100 },
    );
  });
