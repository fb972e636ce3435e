import type { Message, ProbeId } from '@rustbalance/actors/election/wire/message-types.js';
import { HEADER_BYTES, SMALLEST_DATAGRAM } from '@rustbalance/actors/election/wire/limits.js';
import { nodeTag } from '@rustbalance/actors/election/wire/pair-keys.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { ClusterSecret, ClusterTag } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { LARGEST_DATAGRAM } from '@rustbalance/actors/wg/messages.js';
import type { Ed25519PublicKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { forger } from './forge.js';

/** Whose keys the adversary has: all that a member has, and those of one that was removed. */
export interface Adversary {
  readonly secret: ClusterSecret;
  readonly victim: Ed25519PublicKey;
  readonly member: Ed25519Seed;
  readonly removed: Ed25519Seed;
}

/** Datagrams of one kind, and the one reason that each of them is dropped for. */
export interface BadDatagrams {
  readonly what: string;
  readonly by: 'wg' | 'election';
  readonly reason: string;
  readonly pile: readonly Uint8Array[];
}

interface Change {
  readonly make?: ReturnType<typeof forger>;
  readonly cluster?: ClusterTag;
  readonly recipient?: Ed25519PublicKey;
  readonly type?: number;
  readonly aheadMs?: number;
}

const HOUR_MS = 3_600_000;
const TYPE_OF_A_LATER_VERSION = 200;
/** Where the header names sender and recipient. */
const SENDER_AT = 10;
/** Above all that is honest here, so that only what is meant as a replay is one. */
const FIRST_SEQUENCE = 1000;

const probe = (): Message => ({ kind: 'probe', id: systemRandom.bytes(8) as ProbeId, seenRevision: 0 });

/**
 * Every kind of bad datagram, sealed with true keys wherever a seal is part of it.
 *
 * @param each how many of every kind
 * @returns honest probes as well, each of which counts once: their second coming is among the bad
 */
export const badDatagrams = (
  { secret, victim, member, removed }: Adversary,
  each: number,
): { readonly honest: readonly Uint8Array[]; readonly bad: readonly BadDatagrams[] } => {
  const epoch = Date.now();
  let sequence = FIRST_SEQUENCE;
  const byMember = forger(secret, member, victim);
  const byRemoved = forger(secret, removed, victim);
  const forged = ({ make = byMember, aheadMs = 0, ...change }: Change = {}): Uint8Array =>
    make({ epoch, sequence: sequence++, sentAtMs: Date.now() + aheadMs, message: probe(), ...change });
  const many = (make: (index: number) => Uint8Array): readonly Uint8Array[] =>
    Array.from({ length: each }, (_, i) => make(i));
  const changed = (bytes: Uint8Array, at: number, put: Uint8Array): Uint8Array => {
    bytes.set(put, at);
    return bytes;
  };
  const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
    changed(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ 0x40));

  const honest = many(() => forged());
  const elsewhere = clusterSecret(new TextEncoder().encode('the token of another cluster'), 'other.onion');
  const ownTag = nodeTag(secret, victim);
  const by = 'election';
  return {
    honest,
    bad: [
      { what: 'empty', by: 'wg', reason: 'empty', pile: many(() => new Uint8Array()) },
      {
        what: 'oversized',
        by: 'wg',
        reason: 'too-large',
        pile: many((i) => Uint8Array.of(...forged(), ...new Uint8Array(LARGEST_DATAGRAM + i))),
      },
      {
        what: 'truncated, too short for a seal',
        by,
        reason: 'too-short',
        pile: many((i) => forged().subarray(0, 1 + (i % (SMALLEST_DATAGRAM - 1)))),
      },
      { what: 'truncated by a byte', by, reason: 'unauthentic', pile: many(() => forged().slice(0, -1)) },
      {
        what: 'mutated in the seal',
        by,
        reason: 'unauthentic',
        pile: many((i) => {
          const bytes = forged();
          return flipped(bytes, HEADER_BYTES + (i % (bytes.length - HEADER_BYTES)));
        }),
      },
      { what: 'mutated in the version', by, reason: 'version', pile: many(() => flipped(forged(), 0)) },
      { what: 'replayed', by, reason: 'replay', pile: many((i) => honest[i] ?? new Uint8Array()) },
      {
        what: 'from ourselves',
        by,
        reason: 'own',
        pile: many(() => changed(forged(), SENDER_AT, ownTag)),
      },
      {
        what: 'for another node',
        by,
        reason: 'not-for-us',
        pile: many(() => forged({ recipient: nodePublicKey(removed) })),
      },
      {
        what: 'from a removed node',
        by,
        reason: 'unknown-sender',
        pile: many(() => forged({ make: byRemoved })),
      },
      { what: 'from the future', by, reason: 'future', pile: many(() => forged({ aheadMs: HOUR_MS })) },
      { what: 'from the past', by, reason: 'stale', pile: many(() => forged({ aheadMs: -HOUR_MS })) },
      {
        what: 'of another cluster',
        by,
        reason: 'cluster',
        pile: many(() => forged({ cluster: elsewhere.tag })),
      },
      {
        what: 'of a type of later versions',
        by,
        reason: 'unknown-type',
        pile: many(() => forged({ type: TYPE_OF_A_LATER_VERSION })),
      },
    ],
  };
};
