import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSampleTarget } from '../sample-target.js';
import type { SampleTarget } from '../sample-target.js';
import { freePorts } from '../tor-network/free-ports.js';
import type { TorNetwork } from '../tor-network/network-types.js';
import { DaemonNode } from './daemon-node.js';
import type { NodePlace } from './daemon-node.js';

export const NODE_NAMES = ['alpha', 'beta', 'gamma', 'delta'] as const;

export interface ClusterOptions {
  readonly network: TorNetwork;
  readonly nodes: number;
  /** `section.key=value` for every node. */
  readonly set?: readonly string[];
  readonly log?: (line: string) => void;
  /** What all nodes lead to, instead of a sample target each. */
  readonly target?: string;
  /** What is special about a node, beside its folder being `dir`. */
  readonly place?: (id: string, dir: string) => Promise<Pick<NodePlace, 'stateDir' | 'preload'>>;
  /** What lies between two nodes: the address at which the first finds the second. Nothing, unless told. */
  readonly between?: (from: DaemonNode, to: DaemonNode) => string;
  /** Where everything is put; a new folder under the system's temporary one unless told. Removed by stop(). */
  readonly dir?: string;
}

/** Several nodes of one address on a private Tor network, each with a target that tells its name. */
export interface Cluster {
  readonly dir: string;
  /** The master address with .onion. */
  readonly address: string;
  readonly nodes: readonly DaemonNode[];
  stop(): Promise<void>;
}

/** A cluster each of whose nodes has a sample target of its own. */
export interface ClusterWithTargets extends Cluster {
  /** Of each node, in their order; where all lead to a given one, nobody visits these. */
  readonly targets: readonly SampleTarget[];
}

/** The settings that the figures are measured with. */
export const FAST_SETTINGS: readonly string[] = [
  'coordination.heartbeat_interval_secs=1',
  'coordination.heartbeat_timeout_secs=3',
  'coordination.backoff_jitter_secs=0.5',
  'coordination.lease_duration_secs=5',
  'publish.takeover_grace_secs=2',
  'resilience.removal_grace_period=2',
  'publish.refresh_interval_secs=30',
];

/** Makes and starts a cluster; it forms by itself, see DaemonNode.until. */
export const startCluster = async ({
  network,
  nodes: count,
  set = [],
  log = () => undefined,
  target: common,
  place = () => Promise.resolve({}),
  between,
  dir: given,
}: ClusterOptions): Promise<ClusterWithTargets> => {
  const dir = given ?? (await mkdtemp(join(tmpdir(), 'rb-')));
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const ports = await freePorts(count);
  const nodes: DaemonNode[] = [];
  const targets: SampleTarget[] = [];
  const torrc = `tor.extra_torrc=[${network.commonTorrc.map((line) => JSON.stringify(line)).join(', ')}]`;
  for (const [i, id] of NODE_NAMES.slice(0, count).entries()) {
    const target = await startSampleTarget({ name: id });
    targets.push(target);
    const first = nodes[0] ?? null;
    await mkdir(join(dir, id), { mode: 0o700 });
    nodes.push(
      await DaemonNode.init({
        id,
        dir: join(dir, id),
        target: common ?? target.url,
        listen: `127.0.0.1:${String(ports[i] ?? 0)}`,
        priority: i + 1,
        importKey: first?.identity.master_key_path ?? null,
        clusterTokenFile: first?.clusterTokenFile ?? null,
        set: [torrc, ...set],
        ...(await place(id, join(dir, id))),
      }),
    );
    log(`${id} is set up`);
  }
  for (const node of nodes) {
    const others = nodes.filter((other) => other !== node);
    await node.introduce(others, between === undefined ? undefined : (other) => between(node, other));
  }
  for (const node of nodes) node.start();
  return {
    dir,
    address: nodes[0]?.identity.onion_address ?? '',
    nodes,
    targets,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      await Promise.all(targets.map((target) => target.close()));
      await rm(dir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
};
