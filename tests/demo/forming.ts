import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DaemonNode } from '../support/cluster/daemon-node.js';
import type { NodeIdentity, NodePlace } from '../support/cluster/daemon-node.js';
import { rustbalanceJson } from '../support/cluster/program.js';
import { publishedNodes } from '../support/cluster/status.js';
import type { DemoMachine } from './machines.js';
import type { Narrator } from './narrator.js';
import { spokenCommand } from './spoken-command.js';
import type { Stage } from './stage.js';

/** Nodes of one address. */
export interface FormedCluster {
  /** The master address with .onion. */
  readonly address: string;
  readonly nodes: readonly DaemonNode[];
  readonly joins: readonly Join[];
}

/** How long a new node took, in seconds since its `join` was typed. */
export interface Join {
  readonly node: string;
  /** The command has ended: the cluster has let the node in. */
  readonly admitted: number;
  /** The first node hears it. */
  readonly heard: number;
  /** Its introduction points are in both descriptors on every responsible HSDir. */
  readonly published: number;
}

export interface FormingOptions {
  readonly machines: readonly DemoMachine[];
  /** A folder for the nodes' files. */
  readonly dir: string;
  /** torrc lines that lead into the private network. */
  readonly torrc: readonly string[];
}

/** On the public network Tor alone may need a minute; here all that takes longer than this is a failure. */
const PATIENCE_MS = 90_000;

const seconds = (since: number): number => (performance.now() - since) / 1000;

class Forming {
  readonly #stage: Stage;
  readonly #tell: Narrator;
  readonly #options: FormingOptions;
  readonly nodes: DaemonNode[] = [];

  constructor(stage: Stage, tell: Narrator, options: FormingOptions) {
    this.#stage = stage;
    this.#tell = tell;
    this.#options = options;
  }

  /** Runs `init` or `join` on a machine, to which the program is new. */
  async #make<T extends NodeIdentity>(
    command: 'init' | 'join',
    machine: DemoMachine,
    more: readonly string[],
    input?: string,
  ): Promise<{ readonly place: NodePlace; readonly made: T }> {
    const { dir: all, torrc } = this.#options;
    const dir = join(all, machine.name);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const args = [
      ...[command, '--node-id', machine.name, '--target', machine.site, ...machine.reach],
      ...['--config-dir', join(dir, 'etc'), '--state-dir', join(dir, 'state'), '--run-dir', join(dir, 'run')],
      ...[...more, '--yes'],
    ];
    this.#type(machine, [...args, '--json'], input === undefined ? null : 'token');
    const { signal } = this.#stage;
    const made = await rustbalanceJson(args, {
      ...{ enter: machine.enter, timeoutMs: PATIENCE_MS, signal },
      ...(input === undefined ? {} : { input }),
    });
    const lines = torrc.map((line) => JSON.stringify(line)).join(', ');
    const set = [`tor.extra_torrc=[${lines}]`, 'chaos.enabled=true'];
    return { place: { id: machine.name, dir, set, enter: machine.enter }, made: made as T };
  }

  async #start(machine: DemoMachine, place: NodePlace, identity: NodeIdentity): Promise<DaemonNode> {
    const node = DaemonNode.made(place, identity);
    this.#type(machine, ['run', ...node.settings()]);
    await this.#stage.start(() => {
      node.start();
      return Promise.resolve(node);
    });
    this.nodes.push(node);
    return node;
  }

  #type(machine: DemoMachine, args: readonly string[], input: string | null = null): void {
    this.#tell.say(`${machine.name}# ${spokenCommand(args, input).replaceAll(this.#options.dir, '$D')}`);
  }

  #untilPublished(first: DaemonNode): Promise<unknown> {
    const ids = this.nodes.map(({ id }) => id).sort();
    return first.until(
      `introduction points of ${ids.join(',')} on every HSDir`,
      (status) => publishedNodes(status) === ids.join(','),
      PATIENCE_MS,
    );
  }

  async first(machine: DemoMachine): Promise<{ readonly node: DaemonNode; readonly token: string }> {
    const began = performance.now();
    const { place, made } = await this.#make<NodeIdentity & { readonly join_token: string }>(
      'init',
      machine,
      [],
    );
    this.#tell.say(`the one address: ${made.onion_address}`);
    const node = await this.#start(machine, place, made);
    await this.#untilPublished(node);
    this.#tell.say(`it publishes, ${seconds(began).toFixed(1)} s after the first command`);
    return { node, token: made.join_token };
  }

  async further(machine: DemoMachine, first: DaemonNode, token: string): Promise<Join> {
    const began = performance.now();
    // Where nodes meet through tunnels, a joiner comes by Tor.
    const extra = this.#options.torrc.flatMap((line) => ['--extra-torrc', line]);
    const { place, made } = await this.#make<
      NodeIdentity & { readonly priority: number; readonly cluster_size: number }
    >('join', machine, machine.transport === 'wireguard' ? extra : [], token);
    const admitted = seconds(began);
    this.#tell.say(
      `let in after ${admitted.toFixed(1)} s: node ${String(made.cluster_size)} of ${String(made.cluster_size)}, priority ${String(made.priority)}`,
    );
    await this.#start(machine, place, made);
    await first.until(
      `hears ${machine.name} by ${machine.transport}`,
      ({ peers }) =>
        peers.some(
          ({ id, lifecycle, transport }) =>
            id === machine.name && HEARD.has(lifecycle) && transport === machine.transport,
        ),
      PATIENCE_MS,
    );
    const heard = seconds(began);
    this.#tell.say(
      `${first.id} hears it by ${machine.transport}: ${heard.toFixed(1)} s after join was typed`,
    );
    await this.#untilPublished(first);
    const published = seconds(began);
    this.#tell.say(`its introduction points are on every HSDir: after ${published.toFixed(1)} s`);
    return { node: machine.name, admitted, heard, published };
  }
}

const HEARD: ReadonlySet<string> = new Set(['initializing', 'healthy']);

/** Forms a cluster as operators do: `init` on the first machine, `join` with its token on every further one. */
export const formCluster = async (
  stage: Stage,
  tell: Narrator,
  options: FormingOptions,
): Promise<FormedCluster> => {
  const [firstMachine, ...others] = options.machines;
  if (firstMachine === undefined) throw new Error('a cluster needs a machine');
  const forming = new Forming(stage, tell, options);
  tell.step(`${firstMachine.name}: init (files below D=${options.dir})`);
  const { node: first, token } = await forming.first(firstMachine);
  const joins: Join[] = [];
  for (const machine of others) {
    tell.step(`${machine.name}: join, with the token that init has printed, from the file token`);
    joins.push(await forming.further(machine, first, token));
  }
  return { address: first.identity.onion_address, nodes: forming.nodes, joins };
};
