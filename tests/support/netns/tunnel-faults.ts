import { readFile, writeFile } from 'node:fs/promises';
import type { DaemonNode } from '../cluster/daemon-node.js';
import { publishedNodes } from '../cluster/status.js';
import { eventually } from '../eventually.js';
import type { LinkFaults } from './link-faults.js';
import { childrenOf } from './child-processes.js';
import type { Machine } from './machine.js';
import type { TunnelCluster } from './tunnel-cluster.js';
import {
  hears,
  PATIENCE_MS,
  pointsOf,
  TUNNEL_INTERFACE,
  untilHeard,
  untilRebuilt,
  untilTunnelsCarry,
  untilWhole,
  withoutDeath,
} from './tunnel-state.js';

/** What a fault is done to. */
export interface FaultWorld {
  readonly cluster: TunnelCluster;
  readonly links: LinkFaults;
  /** Resolves when so many further visits of stock clients have ended. */
  readonly visits: (count: number) => Promise<void>;
}

/** A fault, and what a cluster of three comes to while it lasts. It ends by itself, or by LinkFaults.heal(). */
export interface TunnelFault {
  readonly name: string;
  /** What `happens` waits for. */
  readonly expected: string;
  /** A visit that begins this soon after it may fail: a node is gone, and the descriptor still names it. */
  readonly visitsMayFailMs: number;
  /** Resolves when what is expected of the cluster has come about. */
  readonly happens: (world: FaultWorld) => Promise<void>;
}

interface Pair {
  readonly node: DaemonNode;
  readonly machine: Machine;
}

const at = ({ nodes, machines }: TunnelCluster, index: number): Pair => {
  const [node, machine] = [nodes[index], machines[index]];
  if (node === undefined || machine === undefined) throw new RangeError(`no node ${String(index)}`);
  return { node, machine };
};

const wireguardGo = async (node: DaemonNode): Promise<number> => {
  const [child] = (await childrenOf(node.pid ?? 0)).filter(({ name }) => name === 'wireguard-go');
  if (child === undefined) throw new Error(`${node.id} has no wireguard-go`);
  return child.pid;
};

/** Thirty datagrams take two peers some seven seconds. */
const A_WHILE = 30;

const editConfig = async (node: DaemonNode, change: (text: string) => string): Promise<void> => {
  const path = node.identity.config_path;
  await writeFile(path, change(await readFile(path, 'utf8')));
};

