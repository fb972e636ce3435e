import { z } from 'zod';
import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { isPublished, publishedNodes } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import type { NetworkRelay, TorNetwork } from '../support/tor-network/network-types.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

/**
 * The publisher's own account of every change: from the event of the Tor that lost or gained an introduction point,
 * its own or a peer's, to the last HSDir's acceptance.
 */
const completion = z.object({
  timePeriod: z.number(),
  version: z.number(),
  atMs: z.number(),
  latencyMs: z.number(),
});
type Completion = z.infer<typeof completion>;

const completionsOf = async (publisher: DaemonNode): Promise<readonly Completion[]> => {
  const { context } = await publisher.actor('publisher');
  return z.array(completion).parse(context['completions']);
};

/** Relays that serve the introduction points of a node, by fingerprint. */
const servingRelays = async (node: DaemonNode): Promise<readonly string[]> => {
  const { context } = await node.actor('tor');
  const points = context['introductionRelays'];
  return Array.isArray(points) ? points.filter((one): one is string => typeof one === 'string') : [];
};

const POINTS = 3;

/**
 * How long Tor is given to tell that the circuit is lost. A previous hop of tor 0.4.9.11 keeps the DESTROY cell back for
 * up to minutes at times, and until it comes nobody knows of the loss: such a round has no event to count from.
 */
const UNTOLD_MS = 10_000;

/** Tor limits how often it chooses new introduction points: a round need not wait for all of them. */
const REPLACED_MS = 20_000;

const holds = async (what: string, timeoutMs: number, test: () => Promise<boolean>): Promise<boolean> =>
  eventually(what, test, { timeoutMs }).then(
    () => true,
    () => false,
  );

/** A relay that serves an introduction point and is no responsible HSDir, which could accept nothing while dead. */
const victimOf = async (
  network: TorNetwork,
  node: DaemonNode,
  publisher: DaemonNode,
): Promise<NetworkRelay | null> => {
  const serving = new Set(await servingRelays(node));
  const { descriptors } = await publisher.status();
  const hsdirs = new Set(descriptors.flatMap((one) => one.hsdirs.map(({ fingerprint }) => fingerprint)));
  const fits = ({ fingerprint }: NetworkRelay): boolean =>
    serving.has(fingerprint) && !hsdirs.has(fingerprint);
  return network.relays.find(fits) ?? null;
};

/** Kills the relay, waits until the change and its replacement are published, and starts it again. */
const killAndRevive = async (
  { nodes }: Cluster,
  publisher: DaemonNode,
  victim: NetworkRelay,
): Promise<'told' | 'untold'> => {
  await victim.kill('SIGKILL');
  const isLost = async (): Promise<boolean> =>
    !(await Promise.all(nodes.map(servingRelays))).flat().includes(victim.fingerprint);
  const told = await holds('the point is gone', UNTOLD_MS, isLost);
  await holds('all points are replaced', REPLACED_MS, async () =>
    (await Promise.all(nodes.map(servingRelays))).every(({ length }) => length === POINTS),
  );
  await victim.restart();
  await publisher.until('everything is published', isPublished, 90_000);
  return told ? 'told' : 'untold';
};

/**
 * A relay that serves an introduction point is killed, over and over; and what the rotations meanwhile cost. Nobody is
 * killed in a round in which every such relay is a responsible HSDir too.
 */
export const republishFigures = async (
  network: TorNetwork,
  log: (line: string) => void,
  runs = 12,
): Promise<Figure[]> => {
  const cluster = await startCluster({ network, nodes: 2, set: FAST_SETTINGS });
  try {
    const [publisher, peer] = cluster.nodes;
    if (publisher === undefined || peer === undefined) throw new Error('a cluster of two has two nodes');
    await publisher.until('both nodes are published', (s) => publishedNodes(s) === 'alpha,beta', 90_000);
    // What came before is of the start: the first publication waited for introduction points, not for a change.
    const began = Date.now();
    const samples = new Map<string, number>();
    let killed = 0;
    let untold = 0;
    for (let run = 0; run < runs; run++) {
      const [one, other] = run % 2 === 0 ? [publisher, peer] : [peer, publisher];
      const victim = (await victimOf(network, one, publisher)) ?? (await victimOf(network, other, publisher));
      if (victim === null) {
        await holds('another relay may be killed', REPLACED_MS, async () =>
          Boolean(await victimOf(network, one, publisher)),
        );
        continue;
      }
      killed++;
      if ((await killAndRevive(cluster, publisher, victim)) === 'untold') untold++;
      for (const { timePeriod, version, atMs, latencyMs } of await completionsOf(publisher))
        if (atMs >= began) samples.set(`${String(timePeriod)} ${String(version)}`, latencyMs / 1000);
      log(
        `round ${String(run + 1)} of ${String(runs)}: ${String(killed)} relays killed, ${String(samples.size)} descriptors completed`,
      );
    }
    const measured = spread([...samples.values()]);
    return [
      {
        what: `Introduction points change (${String(killed)} relays killed, Tor silent about ${String(untold)} for ${String(UNTOLD_MS / 1000)} s; rotations meanwhile): the new descriptor on every responsible HSDir`,
        unit: 's',
        spread: measured,
        target: 'p95 ≤ 3',
        met: measured.p95 <= 3,
      },
    ];
  } finally {
    await cluster.stop();
  }
};
