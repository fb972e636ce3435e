import type { DaemonNode } from '../cluster/daemon-node.js';
import { publishedNodes } from '../cluster/status.js';
import type { StatusJson } from '../cluster/status.js';
import { eventually } from '../eventually.js';
import type { Machine } from './machine.js';
import type { TunnelCluster } from './tunnel-cluster.js';

export const TUNNEL_INTERFACE = 'wg-rb';

/** For whatever is waited for, on a loaded machine. */
export const PATIENCE_MS = 120_000;

/** The node holds that one for healthy, and heard it last by this transport. */
export const hears =
  (id: string, transport: string) =>
  ({ peers }: StatusJson): boolean =>
    peers.some((peer) => peer.id === id && peer.lifecycle === 'healthy' && peer.transport === transport);

/** The transport's part of `inspect`. */
interface TunnelDetails {
  readonly received: number;
  readonly rebuilds: number;
}

const tunnelOf = async (node: DaemonNode): Promise<TunnelDetails> => {
  const { transports } = (await node.actor('wg')).context as {
    readonly transports: readonly (TunnelDetails & { readonly transport: string })[];
  };
  const found = transports.find(({ transport }) => transport === 'wireguard');
  if (found === undefined) throw new Error(`${node.id} has no tunnels`);
  return found;
};

/** Until so many further datagrams have come to each node through its tunnels. */
export const untilHeard = async ({ nodes }: TunnelCluster, datagrams: number): Promise<void> => {
  const before = await Promise.all(nodes.map(tunnelOf));
  await Promise.all(
    nodes.map((node, i) =>
      eventually(
        `${node.id} hears ${String(datagrams)} datagrams`,
        async () => (await tunnelOf(node)).received >= (before[i]?.received ?? 0) + datagrams,
        { timeoutMs: PATIENCE_MS, everyMs: 100 },
      ),
    ),
  );
};

/** What no node may come to meanwhile: to hold another for dead. */
export const withoutDeath = async ({ nodes }: TunnelCluster, act: () => Promise<unknown>): Promise<void> => {
  const deaths = (): readonly string[] =>
    nodes.flatMap(({ id, log }) =>
      log.filter((line) => line.includes('declared DEAD')).map((line) => `${id}: ${line}`),
    );
  const before = new Set(deaths());
  await act();
  const told = deaths().filter((line) => !before.has(line));
  if (told.length > 0) throw new Error(`a living node was held for dead:\n${told.join('\n')}`);
};

/** More than a handshake (240): two of the probes and answers that go through every second. */
const CARRIED_BYTES = 300;

/** Bytes that came through each tunnel, by the peer's key; none while the interface is not there. */
const receivedBytes = async ({ namespace }: Machine): Promise<ReadonlyMap<string, number>> => {
  const text = await namespace.run('wg', 'show', TUNNEL_INTERFACE, 'transfer').catch(() => '');
  const lines = text.trim().split('\n');
  return new Map(lines.map((line) => [line.split('\t')[0] ?? '', Number(line.split('\t')[1])]));
};

/** Until something has come through every tunnel, both ways: what a status says may be of before a fault. */
export const untilTunnelsCarry = async ({ machines }: TunnelCluster): Promise<void> => {
  await Promise.all(
    machines.map(async (machine) => {
      const before = await receivedBytes(machine);
      await eventually(
        `every tunnel of ${machine.id} carries`,
        async () => {
          const now = [...(await receivedBytes(machine))];
          // An interface that is made anew counts from 0.
          const carries = ([key, bytes]: readonly [string, number]): boolean => {
            const from = before.get(key) ?? 0;
            return bytes - (bytes < from ? 0 : from) >= CARRIED_BYTES;
          };
          return now.length === machines.length - 1 && now.every(carries);
        },
        { timeoutMs: PATIENCE_MS, everyMs: 100 },
      );
    }),
  );
};

/** Until the node has made its interface anew. */
export const untilRebuilt = async (node: DaemonNode, damage: () => Promise<unknown>): Promise<void> => {
  const { rebuilds } = await tunnelOf(node);
  await damage();
  await eventually(
    `${node.id} makes its tunnels anew`,
    async () => (await tunnelOf(node)).rebuilds > rebuilds,
    {
      timeoutMs: PATIENCE_MS,
      everyMs: 50,
    },
  );
};

/** The introduction points that it offers. */
export const pointsOf = async (node: DaemonNode): Promise<number> =>
  ((await node.actor('tor')).context as { readonly introductionPoints: number }).introductionPoints;

/** Every node hears every other through its tunnels, and one of them publishes everybody's introduction points. */
export const untilWhole = async ({ nodes }: TunnelCluster): Promise<void> => {
  const ids = nodes.map(({ id }) => id).sort();
  const everybody = ids.join(',');
  await eventually(
    'all healthy through tunnels, one publisher, everybody published',
    async () => {
      const all = await Promise.all(nodes.map((node) => node.status()));
      const publishers = all.filter(({ node }) => node.role === 'publisher');
      const publisher = publishers[0];
      return (
        publishers.length === 1 &&
        publisher !== undefined &&
        publishedNodes(publisher) === everybody &&
        all.every(
          (status) =>
            status.publisher === publisher.node.id &&
            ids.every((id) => id === status.node.id || hears(id, 'wireguard')(status)),
        )
      );
    },
    { timeoutMs: PATIENCE_MS, everyMs: 50 },
  );
};
