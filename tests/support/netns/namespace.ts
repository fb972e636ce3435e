import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { NetworkPlace } from '../tor-network/options.js';

const execute = promisify(execFile);

/** `wg` waits for ever for a wireguard-go that was stopped; all else is done in milliseconds, on a loaded machine in seconds. */
const COMMAND_LIMIT_MS = 10_000;

/** Which network namespace a process is in; null for one that has ended. */
const nameOf = (pid: number): Promise<string | null> =>
  readlink(`/proc/${String(pid)}/ns/net`).catch(() => null);

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
};

/** A network namespace with a /run of its own; it ends with the process that holds it, and that with the test. */
export class Namespace {
  readonly #holder: ChildProcess;
  readonly pid: number;
  /** As the kernel names it. */
  readonly #name: string;

  private constructor(holder: ChildProcess, pid: number, name: string) {
    this.#holder = holder;
    this.pid = pid;
    this.#name = name;
  }

  static async make(): Promise<Namespace> {
    // `cat` ends when the test's end of the pipe does, however the test ends.
    const script =
      'mount -t tmpfs tmpfs /run && mkdir /run/wireguard && ip link set up dev lo && echo ready && exec cat';
    const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [line] = (await once(holder.stdout, 'data')) as [Buffer];
    if (!line.toString().includes('ready') || holder.pid === undefined) throw new Error('no namespace');
    return new Namespace(holder, holder.pid, (await nameOf(holder.pid)) ?? '');
  }

  /** The arguments of nsenter in front of a command that shall run in here. */
  get enter(): readonly string[] {
    return ['-t', String(this.pid), '--net', '--mount', '--'];
  }

  /** The whole of what goes in front of such a command; nsenter becomes it. */
  get before(): readonly string[] {
    return ['nsenter', ...this.enter];
  }

  /** Runs a command in here; rejects when it fails. Its standard output. */
  async run(command: string, ...args: readonly string[]): Promise<string> {
    const inside = [...this.enter, command, ...args];
    const { stdout } = await execute('nsenter', inside, { timeout: COMMAND_LIMIT_MS });
    return stdout;
  }

  /** A path in here as the test sees it. */
  path(inside: string): string {
    return `/proc/${String(this.pid)}/root${inside}`;
  }

  /** Kills by SIGKILL whatever runs in here. The namespace and its cables stay. */
  async killAll(): Promise<void> {
    for (;;) {
      const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
      const names = await Promise.all(pids.map(nameOf));
      const inside = pids.filter((pid, i) => names[i] === this.#name && pid !== this.pid);
      if (inside.length === 0) return;
      for (const pid of inside) kill(pid);
    }
  }

  /** Ends it with whatever is left in it: what a killed daemon has started outlives that. */
  async end(): Promise<void> {
    await this.killAll();
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const ended = once(this.#holder, 'exit');
    this.#holder.stdin?.end();
    await ended;
  }
}

/** The hub's own address, where a private Tor network can live: outside every node, and reached by all. */
const HUB_ADDRESS = '10.77.0.254';

/** A bridge in a namespace of its own, to which nodes' namespaces are plugged by veth pairs. */
export class Lan {
  readonly hub: Namespace;

  private constructor(hub: Namespace) {
    this.hub = hub;
  }

  static async make(): Promise<Lan> {
    const hub = await Namespace.make();
    await hub.run('ip', 'link', 'add', 'br0', 'type', 'bridge');
    await hub.run('ip', 'addr', 'add', `${HUB_ADDRESS}/24`, 'dev', 'br0');
    await hub.run('ip', 'link', 'set', 'up', 'dev', 'br0');
    return new Lan(hub);
  }

  /** For startTorNetwork: a private Tor network, its clients included, that all nodes reach. */
  get place(): NetworkPlace {
    return { enter: this.hub.before, address: HUB_ADDRESS };
  }

  /** Gives a namespace the interface eth0 with an address and a default route by way of nobody. */
  async plug(node: Namespace, port: string, address: string): Promise<void> {
    const { hub } = this;
    const peer = ['peer', 'name', 'eth0', 'netns', String(node.pid)];
    await hub.run('ip', 'link', 'add', port, 'type', 'veth', ...peer);
    await hub.run('ip', 'link', 'set', port, 'master', 'br0', 'up');
    await node.run('ip', 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    await node.run('ip', 'link', 'set', 'up', 'dev', 'eth0');
    await node.run('ip', 'route', 'add', 'default', 'dev', 'eth0');
    await node.run('ip', '-6', 'route', 'add', 'default', 'dev', 'eth0');
  }

  end(): Promise<void> {
    return this.hub.end();
  }
}
