import type { PublisherEffects } from './effects.js';
import { READ_BACK_PARALLEL } from './pace.js';
import { revisionCounterOf } from './read-back.js';
import type { Sighting } from './sighting.js';
import type { Slot } from './slot.js';

interface Held {
  readonly text: string;
  readonly counter: bigint;
}

/** Tor's REASONs that say that an HSDir holds nothing; all others are of the fetch itself (control-spec §4.1.25). */
const HOLDS_NOTHING = 'NOT_FOUND';

/** Asks all HSDirs of the clients' descriptor, a few at a time, for what they hold. */
const ask = async (
  effects: PublisherEffects,
  slot: Slot,
): Promise<{ readonly held: readonly Held[]; readonly answers: number }> => {
  const held: Held[] = [];
  let answers = 0;
  const queue = slot.rows.map(({ fingerprint }) => fingerprint);
  const work = async (): Promise<void> => {
    for (let hsdir = queue.shift(); hsdir !== undefined; hsdir = queue.shift()) {
      const { descriptor: text, reason } = await effects.fetch(slot, hsdir);
      if (text !== null || reason === HOLDS_NOTHING) answers++;
      const counter = text === null ? null : revisionCounterOf(text);
      if (text !== null && counter !== null) held.push({ text, counter });
    }
  };
  await Promise.all(Array.from({ length: READ_BACK_PARALLEL }, work));
  return { held, answers };
};

/**
 * What clients get now. The newest that opens counts: the counter stands in the clear, but only a descriptor that is
 * signed with our blinded key opens.
 */
export const look = async (effects: PublisherEffects, slot: Slot): Promise<Sighting> => {
  const { held, answers } = await ask(effects, slot);
  if (answers === 0) return { kind: 'unseen' };
  const made = slot.version?.revisionCounter ?? null;
  const tried = new Set<string>();
  for (const { text, counter } of [...held].sort((a, b) => (a.counter < b.counter ? 1 : -1))) {
    if (made !== null && counter <= made) return { kind: 'ours' };
    if (tried.has(text)) continue;
    tried.add(text);
    const keys = await effects.open(slot, text);
    if (keys === null) continue;
    return {
      kind: 'theirs',
      revisionCounter: counter,
      n: await effects.counterInput(slot, counter),
      keys,
    };
  }
  return { kind: 'nothing' };
};
