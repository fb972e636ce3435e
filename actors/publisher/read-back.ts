import type { RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { PublisherEffects } from './effects.js';
import { READ_BACK_PARALLEL } from './pace.js';
import type { Slot } from './slot.js';

/** What one HSDir of the clients' descriptor was found to hold. */
export type Finding =
  | { readonly hsdir: RelayFingerprint; readonly kind: 'same' }
  | { readonly hsdir: RelayFingerprint; readonly kind: 'older' | 'missing' }
  /** It did not say: a circuit broke, or it is down. What it holds goes unconfirmed, that is all. */
  | { readonly hsdir: RelayFingerprint; readonly kind: 'silent' }
  /** A higher counter than ours: somebody else publishes under our key. */
  | { readonly hsdir: RelayFingerprint; readonly kind: 'foreign'; readonly n: number | null };

/** The counter stands in the outer layer in clear (rend-spec-v3 §2.4); a 64-bit number has at most 20 digits. */
export const revisionCounterOf = (descriptor: string): bigint | null => {
  const match = /^revision-counter (\d{1,20})$/m.exec(descriptor.slice(0, 4096));
  return match?.[1] === undefined ? null : BigInt(match[1]);
};

/** Tor's REASONs that speak of what the HSDir holds. All others (control-spec §4.1.25) are of the fetch itself. */
const KNOWN_LACKS: ReadonlySet<string> = new Set(['NOT_FOUND', 'BAD_DESC']);

const judge = async (effects: PublisherEffects, slot: Slot, row: Slot['rows'][number]): Promise<Finding> => {
  const hsdir = row.fingerprint;
  const { descriptor, reason } = await effects.fetch(slot, hsdir);
  const counter = descriptor === null ? null : revisionCounterOf(descriptor);
  const ours = row.held?.version.revisionCounter ?? null;
  if (counter === null) return { hsdir, kind: KNOWN_LACKS.has(reason ?? '') ? 'missing' : 'silent' };
  if (ours !== null && counter === ours) return { hsdir, kind: 'same' };
  const newest = slot.version?.revisionCounter ?? 0n;
  if (counter > newest) return { hsdir, kind: 'foreign', n: await effects.counterInput(slot, counter) };
  return counter === newest ? { hsdir, kind: 'same' } : { hsdir, kind: 'older' };
};

/** Asks every HSDir of a slot, a few at a time, for what it holds. */
export const readBack = async (effects: PublisherEffects, slot: Slot): Promise<readonly Finding[]> => {
  // One that is being sent something is about to say.
  const queue = slot.rows.filter((row) => row.inFlight === null);
  const findings: Finding[] = [];
  const work = async (): Promise<void> => {
    for (let row = queue.shift(); row !== undefined; row = queue.shift())
      findings.push(await judge(effects, slot, row));
  };
  await Promise.all(Array.from({ length: READ_BACK_PARALLEL }, work));
  return findings;
};
