import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DaemonNode } from '../cluster/daemon-node.js';
import type { NodeIdentity } from '../cluster/daemon-node.js';
import { rustbalanceJson } from '../cluster/program.js';
import { Namespace } from './namespace.js';
import type { Lan } from './namespace.js';
import { startTarget } from './target.js';
import type { NamespaceTarget } from './target.js';

/** A Tor's bootstrap and up to five attempts, on a loaded machine. */
const JOIN_WITHIN_MS = 180_000;
export const WIREGUARD_PORT = 51_820;

export interface MachineOptions {
  readonly lan: Lan;
  /** 1 … 253: its port of the bridge and the last number of its address. */
  readonly index: number;
  /** The id of its node. */
  readonly id: string;
  /** Its folder, which is made; short, since unix socket paths are. */
  readonly dir: string;
  /** torrc lines by which a Tor joins the private network. */
  readonly torrc: readonly string[];
  /** `section.key=value` for its daemon. */
  readonly set: readonly string[];
}

/**
 * A machine of an operator: a network namespace with a /run of its own on the bridge, the service that is to be reached,
 * and a node that `init` or `join` makes and `run` runs, with its Tor and its tunnels.
 */
export class Machine {
  readonly options: MachineOptions;
  readonly namespace: Namespace;
  readonly address: string;
  readonly #target: NamespaceTarget;

  private constructor(
    options: MachineOptions,
    namespace: Namespace,
    address: string,
    target: NamespaceTarget,
  ) {
    this.options = options;
    this.namespace = namespace;
    this.address = address;
    this.#target = target;
  }

  static async make(options: MachineOptions): Promise<Machine> {
    const { lan, index, id, dir } = options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const namespace = await Namespace.make();
    const address = `10.77.0.${String(index)}`;
    await lan.plug(namespace, portOf(index), address);
    return new Machine(options, namespace, address, await startTarget(namespace, id));
  }

  get id(): string {
    return this.options.id;
  }

  /** The bridge's end of its cable. */
  get port(): string {
    return portOf(this.options.index);
  }

  /** `IP:port` of its tunnels, for `--endpoint`. */
  get endpoint(): string {
    return `${this.address}:${String(WIREGUARD_PORT)}`;
  }

  #arguments(): string[] {
    const { dir, id } = this.options;
    return [
      ...['--config-dir', join(dir, 'etc'), '--state-dir', join(dir, 'state'), '--run-dir', join(dir, 'run')],
      ...['--node-id', id, '--target', this.#target.url, '--endpoint', this.endpoint, '--yes'],
    ];
  }

  #node(identity: NodeIdentity): DaemonNode {
    const { id, dir, torrc, set } = this.options;
    const extra = `tor.extra_torrc=[${torrc.map((line) => JSON.stringify(line)).join(', ')}]`;
    return DaemonNode.made({ id, dir, set: [extra, ...set], enter: this.namespace.before }, identity);
  }

  /** `rustbalance init`: the first node of a cluster, not started, and the first join token. */
  async init(): Promise<{ readonly node: DaemonNode; readonly joinToken: string }> {
    const made = (await rustbalanceJson(['init', ...this.#arguments()], {
      enter: this.namespace.before,
    })) as NodeIdentity & { readonly join_token: string };
    return { node: this.#node(made), joinToken: made.join_token };
  }

  /** `rustbalance join`, the token by standard input: a further node, not started. */
  async join(token: string): Promise<DaemonNode> {
    const extra = this.options.torrc.flatMap((line) => ['--extra-torrc', line]);
    const made = await rustbalanceJson(['join', ...this.#arguments(), ...extra], {
      enter: this.namespace.before,
      input: token,
      timeoutMs: JOIN_WITHIN_MS,
    });
    return this.#node(made as NodeIdentity);
  }

  /** Ends the service and the namespace; the node must have been stopped. */
  async end(): Promise<void> {
    await this.#target.end();
    await this.namespace.end();
  }
}

const portOf = (index: number): string => `port${String(index)}`;
