import { constants } from 'node:fs';
import { access, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { acceptsConnections } from '../../kernel/accepts-connections.js';
import type { ActorContext } from '../../kernel/actor.js';
import { pause } from '../../kernel/clock.js';
import { RbError, rbError } from '../../kernel/errors.js';
import type { ChildState } from '../../kernel/host-messages.js';
import type { OtherProcesses } from './leftover-processes.js';

/** The id under which the process host knows our wireguard-go. */
export const TUNNEL_CHILD = 'wireguard-go';

/** It is ready after 5–20 ms; a machine under load takes longer. */
const READY_WITHIN_MS = 5000;
const GONE_WITHIN_MS = 2000;
const LOOK_EVERY_MS = 10;
const TUN_DEVICE = '/dev/net/tun';
const HOST_DEADLINE_MS = 5000;
/** Marks our process, so that what a crashed daemon left behind is known again. */
export const OWNER_VARIABLE = 'RUSTBALANCE_TUNNEL';

export interface UserspaceWorld {
  readonly context: Pick<ActorContext<'wg'>, 'request' | 'clock' | 'log'>;
  /** Where wireguard-go puts `<interface>.sock`. */
  readonly socketDir: string;
  /** The command that becomes wireguard-go; with an interface's name behind it. */
  readonly command: readonly [string, ...string[]];
  readonly others: OtherProcesses;
}

/** Why tunnels cannot be made of the kernel's device for them; null when they can. */
const deviceProblem = async (): Promise<string | null> => {
  try {
    await access(TUN_DEVICE, constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    return `${TUN_DEVICE}: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`;
  }
};

/** WireGuard where the kernel has none: a wireguard-go that serves the interface, a child of the process host. */
export class UserspaceWireguard {
  readonly #world: UserspaceWorld;
  readonly #interfaceName: string;
  readonly #owner: string;
  #child: ChildState | null = null;

  /** @param owner tells our process from everybody else's: the tunnel address */
  constructor(world: UserspaceWorld, interfaceName: string, owner: string) {
    this.#world = world;
    this.#interfaceName = interfaceName;
    this.#owner = owner;
  }

  /** Does a process of this daemon serve the interface, as far as the host has told? */
  get running(): boolean {
    return this.#child !== null && this.#child.exited === null;
  }

  /** What the process host says of its children; true when ours has just ended. */
  children(children: readonly ChildState[]): boolean {
    const state = children.find(({ id }) => id === TUNNEL_CHILD);
    if (state === undefined || (this.#child !== null && state.pid !== this.#child.pid)) return false;
    const wasRunning = this.running;
    this.#child = state;
    return wasRunning && state.exited !== null;
  }

  /** Goes on with the child of an earlier WgActor of this daemon; what an earlier daemon left is ended. */
  async adopt(): Promise<void> {
    // It does nothing to one that runs, and tells whether there is one.
    this.#child = await this.#signal('SIGCONT');
    if (!this.running) await this.endLeftovers();
  }

  /**
   * Starts it and waits until it takes commands.
   *
   * Never waits by `wg show`: that unlinks a socket which refuses, and so kills a wireguard-go that is starting.
   *
   * @throws RbError wireguard.tool-missing, wireguard.userspace-failed
   */
  async start(): Promise<void> {
    const { context, socketDir } = this.#world;
    const [command, ...before] = this.#world.command;
    const order = {
      id: TUNNEL_CHILD,
      command,
      args: [...before, '-f', this.#interfaceName],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        WG_PROCESS_FOREGROUND: '1',
        LOG_LEVEL: 'error',
        [OWNER_VARIABLE]: this.#owner,
      },
      cwd: null,
      // It makes the interface.
      dropCapabilities: false,
    };
    try {
      this.#child = await context.request('host.spawn', order, HOST_DEADLINE_MS);
    } catch (error) {
      if (!(error instanceof RbError) || error.code !== 'host.spawn-failed') throw error;
      throw rbError('wireguard.tool-missing', 'wireguard', { program: command }, error);
    }
    const deadline = context.clock.monotonicMs() + READY_WITHIN_MS;
    const socket = join(socketDir, `${this.#interfaceName}.sock`);
    while (!(await acceptsConnections(socket))) {
      const reason = await this.#whyNot(context.clock.monotonicMs() >= deadline);
      if (reason !== null) throw rbError('wireguard.userspace-failed', 'wireguard', { reason });
      await pause(context.clock, LOOK_EVERY_MS);
    }
  }

  async #whyNot(late: boolean): Promise<string | null> {
    // Signalling tells the end at once; the fact of the children comes later.
    const state = await this.#signal('SIGCONT');
    if (state !== null) this.#child = state;
    else if (this.#child !== null) {
      const last = this.#child.lastLines.at(-1) ?? (await deviceProblem()) ?? 'it ended at once';
      return last.slice(0, 200);
    }
    return late ? 'it takes no commands' : null;
  }

  /** Ends it, stopped or not, and what earlier daemons left; the interface goes with it. */
  async end(): Promise<void> {
    const { context, socketDir } = this.#world;
    if ((await this.#signal('SIGKILL')) !== null) {
      const deadline = context.clock.monotonicMs() + GONE_WITHIN_MS;
      while ((await this.#signal('SIGKILL')) !== null && context.clock.monotonicMs() < deadline) {
        await pause(context.clock, LOOK_EVERY_MS);
      }
    }
    this.#child = null;
    await this.endLeftovers();
    await unlink(join(socketDir, `${this.#interfaceName}.sock`)).catch(() => undefined);
  }

  /** Kills processes of ours that no host knows, and waits until they let go of the interface. */
  async endLeftovers(): Promise<void> {
    const { context, others } = this.#world;
    const left = await others.marked(`${OWNER_VARIABLE}=${this.#owner}`);
    if (left.length === 0) return;
    context.log.warn('ending the wireguard-go that an earlier daemon left behind', { pids: left.join(' ') });
    for (const pid of left) others.kill(pid);
    const deadline = context.clock.monotonicMs() + GONE_WITHIN_MS;
    for (const pid of left) {
      while (!(await others.gone(pid)) && context.clock.monotonicMs() < deadline) {
        await pause(context.clock, LOOK_EVERY_MS);
      }
    }
  }

  async #signal(signal: 'SIGKILL' | 'SIGCONT'): Promise<ChildState | null> {
    const { child } = await this.#world.context.request(
      'host.signal',
      { id: TUNNEL_CHILD, signal },
      HOST_DEADLINE_MS,
    );
    return child;
  }
}
