import { readFileSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { CommandOrder, CommandResult } from '@rustbalance/actors/kernel/host-messages.js';
import { runCommand } from './run-command.js';

/** How a program is started. */
export interface Invocation {
  readonly command: string;
  readonly args: readonly string[];
  /** Its environment, by whose PATH it is found. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | null;
}

export interface CapabilityWorld {
  /** /proc/self/status; null where there is none. Read once: what this process hands on does not change. */
  readonly ownStatus: () => string | null;
  readonly run: (order: CommandOrder) => Promise<CommandResult>;
}

/** What is executed, and why it keeps the capabilities; null: it has none. */
export interface WithoutCapabilities {
  readonly command: string;
  readonly args: readonly string[];
  readonly keptBecause: string | null;
}

/**
 * It becomes the program: process id, /proc/PID/exe and arguments are then the program's own, by which leftover-tor.ts
 * knows a Tor of ours again.
 */
const SETPRIV = 'setpriv';
const DROP_ALL = ['--inh-caps=-all', '--ambient-caps=-all', '--'] as const;

/** It takes milliseconds; whoever ordered the child waits for five seconds at most. */
const TRIAL_LIMIT_MS = 2_000;

/**
 * Does a program that this process executes get capabilities from it? The ambient ones at once, the inheritable ones
 * where its file has some (capabilities(7)); AmbientCapabilities= of the unit sets both. What root gets by being root
 * is in neither: the programs that it runs are as mighty as it is, and setpriv would not change that.
 */
export const handsOnCapabilities = (status: string): boolean =>
  [...status.matchAll(/^Cap(?:Inh|Amb):\s*([0-9a-fA-F]+)\s*$/gm)].some(([, set]) => /[^0]/.test(set ?? ''));

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** Would execvp(3) find the program? */
const isThere = async ({ command, env, cwd }: Invocation): Promise<boolean> => {
  if (command.includes('/')) return isExecutable(resolve(cwd ?? '.', command));
  const directories = (env['PATH'] ?? '').split(':');
  const found = await Promise.all(
    directories.map((directory) => isExecutable(resolve(cwd ?? '.', join(directory, command)))),
  );
  return found.includes(true);
};

const reasonOf = ({ ended, stderr, code }: CommandResult): string => {
  if (ended === 'not-started') return `there is no ${SETPRIV}`;
  if (ended === 'timed-out') return `${SETPRIV} did not end`;
  return (stderr.split('\n').find((line) => line.trim() !== '') ?? `exit code ${String(code)}`)
    .trim()
    .slice(0, 200);
};

/**
 * Starts programs without the capabilities of this process, where it hands any on: Node itself can only drop them for
 * good, and the tunnel needs them.
 *
 * Where setpriv cannot do it the program is to run all the same: without its Tor a node serves nobody, with CAP_NET_ADMIN
 * its Tor is what it was before. So it is tried beforehand, and the operator is told. An older unit file that does not
 * allow capset is such a case, and an upgrade must not end with it.
 */
export class CapabilityDrop {
  readonly #world: CapabilityWorld;
  readonly #isNeeded: boolean;
  #works = false;

  constructor(world: CapabilityWorld) {
    this.#world = world;
    this.#isNeeded = handsOnCapabilities(world.ownStatus() ?? '');
  }

  async of(invocation: Invocation): Promise<WithoutCapabilities> {
    const { command, args } = invocation;
    // setpriv would start, and fail where nobody hears why: a program that is missing shall be told as such.
    if (!this.#isNeeded || !(await isThere(invocation))) return { command, args, keptBecause: null };
    const keptBecause = this.#works ? null : await this.#whyNot();
    if (keptBecause !== null) return { command, args, keptBecause };
    this.#works = true;
    return { command: SETPRIV, args: [...DROP_ALL, command, ...args], keptBecause: null };
  }

  async #whyNot(): Promise<string | null> {
    const trial = { command: SETPRIV, args: [...DROP_ALL, 'true'], input: null, timeLimitMs: TRIAL_LIMIT_MS };
    const result = await this.#world.run(trial);
    return result.ended === 'exited' && result.code === 0 ? null : reasonOf(result);
  }
}

const ownStatus = (): string | null => {
  try {
    return readFileSync('/proc/self/status', 'utf8');
  } catch {
    return null;
  }
};

export const systemCapabilityDrop = (clock: Clock): CapabilityDrop =>
  new CapabilityDrop({ ownStatus, run: (order) => runCommand(order, clock) });