export const TUNNEL_FAULTS: readonly TunnelFault[] = [
  {
    name: 'the UDP between the publisher and another node is cut',
    expected: 'both hear each other over Tor',
    visitsMayFailMs: 0,
    happens: async ({ cluster, links }) => {
      const [a, b] = [at(cluster, 0), at(cluster, 1)];
      await links.cut(a.machine, b.machine);
      await withoutDeath(cluster, () =>
        Promise.all([
          a.node.until('hears it over Tor', hears(b.node.id, 'tor'), PATIENCE_MS),
          b.node.until('hears it over Tor', hears(a.node.id, 'tor'), PATIENCE_MS),
        ]),
      );
    },
  },
  {
    name: 'the UDP from one node to another is cut',
    expected: 'the one that hears nothing hears it over Tor',
    visitsMayFailMs: 0,
    happens: async ({ cluster, links }) => {
      const [b, c] = [at(cluster, 1), at(cluster, 2)];
      await links.cutOneWay(b.machine, c.machine);
      await c.node.until('hears it over Tor', hears(b.node.id, 'tor'), PATIENCE_MS);
      await b.node.until('holds it for healthy', hears(c.node.id, 'wireguard'), PATIENCE_MS);
    },
  },
  {
    name: 'three in ten datagrams are lost',
    expected: '30 datagrams have come to each node',
    visitsMayFailMs: 0,
    happens: async ({ cluster, links }) => {
      await links.lose(30);
      await withoutDeath(cluster, () => untilHeard(cluster, A_WHILE));
    },
  },
  {
    name: "the publisher's line is throttled to 256 kbit/s",
    expected: '30 datagrams have come to each node',
    visitsMayFailMs: 0,
    happens: async ({ cluster, links }) => {
      await links.throttle(at(cluster, 0).machine, 256);
      await withoutDeath(cluster, () => untilHeard(cluster, A_WHILE));
    },
  },
  {
    name: 'the interface of a node is deleted',
    expected: 'the interface is being made anew',
    visitsMayFailMs: 0,
    happens: async ({ cluster }) => {
      const { node, machine } = at(cluster, 1);
      await untilRebuilt(node, () => machine.namespace.run('ip', 'link', 'del', 'dev', TUNNEL_INTERFACE));
    },
  },
  {
    name: 'the wireguard-go of a node is killed',
    expected: 'the interface is being made anew',
    visitsMayFailMs: 0,
    happens: async ({ cluster }) => {
      const { node } = at(cluster, 2);
      await untilRebuilt(node, async () => process.kill(await wireguardGo(node), 'SIGKILL'));
    },
  },
  {
    name: 'the wireguard-go of the publisher is stopped',
    expected: 'the interface is being made anew (looked at every 10 s)',
    visitsMayFailMs: 0,
    happens: async ({ cluster }) => {
      const { node } = at(cluster, 0);
      await untilRebuilt(node, async () => process.kill(await wireguardGo(node), 'SIGSTOP'));
    },
  },
  {
    name: 'a node moves to another address and port',
    expected: 'the others have its new endpoint',
    visitsMayFailMs: 5_000,
    happens: async ({ cluster }) => {
      const { node, machine } = at(cluster, 2);
      const others = [at(cluster, 0).node, at(cluster, 1).node];
      await node.stop();
      const endpoint = '10.77.0.33:40003';
      for (const other of others)
        await other.until(
          'misses it',
          (status) => hears(node.id, 'wireguard')(status) === false,
          PATIENCE_MS,
        );
      await machine.namespace.run('ip', 'addr', 'flush', 'dev', 'eth0', 'scope', 'global');
      await machine.namespace.run('ip', 'addr', 'add', '10.77.0.33/24', 'dev', 'eth0');
      await editConfig(node, (text) =>
        text
          .replace(/^endpoint = .*$/m, `endpoint = "${endpoint}"`)
          .replace(/^listen_port = .*$/m, 'listen_port = 40003'),
      );
      node.start();
      for (const other of others) await other.until('hears it', hears(node.id, 'wireguard'), PATIENCE_MS);
      for (const { namespace } of cluster.machines.slice(0, 2))
        await eventually(
          'the new endpoint is announced',
          async () => (await namespace.run('wg', 'show', TUNNEL_INTERFACE, 'endpoints')).includes(endpoint),
          { timeoutMs: PATIENCE_MS },
        );
    },
  },
  {
    name: 'the address of a machine changes under its running node',
    expected: 'its Tor has made new introduction points, and they are published',
    visitsMayFailMs: 8_000,
    happens: async ({ cluster }) => {
      const [{ node, machine }, publisher] = [at(cluster, 1), at(cluster, 0).node];
      const before = node.log.length;
      await machine.namespace.run('ip', 'addr', 'flush', 'dev', 'eth0', 'scope', 'global');
      await machine.namespace.run('ip', 'addr', 'add', '10.77.0.44/24', 'dev', 'eth0');
      await machine.namespace.run('ip', 'route', 'add', 'default', 'dev', 'eth0');
      // Whether the others hear that it has no points before it has new ones depends on how soon its tunnels follow.
      await eventually(
        'its Tor connects anew',
        () => node.log.slice(before).some((line) => line.includes('Tor makes its connections anew')),
        { timeoutMs: PATIENCE_MS },
      );
      await node.until('has points again', (status) => status.tor.state === 'up', PATIENCE_MS);
      await publisher.until(
        'publishes it again',
        (status) => publishedNodes(status) === 'alpha,beta,gamma',
        PATIENCE_MS,
      );
    },
  },
  {
    name: 'the publisher is cut off from the others and from Tor',
    expected: 'another publishes without it, and 15 visits after that',
    visitsMayFailMs: 15_000,
    happens: async ({ cluster, links, visits }) => {
      const [a, b] = [at(cluster, 0), at(cluster, 1)];
      await links.unplug(a.machine);
      await b.node.until(
        'publishes without it',
        (status) => status.node.role === 'publisher' && publishedNodes(status) === 'beta,gamma',
        PATIENCE_MS,
      );
      await eventually('it sends no client to itself', async () => (await pointsOf(a.node)) === 0, {
        timeoutMs: PATIENCE_MS,
      });
      // So long that TCP sends again only long after the end, by itself.
      await visits(15);
    },
  },
];

/** A fault's course, ms. */
export interface FaultCourse {
  /** From the damage to what is expected of the cluster while it lasts. */
  readonly expectedMs: number;
  /** From its end to a whole cluster, with a second or so until something has come through each tunnel. */
  readonly wholeMs: number;
}

/** Inflicts it, waits for what is expected, ends it, and waits until the cluster is whole. */
export const sufferFault = async ({ happens }: TunnelFault, world: FaultWorld): Promise<FaultCourse> => {
  const beganMs = performance.now();
  await happens(world);
  const expectedMs = performance.now() - beganMs;
  await world.links.heal();
  const endedMs = performance.now();
  await untilTunnelsCarry(world.cluster);
  await untilWhole(world.cluster);
  return { expectedMs, wholeMs: performance.now() - endedMs };
};
