import { CHAOS_MODES } from '@rustbalance/actors/kernel/envelope.js';
import type { ChaosMode } from '@rustbalance/actors/kernel/envelope.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';

/** What is done to a node. */
export type Fault =
  | { readonly kind: 'actor'; readonly actor: ActorName; readonly mode: ChaosMode }
  /** SIGKILL to the daemon; it comes back as systemd would bring it back. */
  | { readonly kind: 'daemon-killed' }
  | { readonly kind: 'tor-killed' }
  /** SIGSTOP: it answers nothing and closes nothing. */
  | { readonly kind: 'tor-stopped' };

export interface PlannedFault {
  /** From the beginning, ms. */
  readonly atMs: number;
  /** Which node, from 0. */
  readonly node: number;
  readonly fault: Fault;
}

export interface ScheduleOptions {
  readonly nodes: number;
  readonly durationMs: number;
  /** Between two faults of any kind, on average. */
  readonly meanGapMs: number;
  /** After what takes a node off, no other node is taken off for this long: one fault at a time is what is promised. */
  readonly recoveryMs: number;
}

/** Of the faults, how many are to a process and not to an actor. */
const SHARE_OF_PROCESSES = 0.25;
const PROCESS_FAULTS = ['daemon-killed', 'tor-killed', 'tor-stopped'] as const;

const pick = <T>(random: Random, from: readonly [T, ...T[]] | readonly T[]): T => {
  const chosen = from[Math.floor(random.uniform() * from.length)];
  if (chosen === undefined) throw new RangeError('nothing to pick from');
  return chosen;
};

/** What takes the node off, so that others must serve. */
export const takesOff = ({ kind }: Fault): boolean => kind !== 'actor';

/** A schedule of faults; the same for the same randomness. */
export const scheduleOf = (random: Random, options: ScheduleOptions): PlannedFault[] => {
  const { nodes, durationMs, meanGapMs, recoveryMs } = options;
  const planned: PlannedFault[] = [];
  let off: { readonly node: number; readonly untilMs: number } | null = null;
  for (let atMs = meanGapMs; atMs < durationMs; atMs += meanGapMs * (0.5 + random.uniform())) {
    const isProcess = random.uniform() < SHARE_OF_PROCESSES;
    const node = Math.floor(random.uniform() * nodes);
    const kind = pick(random, PROCESS_FAULTS);
    const actor = pick(random, ACTOR_NAMES);
    const mode = pick(random, CHAOS_MODES);
    const mayTakeOff = off === null || atMs >= off.untilMs;
    const fault: Fault = isProcess && mayTakeOff ? { kind } : { kind: 'actor', actor, mode };
    if (takesOff(fault)) off = { node, untilMs: atMs + recoveryMs };
    // An actor of a node that is off cannot be asked to fail.
    const isOff = off !== null && off.node === node && atMs < off.untilMs;
    if (takesOff(fault) || !isOff) planned.push({ atMs, node, fault });
  }
  return planned;
};
