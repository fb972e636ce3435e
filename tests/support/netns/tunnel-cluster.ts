import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_NAMES } from '../cluster/cluster.js';
import type { Cluster } from '../cluster/cluster.js';
import type { DaemonNode } from '../cluster/daemon-node.js';
import type { TorNetwork } from '../tor-network/network-types.js';
import { Machine } from './machine.js';
import type { Lan } from './namespace.js';

export interface TunnelClusterOptions {
  readonly lan: Lan;
  /** A Tor network that the machines reach: `startTorNetwork({ place: lan.place })`. */
  readonly network: TorNetwork;
  readonly nodes: number;
  /** `section.key=value` for every node. */
  readonly set?: readonly string[];
  readonly log?: (line: string) => void;
  /** Where everything is put; a new folder under the system's temporary one unless told. Removed by stop(). */
  readonly dir?: string;
}

/** Nodes that meet through WireGuard tunnels, each on a machine of its own. */
export interface TunnelCluster extends Cluster {
  /** In the order of the nodes. */
  readonly machines: readonly Machine[];
  /** From `join` being run to the node healthy in the eyes of the first, in the order of those that joined. */
  readonly joinedMs: readonly number[];
}

/**
 * Shorter than the defaults where those would let a test wait for minutes: what an isolated node must wait for before it holds
 * the others for dead, how long a better node that is back leaves the lease to another, and how often a tunnel is looked at
 * that gives no sign of trouble (a stopped wireguard-go). Probes are as by default. Only the start may take longer: machines that
 * run tests are loaded.
 */
export const TUNNEL_SETTINGS: readonly string[] = [
  'coordination.heartbeat_interval_secs=2',
  'coordination.heartbeat_timeout_secs=8',
  'coordination.backoff_jitter_secs=1',
  'coordination.lease_duration_secs=10',
  'publish.takeover_grace_secs=2',
  'resilience.removal_grace_period=2',
  'wireguard.check_interval_secs=10',
  'supervisor.start_timeout_secs=20',
];

/** A first publication after a start, and a joiner's first introduction points. */
const PATIENCE_MS = 120_000;

/** Forms a cluster by `init` on the first machine and `join` on the others alone; all are started and healthy then. */
export const formTunnelCluster = async (options: TunnelClusterOptions): Promise<TunnelCluster> => {
  const { lan, network, set = [], log = () => undefined } = options;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'rb-')));
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const machines: Machine[] = [];
  const nodes: DaemonNode[] = [];
  const joinedMs: number[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await Promise.all(machines.map((machine) => machine.end()));
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    for (const [i, id] of NODE_NAMES.slice(0, options.nodes).entries()) {
      const place = { lan, index: i + 1, id, dir: join(dir, id), torrc: network.commonTorrc, set };
      machines.push(await Machine.make(place));
    }
    const [first, ...others] = machines;
    if (first === undefined) throw new RangeError('at least one node');
    const { node, joinToken } = await first.init();
    nodes.push(node);
    node.start();
    await node.until('publishes', (status) => status.publisher === first.id, PATIENCE_MS);
    log(`${first.id} publishes`);
    for (const machine of others) {
      const beganMs = performance.now();
      const joined = await machine.join(joinToken);
      nodes.push(joined);
      joined.start();
      const isHealthy = ({
        peers,
      }: {
        readonly peers: readonly { id: string; lifecycle: string }[];
      }): boolean => peers.some(({ id, lifecycle }) => id === machine.id && lifecycle === 'healthy');
      await node.until(`sees ${machine.id} healthy`, isHealthy, PATIENCE_MS);
      const ms = Math.round(performance.now() - beganMs);
      joinedMs.push(ms);
      log(`${machine.id} has joined and is healthy after ${(ms / 1000).toFixed(1)} s`);
    }
    return { dir, address: node.identity.onion_address, nodes, machines, joinedMs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
