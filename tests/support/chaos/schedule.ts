import { CHAOS_MODES } from '@rustbalance/actors/kernel/envelope.js';
import type { ChaosMode } from '@rustbalance/actors/kernel/envelope.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import { pick } from './fault.js';
import type { ChaosFault } from './fault.js';

export interface ActorKill {
  /** From the beginning, ms. */
  readonly atMs: number;
  /** Which node, from 0. */
  readonly node: number;
  readonly actor: ActorName;
  readonly mode: ChaosMode;
}

/** Kills of actors, some `meanGapMs` apart; the same for the same randomness. */
export const actorKills = (
  random: Random,
  options: { readonly nodes: number; readonly durationMs: number; readonly meanGapMs: number },
): ActorKill[] => {
  const { nodes, durationMs, meanGapMs } = options;
  const planned: ActorKill[] = [];
  for (let atMs = meanGapMs; atMs < durationMs; atMs += meanGapMs * (0.5 + random.uniform())) {
    const node = Math.floor(random.uniform() * nodes);
    planned.push({ atMs, node, actor: pick(random, ACTOR_NAMES), mode: pick(random, CHAOS_MODES) });
  }
  return planned;
};

export interface NodeFault {
  /** Which node, from 0. */
  readonly node: number;
  readonly fault: ChaosFault;
  /** A seed for what else there is to draw. */
  readonly seed: number;
}

/** Faults of whole nodes without end: all kinds in a random order, then all again. */
export const nodeFaults = function* (
  random: Random,
  kinds: readonly ChaosFault[],
  nodes: number,
): Generator<NodeFault, never> {
  for (;;) {
    const left = [...kinds];
    while (left.length > 0) {
      const [fault] = left.splice(Math.floor(random.uniform() * left.length), 1);
      const node = Math.floor(random.uniform() * nodes);
      const seed = Math.floor(random.uniform() * 2 ** 32);
      if (fault !== undefined) yield { node, fault, seed };
    }
  }
};
