import { electionActorWith } from '@rustbalance/actors/election/actor.js';
import type { AgreeKeys } from '@rustbalance/actors/election/members.js';
import { pairKeys } from '@rustbalance/actors/election/wire/pair-keys.js';
import type { PairKeys } from '@rustbalance/actors/election/wire/pair-keys.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { QUICK_TIMES, exampleSeed } from './simulation/cluster-config.js';
import type { ClusterTimes, NodeSpec } from './simulation/cluster-config.js';
import { EventQueue } from './simulation/event-queue.js';
import { examplePoints } from './simulation/example-points.js';
import { FAIR_WEATHER, SimulatedNetwork } from './simulation/network.js';
import type { NetworkWeather } from './simulation/network.js';
import { seededRandom } from './simulation/seeded-random.js';
import { SimulatedNode } from './simulation/simulated-node.js';

export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly times?: ClusterTimes;
  readonly weather?: Partial<NetworkWeather>;
  /** Introduction points of each node; 3 unless told. */
  readonly points?: number;
  /** Nodes by number that hold no master key. */
  readonly withoutKey?: readonly number[];
}

const agreed = new Map<string, PairKeys | null>();

/** The real agreement, remembered: the same few keys serve every simulation. */
const rememberedKeys: AgreeKeys = (secret, seed, peer) => {
  const key = [secret.tag, seed, peer].map((bytes) => Buffer.from(bytes).toString('hex')).join();
  const known = agreed.get(key);
  if (known !== undefined) return known;
  const keys = pairKeys(secret, seed, peer);
  agreed.set(key, keys);
  return keys;
};

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** `node-a`, `node-b`, …; beyond 26 with a number behind. */
export const nodeName = (index: number): NodeId =>
  `node-${LETTERS[index % 26] ?? ''}${index < 26 ? '' : Math.floor(index / 26)}` as NodeId;

/**
 * Real ElectionActors, sealed datagrams and all, under one simulated clock, network and source of chance. The same
 * seed gives the same run to the last datagram.
 */
export class ClusterSimulation {
  readonly queue = new EventQueue();
  readonly network: SimulatedNetwork;
  readonly nodes: readonly SimulatedNode[];
  readonly random;

  constructor({ seed, nodes, times, weather, points = 3, withoutKey = [] }: SimulationOptions) {
    this.random = seededRandom(seed);
    this.network = new SimulatedNetwork(
      this.queue,
      seededRandom(seed ^ 0x5eed),
      { ...FAIR_WEATHER, ...weather },
      (to, bytes) => this.nodes[to]?.receive(bytes),
    );
    const specs = Array.from({ length: nodes }, (_, index): NodeSpec => ({
      id: nodeName(index),
      seed: exampleSeed(index),
      priority: index + 1,
      address: `10.0.${Math.floor(index / 250)}.${(index % 250) + 1}:7001`,
      hasMasterKey: !withoutKey.includes(index),
    }));
    const indexOf = new Map<string, number>(specs.map(({ id }, index) => [id, index]));
    const definition = electionActorWith(rememberedKeys);
    this.nodes = specs.map((spec, index) => {
      const node = new SimulatedNode(
        spec,
        specs,
        times ?? QUICK_TIMES,
        definition,
        this.queue,
        seededRandom(seed * 1009 + index),
        (to, bytes) => {
          this.network.send(index, indexOf.get(to) ?? -1, bytes);
        },
      );
      node.ownPoints = examplePoints(spec.id, points);
      return node;
    });
  }

  get nowMs(): number {
    return this.queue.nowMs;
  }

  node(index: number): SimulatedNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`there is no node ${index}`);
    return node;
  }

  async startAll(): Promise<void> {
    for (const node of this.nodes) await node.start();
  }

  /** Stops a node in good order, however long it takes it: a node that stands still ends when it runs again. */
  async stop(node: SimulatedNode): Promise<void> {
    let stopped = false;
    const stopping = node.stop().then(() => {
      stopped = true;
    });
    while (!stopped) {
      this.run(20);
      // Several turns: the promises of an orderly end are a few deep.
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
    await stopping;
  }

  run(ms: number): void {
    this.queue.runUntil(this.queue.nowMs + ms);
  }

  /** Runs until the condition holds, looking every `everyMs`; the time it took, or null when it did not within `ms`. */
  runUntil(condition: () => boolean, ms: number, everyMs = 20): number | null {
    const startMs = this.nowMs;
    while (!condition()) {
      if (this.nowMs - startMs >= ms) return null;
      this.run(everyMs);
    }
    return this.nowMs - startMs;
  }

  /** Cuts every link between the groups, both ways. */
  partition(...groups: readonly (readonly number[])[]): void {
    groups.forEach((group, index) => {
      for (const other of groups.filter((_, at) => at !== index).flat()) {
        for (const node of group) this.network.cut(node, other);
      }
    });
  }

  running(): readonly SimulatedNode[] {
    return this.nodes.filter(({ isRunning }) => isRunning);
  }

  /** Running nodes that hold the lease in their own eyes. */
  publishers(): readonly NodeId[] {
    return this.running()
      .filter(({ role }) => role?.role === 'publisher')
      .map(({ spec }) => spec.id);
  }

  /** One publisher, and all running nodes know it. */
  agrees(): boolean {
    const publishers = this.publishers();
    return publishers.length === 1 && this.running().every(({ role }) => role?.publisher === publishers[0]);
  }

  /** Every running node holds exactly the present points of all other running nodes. */
  pointsConverged(): boolean {
    const running = this.running();
    return running.every((node) => {
      const held = new Map(node.points.map((entry) => [entry.node, pointKeys(entry.points)]));
      const others = running.filter((other) => other !== node);
      return (
        held.size === others.length &&
        others.every((other) => held.get(other.spec.id) === pointKeys(other.ownPoints))
      );
    });
  }

  logged(text: string): readonly string[] {
    return this.nodes.flatMap(({ logs }) =>
      logs.map(({ message }) => message).filter((message) => message.includes(text)),
    );
  }
}

const pointKeys = (points: readonly { readonly authKey: Uint8Array }[]): string =>
  points
    .map(({ authKey }) => Buffer.from(authKey).toString('hex'))
    .sort()
    .join();
