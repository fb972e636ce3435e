import type { Ed25519PublicKey } from '@rustbalance/crypto-worker/brands.js';
import { bytesKey, sameBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { NodeId } from '../../kernel/brands.js';
import type { JoinTokenId } from '../../kernel/cluster-keys.js';
import type { RecordSet } from '../records/record-set.js';
import { HIGHEST_PRIORITY } from '../records/record.js';
import type { JoinTokenRecord } from '../records/record.js';
import { joinTokenOf, memberOf } from '../records/views.js';
import type { JoinRefusal } from './answer-codec.js';

/** "May it join with this token, and as whom?" */
export interface UseQuestion {
  readonly token: JoinTokenId;
  readonly joiner: Ed25519PublicKey;
  /** The id that it would like. */
  readonly nodeId: NodeId;
  /** Null: the one that decides chooses. */
  readonly priority: number | null;
}

export type UseVerdict =
  | { readonly outcome: 'granted'; readonly nodeId: NodeId; readonly priority: number }
  | { readonly outcome: JoinRefusal };

/** Somebody who may come in, whose record may not have reached us yet. */
export interface Grant {
  readonly joiner: Ed25519PublicKey;
  readonly nodeId: NodeId;
  readonly priority: number;
  /** Monotonic, ms. */
  readonly atMs: number;
}

/** What a verdict rests on. */
export interface UseBook {
  readonly records: RecordSet;
  /** Everybody who belongs to the cluster, this node and those without a record included. */
  readonly members: readonly {
    readonly id: NodeId;
    readonly publicKey: Ed25519PublicKey;
    readonly priority: number;
  }[];
  /** Within the window, oldest first. */
  readonly grants: readonly Grant[];
  readonly maxJoins: number;
  /** Unix time. */
  readonly nowSecs: number;
}

/** A verdict, and the token whose use it is where it counts as one. */
export interface Judged {
  readonly verdict: UseVerdict;
  readonly uses: JoinTokenRecord | null;
}

/** Between the priorities of nodes that asked for none, so that an operator can put one in between. */
const PRIORITY_STEP = 10;
const LONGEST_ID = 63;

/** The name, or with a number behind it where somebody has it. */
export const freeNodeId = (taken: ReadonlySet<string>, wanted: NodeId): NodeId => {
  if (!taken.has(wanted)) return wanted;
  for (let number = 2; ; number++) {
    const ending = `-${String(number)}`;
    const id = `${wanted.slice(0, LONGEST_ID - ending.length).replace(/-+$/, '')}${ending}`;
    if (!taken.has(id)) return id as NodeId;
  }
};

const freeId = (book: UseBook, { joiner, nodeId }: UseQuestion): NodeId => {
  const others = [
    ...book.members.map(({ id, publicKey }) => ({ id, publicKey })),
    ...book.grants.map((grant) => ({ id: grant.nodeId, publicKey: grant.joiner })),
  ].filter(({ publicKey }) => !sameBytes(publicKey, joiner));
  return freeNodeId(new Set<string>(others.map(({ id }) => id)), nodeId);
};

const lastPriority = (book: UseBook): number =>
  Math.min(
    HIGHEST_PRIORITY,
    PRIORITY_STEP +
      Math.max(
        0,
        ...book.members.map(({ priority }) => priority),
        ...book.grants.map(({ priority }) => priority),
      ),
  );

const granted = (nodeId: NodeId, priority: number, uses: JoinTokenRecord | null): Judged => ({
  verdict: { outcome: 'granted', nodeId, priority },
  uses,
});

const refused = (outcome: JoinRefusal): Judged => ({ verdict: { outcome }, uses: null });

/**
 * Whether a node that holds a token may come in: decided by one node for the whole cluster, that with the lease. A node
 * that is in, or that counted as a use already, is let in again free of charge, as long as the token is not revoked: its answer
 * may have been lost.
 */
export const judgeUse = (book: UseBook, question: UseQuestion): Judged => {
  const member = memberOf(book.records, question.joiner);
  if (member?.state === 'removed') return refused('removed');
  const token = joinTokenOf(book.records, question.token);
  if (token === null) return refused('undecided');
  if (token.revoked) return refused('revoked');
  if (book.nowSecs > token.notAfter) return refused('expired');
  if (member !== null) return granted(member.id, member.priority, null);
  const joiner = bytesKey(question.joiner);
  const before = book.grants.findLast((grant) => bytesKey(grant.joiner) === joiner);
  if (before !== undefined) return granted(before.nodeId, before.priority, null);
  const nodeId = freeId(book, question);
  const priority = question.priority ?? lastPriority(book);
  if (token.usedBy.some((key) => bytesKey(key) === joiner)) return granted(nodeId, priority, null);
  if (token.usedBy.length >= token.uses) return refused('spent');
  if (book.grants.length >= book.maxJoins) return refused('limit');
  return granted(nodeId, priority, token);
};
