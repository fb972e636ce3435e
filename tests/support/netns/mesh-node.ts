import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { randomBytes } from 'node:crypto';
import type { Curve25519SecretKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { MemberView } from '@rustbalance/actors/election/messages.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { clusterSecret, tunnelAddress, tunnelNetwork } from '@rustbalance/actors/kernel/cluster-keys.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import type {
  ChildOrder,
  ChildSignal,
  ChildState,
  CommandOrder,
} from '@rustbalance/actors/kernel/host-messages.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import type { ReceivedDatagram, TransportStatus } from '@rustbalance/actors/wg/messages.js';
import { wgActorWith } from '@rustbalance/actors/wg/actor.js';
import type { OpenUdp, UdpEvents } from '@rustbalance/actors/wg/udp-socket.js';
import { systemTunnels } from '@rustbalance/actors/wg/wireguard/configured.js';
import type { TunnelEffects } from '@rustbalance/actors/wg/wireguard/configured.js';
import { ProcessHost } from '@rustbalance/supervisor/process-host.js';
import { HarnessNode } from '../actor-harness.js';
import { eventually } from '../eventually.js';
import { MASTER_ADDRESS, exampleSeed } from '../simulation/cluster-config.js';
import { Lan, Namespace } from './namespace.js';
import { UdpAgent } from './udp-agent.js';

export const INTERFACE = 'wg-rb';
const TOKEN = Buffer.from('a cluster token for namespaces');
const SECRET = clusterSecret(TOKEN, MASTER_ADDRESS);
export const NETWORK = tunnelNetwork(SECRET.tag);
const LISTEN_PORT = 51_820;

/** How often the interface is checked in these tests, seconds. */
export const CHECK_SECS = 1;

export interface NodeOptions {
  /** In front of every command, e.g. what takes privileges away. */
  readonly before?: readonly string[];
  readonly checkSecs?: number;
}

/** A node's WgActor in this process, with its interface, sockets and commands in a namespace of its own. */
export class MeshNode {
  readonly id: NodeId;
  readonly namespace: Namespace;
  agent: UdpAgent;
  readonly seed: Ed25519Seed;
  readonly privateKey = new Uint8Array(randomBytes(32));
  readonly received: ReceivedDatagram[] = [];
  readonly commands: CommandOrder[] = [];
  readonly options: NodeOptions;
  address: string;
  harness: HarnessNode;
  host: ProcessHost;
  children: readonly ChildState[] = [];
  #udpEvents: UdpEvents | null = null;
  #life = 0;

  constructor(index: number, namespace: Namespace, address: string, options: NodeOptions) {
    this.id = `node-${String(index)}` as NodeId;
    this.seed = exampleSeed(index);
    this.namespace = namespace;
    this.address = address;
    this.options = options;
    this.agent = new UdpAgent(namespace);
    this.host = this.#makeHost();
    this.harness = this.#makeHarness();
  }

  get tunnelAddress(): string {
    return tunnelAddress(SECRET.tag, nodePublicKey(this.seed));
  }

  get config(): Config {
    return configSchema.parse({
      node: { id: this.id },
      master: { onion_address: MASTER_ADDRESS },
      target: { url: 'http://127.0.0.1:9101' },
      coordination: { mode: 'wireguard' },
      wireguard: {
        interface: INTERFACE,
        listen_port: LISTEN_PORT,
        check_interval_secs: this.options.checkSecs ?? CHECK_SECS,
      },
    });
  }

  /** How its peers know it. */
  get member(): MemberView {
    return {
      id: this.id,
      publicKey: nodePublicKey(this.seed),
      addresses: {
        direct: null,
        wireguard: {
          publicKey: curve25519PublicKey(this.privateKey as Curve25519SecretKey),
          endpoint: `${this.address}:${String(LISTEN_PORT)}`,
        },
        coordination: null,
      },
    };
  }

  get effects(): TunnelEffects {
    const before = ['nsenter', ...this.namespace.enter, ...(this.options.before ?? [])];
    return {
      ...systemTunnels,
      commands: (context) => {
        const run = systemTunnels.commands(context);
        return (order) => {
          this.commands.push(order);
          const [command = '', ...args] = [...before, order.command, ...order.args];
          return run({ ...order, command, args });
        };
      },
      userspaceCommand: ['nsenter', ...before.slice(1), 'wireguard-go'],
      socketDir: this.namespace.path('/run/wireguard'),
    };
  }

  #makeHost(): ProcessHost {
    const log = makeLogger(
      'host',
      () => 0,
      () => undefined,
    );
    const host: ProcessHost = new ProcessHost(systemClock, log, (children) => {
      // That of a daemon that was killed tells nobody anything, however late its child ends.
      if (this.host !== host) return;
      this.children = children;
      this.harness.tell('host.children', { children });
    });
    return host;
  }

  #makeHarness(): HarnessNode {
    const life = ++this.#life;
    const call = { from: 'wg', deadlineMs: 5000 } as const;
    return new HarnessNode({
      config: this.config,
      secrets: {
        masterKey: null,
        nodeKey: new Secret(this.seed),
        clusterToken: new Secret(TOKEN),
        wireguardKey: new Secret(this.privateKey),
        controlPassword: null,
      },
      answer: (name, payload) => {
        // A daemon that was killed neither asks nor hears.
        if (life !== this.#life) return new Promise(() => undefined);
        const { handlers } = this.host;
        if (name === 'host.run') return handlers[name](payload as CommandOrder, call);
        if (name === 'host.spawn') return handlers[name](payload as ChildOrder, call);
        return handlers['host.signal'](payload as { id: string; signal: ChildSignal }, call);
      },
    });
  }

  /** Sockets in the namespace; the last one opened can be made to fail. */
  get open(): OpenUdp {
    return (at, events) => {
      this.#udpEvents = events;
      return this.agent.open(at, events);
    };
  }

  failSocket(code: string): void {
    this.#udpEvents?.failed(code);
  }

  async start(): Promise<void> {
    await this.harness.start(wgActorWith(this.open, { tunnels: this.effects }));
    await this.harness.start({
      name: 'election',
      start: () =>
        Promise.resolve({
          handlers: {
            'wg.datagram': (datagram) => this.received.push(datagram),
            'election.join': () => Promise.resolve({ frame: null }),
            'election.tokens': () => Promise.resolve({ tokens: [], created: null }),
            'election.remove-member': () => Promise.resolve({ removed: false }),
            'election.drain': () => Promise.resolve({ phase: 'no' as const, refusal: null }),
            'election.step-down': () => undefined,
            'election.reconnect-peer': () => undefined,
            'election.reset': () => undefined,
          },
          alive: () => true,
          inspect: () => ({ state: 'recording', context: {} }),
          stop: () => Promise.resolve(),
        }),
    });
  }

  /** The daemon is gone as by SIGKILL: nothing is cleaned up, and the next one knows of no children. */
  async crash(): Promise<void> {
    this.harness.forget('wg');
    this.harness.forget('election');
    await this.agent.end();
    this.agent = new UdpAgent(this.namespace);
    this.host = this.#makeHost();
    this.harness = this.#makeHarness();
  }

  knows(...others: readonly MeshNode[]): void {
    const members = others.map(({ member }) => member);
    this.harness.tell('election.members', { members, joinTokens: [] });
  }

  get status(): TransportStatus | undefined {
    return this.harness.fact('wg.status')?.transports[0];
  }

  send(to: MeshNode, bytes: Uint8Array): void {
    this.harness.order('wg.send', { to: to.id, bytes, via: null });
  }

  /** Resolves when something fresh got through. */
  async reaches(to: MeshNode, timeoutMs: number): Promise<void> {
    const payload = new Uint8Array(randomBytes(64));
    await eventually(
      `${this.id} reaches ${to.id}`,
      () => {
        if (to.received.some(({ bytes }) => Buffer.compare(bytes, payload) === 0)) return true;
        this.send(to, payload);
        return false;
      },
      { timeoutMs, everyMs: 50 },
    );
  }

  /** The process that serves the interface. */
  get wireguardPid(): number {
    const child = this.children.find(({ id, exited }) => id === 'wireguard-go' && exited === null);
    if (child === undefined) throw new Error('there is no wireguard-go');
    return child.pid;
  }

  async end(): Promise<void> {
    await this.harness.stopAll();
    await this.host.stop(1000);
    await this.agent.end();
    await this.namespace.end();
  }
}

/** Nodes in namespaces on one bridge; everything ends with end(). */
export class Mesh {
  readonly nodes: readonly MeshNode[];
  readonly lan: Lan;

  private constructor(lan: Lan, nodes: readonly MeshNode[]) {
    this.lan = lan;
    this.nodes = nodes;
  }

  static async make(count: number, options: NodeOptions = {}): Promise<Mesh> {
    const lan = await Lan.make();
    const nodes: MeshNode[] = [];
    for (let index = 1; index <= count; index++) {
      const namespace = await Namespace.make();
      const address = `10.77.0.${String(index)}`;
      await lan.plug(namespace, `port${String(index)}`, address);
      nodes.push(new MeshNode(index, namespace, address, options));
    }
    return new Mesh(lan, nodes);
  }

  /** Starts all and makes them members of each other. */
  async form(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.start()));
    for (const node of this.nodes) node.knows(...this.nodes.filter((other) => other !== node));
  }

  async end(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end()));
    await this.lan.end();
  }
}
