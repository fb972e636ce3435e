import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ChaosMode } from '@rustbalance/actors/kernel/envelope.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import { findOurTor, systemProcesses } from '@rustbalance/actors/tor/leftover-tor.js';
import type { TorName } from '@rustbalance/actors/tor/messages.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { eventually } from '../eventually.js';
import { rustbalance, rustbalanceJson, spawnDaemon } from './program.js';
import type { ActorJson, InspectJson, StatusJson } from './status.js';

export interface NodeIdentity {
  readonly onion_address: string;
  readonly node_id: string;
  readonly node_public_key: string;
  readonly config_path: string;
  readonly master_key_path: string;
}

/** Where a node is, and how it is run. */
export interface NodePlace {
  readonly id: string;
  /** Its own folder: config, keys, state, sockets. Short, since unix socket paths are. */
  readonly dir: string;
  /** `section.key=value`, as `--set` takes them. */
  readonly set: readonly string[];
  /** What goes in front of every command of it, e.g. `nsenter` into its namespace. */
  readonly enter?: readonly string[];
  /** Where it keeps its state; `state` in its folder unless told. */
  readonly stateDir?: string;
  /** URLs of modules that its daemon loads before anything else, in every thread. */
  readonly preload?: readonly string[];
}

export interface NodeOptions extends NodePlace {
  readonly target: string;
  readonly listen: string;
  readonly priority: number;
  readonly importKey: string | null;
  readonly clusterTokenFile: string | null;
}

const stateDirOf = ({ dir, stateDir }: NodePlace): string => stateDir ?? join(dir, 'state');

/** One node as an operator runs it: made by `init` or `join`, run by `run`, watched by `status`. */
export class DaemonNode {
  readonly options: NodePlace;
  readonly identity: NodeIdentity;
  /** Its address for `[[direct.peers]]` of others. */
  readonly listen: string | null;
  /** The newest lines. */
  readonly log: string[] = [];
  readonly #listeners: ((line: string) => void)[] = [];
  #child: ChildProcess | null = null;
  #exit: Promise<unknown> = Promise.resolve();

  private constructor(options: NodePlace, identity: NodeIdentity, listen: string | null) {
    this.options = options;
    this.identity = identity;
    this.listen = listen;
  }

  /** A node that was made already, as the command that made it told. */
  static made(options: NodePlace, identity: NodeIdentity): DaemonNode {
    return new DaemonNode(options, identity, null);
  }

  /** Runs `rustbalance init`. */
  static async init(options: NodeOptions): Promise<DaemonNode> {
    const args = [
      ['init', '--config-dir', join(options.dir, 'etc'), '--node-id', options.id, '--target', options.target],
      ['--state-dir', stateDirOf(options), '--run-dir', join(options.dir, 'run')],
      ['--transport', 'direct', '--listen', options.listen, '--priority', String(options.priority), '--yes'],
      options.importKey === null ? [] : ['--import-key', options.importKey],
      options.clusterTokenFile === null ? [] : ['--cluster-token-file', options.clusterTokenFile],
    ];
    const made = await rustbalanceJson(args.flat(), { enter: options.enter ?? [] });
    return new DaemonNode(options, made as NodeIdentity, options.listen);
  }

  get id(): string {
    return this.options.id;
  }

  get clusterTokenFile(): string {
    return join(this.options.dir, 'etc', 'cluster.token');
  }

  get stateDir(): string {
    return stateDirOf(this.options);
  }

  /** Every line that it says from now on. */
  onLine(listener: (line: string) => void): void {
    this.#listeners.push(listener);
  }

  /** Writes the other nodes into this one's configuration, as an operator does by hand. */
  async introduce(
    others: readonly DaemonNode[],
    addressOf: (other: DaemonNode) => string = ({ listen }) => listen ?? '',
  ): Promise<void> {
    const blocks = others.map(
      (other) =>
        `\n[[direct.peers]]\nid = "${other.id}"\naddress = "${addressOf(other)}"\npublic_key = "${other.identity.node_public_key}"\n`,
    );
    await appendFile(this.identity.config_path, blocks.join(''));
  }

