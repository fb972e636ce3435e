import { fact, request } from './message-declaration.js';

/**
 * The process host (main thread) spawns every OS process: a child spawned inside a worker outlives that worker
 * as a zombie of which nobody hears. Actors order children by a stable id and adopt those that already run.
 */
export interface ChildOrder {
  /** Stable name, e.g. `tor`: one running child per id. */
  readonly id: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the child: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | null;
  /** Whether it runs without the capabilities that the unit of the daemon gives (CAP_NET_ADMIN), where that can be had. */
  readonly dropCapabilities: boolean;
}

export interface ChildState {
  readonly id: string;
  readonly pid: number;
  readonly startedAtMs: number;
  /** Null while it runs. */
  readonly exited: {
    readonly code: number | null;
    readonly signal: string | null;
    readonly atMs: number;
  } | null;
  /** Its last lines of output (at most 20 of 300 characters), for error reports. */
  readonly lastLines: readonly string[];
}

export type ChildSignal = 'SIGTERM' | 'SIGKILL' | 'SIGHUP' | 'SIGINT' | 'SIGCONT';

/** A short command that ends by itself: `ip`, `wg`, `nft`. */
export interface CommandOrder {
  readonly command: string;
  /** Everybody on the machine can read them: never a secret. */
  readonly args: readonly string[];
  /** Its whole standard input; this is how a secret reaches it. Null: none. */
  readonly input: Uint8Array | null;
  /** Killed after this, with all that it started. */
  readonly timeLimitMs: number;
}

export interface CommandResult {
  /** not-started: there is no such program, or it may not be run. timed-out: it was killed. */
  readonly ended: 'exited' | 'timed-out' | 'not-started';
  /** Null unless it exited by itself. */
  readonly code: number | null;
  /** What it wrote, cut at 1 MiB each. May hold secrets (`wg show … dump` does). */
  readonly stdout: string;
  readonly stderr: string;
}

export const hostMessages = {
  /** Every child ever ordered in this process's life, the latest state of each. */
  'host.children': fact<{ readonly children: readonly ChildState[] }>(),
  /** Starts a child; when one with this id runs already it is left alone and described. */
  'host.spawn': request<ChildOrder, ChildState>(),
  /** Runs a short command to its end; how it failed is in the answer. */
  'host.run': request<CommandOrder, CommandResult>(),
  /** Signals a running child; answers its state, or null when no such child runs. */
  'host.signal': request<
    { readonly id: string; readonly signal: ChildSignal },
    { readonly child: ChildState | null }
  >(),
} as const;
