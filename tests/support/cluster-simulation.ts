import { createHash } from 'node:crypto';
import type { Ed25519PublicKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { electionActorWith } from '@rustbalance/actors/election/actor.js';
import type { AgreeKeys } from '@rustbalance/actors/election/members.js';
import { pairKeys } from '@rustbalance/actors/election/wire/pair-keys.js';
import type { DatagramKey, PairKeys } from '@rustbalance/actors/election/wire/pair-keys.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import type { SignedRecord } from '@rustbalance/actors/election/records/record.js';
import { RecordStores, memberRecord } from './simulation/record-stores.js';
import { QUICK_TIMES, exampleSeed, nodeConfig, recordConfig } from './simulation/cluster-config.js';
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
  /** Nodes meet by WireGuard, and a Tor with this weather stands in. Left out: by one network alone. */
  readonly tor?: Partial<NetworkWeather>;
  /** Introduction points of each node; 3 unless told. */
  readonly points?: number;
  /**
   * Members are known by their records: for each node the numbers of those that it knows at first, itself among them.
   * Node 0 has signed all of them. Left out: all are configured with all.
   */
  readonly knows?: (index: number) => readonly number[];
  /** Cheap pair keys in the place of real ones: for clusters of hundreds. */
  readonly cheapKeys?: boolean;
  /** Nodes by number that hold no master key. */
  readonly withoutKey?: readonly number[];
}

/** Over circuits that stand. The first ones take longer, but every simulation has them before it begins. */
const TOR_WEATHER: NetworkWeather = { ...FAIR_WEATHER, shortestDelayMs: 250, longestDelayMs: 900 };

const overTor = (config: Config): Config => ({
  ...config,
  coordination: { ...config.coordination, mode: 'wireguard' },
  resilience: { ...config.resilience, tor_fallback_enabled: true },
});

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

/** The same on both sides, and secret from nobody. */
const cheapKeys: AgreeKeys = (secret, seed, peer) => {
  const own = ownKey(seed);
  const directed = (from: Uint8Array, to: Uint8Array): DatagramKey =>
    new Uint8Array(createHash('sha256').update(secret.key).update(from).update(to).digest()) as DatagramKey;
  return { sending: directed(own, peer), receiving: directed(peer, own) };
};

const ownKeys = new Map<string, Ed25519PublicKey>();

const ownKey = (seed: Ed25519Seed): Ed25519PublicKey => {
  const name = Buffer.from(seed).toString('hex');
  const key = ownKeys.get(name) ?? nodePublicKey(seed);
  ownKeys.set(name, key);
  return key;
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
  /** Null where there is one transport. */
  readonly tor: SimulatedNetwork | null;
  readonly nodes: readonly SimulatedNode[];
  readonly stores = new RecordStores();
  readonly random;
  #records: readonly SignedRecord[] = [];

  constructor({ seed, nodes, times, weather, points = 3, withoutKey = [], ...options }: SimulationOptions) {
    this.random = seededRandom(seed);
    this.network = new SimulatedNetwork(
      this.queue,
      seededRandom(seed ^ 0x5eed),
      { ...FAIR_WEATHER, ...weather },
      (to, bytes) => this.nodes[to]?.receive(bytes, options.tor === undefined ? 'direct' : 'wireguard'),
    );
    this.tor =
      options.tor === undefined
        ? null
        : new SimulatedNetwork(
            this.queue,
            seededRandom(seed ^ 0x70_72),
            { ...TOR_WEATHER, ...options.tor },
            (to, bytes) => this.nodes[to]?.receive(bytes, 'tor'),
          );
    const specs = Array.from({ length: nodes }, (_, index): NodeSpec => ({
      id: nodeName(index),
      seed: exampleSeed(index),
      priority: index + 1,
      address: `10.0.${Math.floor(index / 250)}.${(index % 250) + 1}:7001`,
      hasMasterKey: !withoutKey.includes(index),
    }));
    const indexOf = new Map<string, number>(specs.map(({ id }, index) => [id, index]));
    const definition = electionActorWith({
      readPending: () => Promise.resolve(null),
      agree: options.cheapKeys === true ? cheapKeys : rememberedKeys,
      openStore: ({ config }) => this.stores.store(config.node.id),
    });
    const { knows } = options;
    if (knows !== undefined) {
      const records = specs.map((spec) => memberRecord(spec, specs[0] ?? spec));
      this.#records = records;
      specs.forEach(({ id }, index) => {
        this.stores.add(
          id,
          knows(index).flatMap((known) => records[known] ?? []),
        );
      });
    }
    this.nodes = specs.map((spec, index) => {
      const config =
        knows === undefined
          ? nodeConfig(spec, specs, times ?? QUICK_TIMES)
          : recordConfig(spec, times ?? QUICK_TIMES);
      const node = new SimulatedNode(
        spec,
        options.tor === undefined ? config : overTor(config),
        definition,
        this.queue,
        seededRandom(seed * 1009 + index),
        (to, bytes, transport) => {
          const network = transport === 'tor' ? this.tor : this.network;
          network?.send(index, indexOf.get(to) ?? -1, bytes);
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

  /** Puts the record of a node on the disk of another, which has it from its next start on. */
  sponsor(sponsor: number, joining: number): void {
    const record = this.#records[joining];
    if (record !== undefined) this.stores.add(nodeName(sponsor), [record]);
  }

  /** Whether the node lists exactly these others as members. */
  knowsExactly(index: number, others: readonly number[]): boolean {
    const known = this.node(index).members.map(({ id }) => id);
    return known.length === others.length && others.every((other) => known.includes(nodeName(other)));
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
