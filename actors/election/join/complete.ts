import type { RunTask } from '@rustbalance/crypto-worker/tasks.js';
import { pauseUnless } from '../../kernel/clock.js';
import type { Clock } from '../../kernel/clock.js';
import { RbError, rbError } from '../../kernel/errors.js';
import type { ErrorData } from '../../kernel/errors.js';
import type { Random } from '../../kernel/random.js';
import type { JoinAdmission } from './answer-codec.js';
import { afterFailure, describe, memberFor } from './attempts.js';
import type { FailedOutcome, JoinOutcome } from './attempts.js';
import { placeCall, placeCallTo } from './join-frame.js';
import { lacksKeyGrant, requestOf } from './pending-join.js';
import type { PendingJoin } from './pending-join.js';
import type { TokenOrigin } from './token-text.js';

/** An attempt that failed, and will be followed by another. */
export interface FailedAttempt {
  /** From 1. */
  readonly attempt: number;
  readonly member: TokenOrigin;
  /** In a few words. */
  readonly problem: string;
  readonly error: ErrorData;
  readonly againInMs: number;
}

/** How a join is pursued: by the command line before there is a node, or by the daemon of one that nobody knows yet. */
export interface JoinWay {
  readonly clock: Clock;
  readonly random: Random;
  /** The handshake's curve work: 4 ms. */
  readonly run: RunTask;
  /**
   * Brings the frame to where the member takes joins and its answer back, over a path of its own for each attempt. Rejects with
   * an RbError where nobody can be called at all, with any other error where this member cannot.
   */
  readonly exchange: (member: TokenOrigin, frame: Uint8Array, attempt: number) => Promise<Uint8Array>;
  /** Ends it: the operator has had enough, or the daemon stops. */
  readonly interrupted: AbortSignal;
  /** Goes on after the first attempts until the token has ended. */
  readonly isPatient: boolean;
  readonly failed: (attempt: FailedAttempt) => void | Promise<void>;
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message.slice(0, 100)) : 'unknown';

const tryOnce = async (
  pending: PendingJoin,
  member: TokenOrigin,
  attempt: number,
  { clock, random, run, exchange }: JoinWay,
): Promise<JoinOutcome> => {
  const { token, nodeSeed: seed } = pending;
  const request = requestOf(pending, clock.wallMs());
  const call = { cluster: token.cluster, token: token.id, secret: token.secret, seed, request };
  const placed =
    pending.viaMaster && token.viaMaster !== undefined
      ? await placeCallTo(token.viaMaster.key, call, random, run)
      : await placeCall({ ...call, member: member.nodeKey }, random, run);
  if (placed === null) return { kind: 'unreached', reason: 'the token names no usable key' };
  try {
    const answer = await placed.read(await exchange(member, placed.frame, attempt));
    if (answer === null) return { kind: 'noise' };
    return answer.outcome === 'admitted'
      ? { kind: 'admitted', admission: answer }
      : { kind: 'refused', refusal: answer.outcome };
  } catch (error) {
    return error instanceof RbError
      ? { kind: 'no-way', error: error.data }
      : { kind: 'unreached', reason: reasonOf(error) };
  }
};

/**
 * Completes a pending join: calls the member that issued the token, and others that it names, in turn, until one takes this
 * machine in or it is settled that none will.
 *
 * @throws RbError join.token-spent, -revoked, -expired, join.removed, join.limit, join.clock, join.undecided,
 *   join.unsuited, join.unreachable, join.no-answer, join.no-key-grant, join.tor-failed
 */
export const completeJoin = async (pending: PendingJoin, way: JoinWay): Promise<JoinAdmission> => {
  const { token } = pending;
  if (lacksKeyGrant(pending)) throw rbError('join.no-key-grant', 'join token');
  for (let attempt = 1; ; attempt++) {
    const member = memberFor(token, attempt);
    const outcome = await tryOnce(pending, member, attempt, way);
    if (outcome.kind === 'admitted') return outcome.admission;
    const { isPatient, clock, random } = way;
    const next = afterFailure(outcome, attempt, token, {
      isPatient,
      nowMs: clock.wallMs(),
      jitter: random.uniform(),
    });
    if (next.kind === 'end' || way.interrupted.aborted) throw new RbError(next.error);
    await way.failed(told(outcome, attempt, member, next.error, next.afterMs));
    await pauseUnless(clock, next.afterMs, way.interrupted);
    if (way.interrupted.aborted) throw new RbError(next.error);
  }
};

const told = (
  outcome: FailedOutcome,
  attempt: number,
  member: TokenOrigin,
  error: ErrorData,
  againInMs: number,
): FailedAttempt => ({ attempt, member, problem: describe(outcome), error, againInMs });