  /** The arguments by which any command finds this node. */
  settings(): string[] {
    return ['--config', this.identity.config_path, ...this.options.set.flatMap((one) => ['--set', one])];
  }

  get #socket(): string {
    return join(this.options.dir, 'run', 'control.sock');
  }

  start(): void {
    const child = spawnDaemon(this.settings(), this.options.enter, this.options.preload);
    this.#child = child;
    this.#exit = once(child, 'exit');
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        this.log.push(line);
        for (const listener of this.#listeners) listener(line);
        if (this.log.length > 5_000) this.log.shift();
      });
    }
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** As `rustbalance status --json`, without the cost of a process. */
  status(): Promise<StatusJson> {
    return askDaemon(this.#socket, { command: 'status' });
  }

  /** As `rbctl inspect --json`. */
  inspect(): Promise<InspectJson> {
    return askDaemon(this.#socket, { command: 'inspect', actor: null });
  }

  async actor(name: ActorName): Promise<ActorJson> {
    const actor = (await this.inspect()).actors[name];
    if (actor === undefined) throw new Error(`inspect shows no actor ${name}`);
    return actor;
  }

  /** Damages an actor, as `rbctl chaos kill` does. */
  async chaos(actor: ActorName, mode: ChaosMode): Promise<void> {
    await askDaemon(this.#socket, { command: 'chaos', actor, mode });
  }

  /** Runs any command with this node's configuration. */
  command(name: string, ...args: readonly string[]) {
    return rustbalance([...name.split(' '), ...args, ...this.settings()], {
      enter: this.options.enter ?? [],
    });
  }

  /** Waits until `status` says what is awaited; the daemon's last lines are in the error if it never does. */
  async until(what: string, holds: (status: StatusJson) => boolean, timeoutMs: number): Promise<StatusJson> {
    try {
      const awaited = eventually(
        `${this.id}: ${what}`,
        async () => {
          const status = await this.status();
          return holds(status) ? status : null;
        },
        { timeoutMs, everyMs: 50 },
      );
      return await Promise.race([awaited, this.#endedBefore(what)]);
    } catch (error) {
      throw new Error(`${String(error)}\n${this.log.slice(-30).join('\n')}`, { cause: error });
    }
  }

  /** A daemon that refused its configuration says why at once: nobody need wait for it. */
  async #endedBefore(what: string): Promise<never> {
    await this.ended();
    throw new Error(`${this.id} ended with ${String(this.#child?.exitCode)} before: ${what}`);
  }

  /** The process id of this node's managed Tor, or of the one that stands by; null when none runs. */
  async torPid(tor: TorName = 'first'): Promise<number | null> {
    const dataDir = join(this.stateDir, tor === 'first' ? 'tor' : 'tor-standby');
    const found = await findOurTor(join(dataDir, 'tor.pid'), join(dataDir, 'torrc'), systemProcesses);
    return found?.pid ?? null;
  }

  async #torPids(): Promise<readonly number[]> {
    const pids = await Promise.all([this.torPid('first'), this.torPid('standby')]);
    return pids.filter((pid) => pid !== null);
  }

  /** SIGKILL to the daemon alone; its Tor lives on. */
  async killDaemon(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.ended();
  }

  /** SIGKILL to the daemon and to its Tor, as a power cut would. */
  async killHard(): Promise<void> {
    const torPids = await this.#torPids();
    this.#child?.kill('SIGKILL');
    for (const pid of torPids) process.kill(pid, 'SIGKILL');
    await this.ended();
  }

  /** SIGHUP: read the configuration again. */
  reload(): void {
    this.#child?.kill('SIGHUP');
  }

  /** SIGTERM; resolves with the exit code. */
  async stop(): Promise<number | null> {
    if (this.isRunning()) {
      this.#child?.kill('SIGTERM');
      await this.ended();
    }
    // A daemon that was killed has left its Tor behind.
    for (const pid of await this.#torPids()) process.kill(pid, 'SIGKILL');
    return this.#child?.exitCode ?? null;
  }

  async ended(): Promise<void> {
    await this.#exit;
  }
}
