import { errorData } from '../../kernel/errors.js';
import type { ErrorCode, ErrorData } from '../../kernel/errors.js';
import type { JoinAdmission, JoinRefusal } from './answer-codec.js';
import type { JoinToken, TokenOrigin } from './token-text.js';

/** What is decided about attempts to join: whom to call, when again, and when not any more. No effects. */

/** So many quick ones; who is patient goes on after them, slowly. */
export const ATTEMPTS = 5;
/** Before the second attempt; doubled before each further one, and jittered by half, so that 200 machines do not come at once. */
const FIRST_PAUSE_MS = 1000;
/** A member that comes back waits this long for a machine at most; each attempt costs its Tor a few circuits. */
const LONGEST_PAUSE_MS = 180_000;

const REFUSALS: Readonly<Record<JoinRefusal, ErrorCode>> = {
  spent: 'join.token-spent',
  revoked: 'join.token-revoked',
  expired: 'join.token-expired',
  removed: 'join.removed',
  limit: 'join.limit',
  clock: 'join.clock',
  undecided: 'join.undecided',
  unsuited: 'join.unsuited',
  ungranted: 'join.no-key-grant',
};

/** Neither this token nor this node key will ever get anybody in: a join that ended so is not pending any more. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'join.token-spent',
  'join.token-revoked',
  'join.token-expired',
  'join.token-foreign',
  'join.removed',
]);

export const isHopeless = (code: ErrorCode): boolean => HOPELESS.has(code);

/** What may be otherwise a moment later. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'join.undecided',
  'join.limit',
  'join.no-answer',
  'join.unreachable',
]);
/** What may be otherwise later, too, but not without somebody who looks: the operator is told at once, if one waits. */
const MENDABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['join.clock', 'join.tor-failed']);

export type JoinOutcome =
  | { readonly kind: 'admitted'; readonly admission: JoinAdmission }
  | { readonly kind: 'refused'; readonly refusal: JoinRefusal }
  /** Somebody answered, but not a member that knows the token. */
  | { readonly kind: 'noise' }
  | { readonly kind: 'unreached'; readonly reason: string }
  /** There was no way to call anybody. */
  | { readonly kind: 'no-way'; readonly error: ErrorData };

export type FailedOutcome = Exclude<JoinOutcome, { readonly kind: 'admitted' }>;

/** The members of the token in turn, the one that issued it first. */
export const memberFor = ({ origin, others }: JoinToken, attempt: number): TokenOrigin => {
  const members = [origin, ...others];
  return members[(attempt - 1) % members.length] ?? origin;
};

/** In a few words. */
export const describe = (outcome: FailedOutcome): string => {
  switch (outcome.kind) {
    case 'noise':
      return 'it does not take the token';
    case 'unreached':
      return outcome.reason;
    case 'refused':
      return outcome.refusal;
    case 'no-way':
      return outcome.error.what;
  }
};

/** How far a join has come. */
export const progressText = (attempt: number, member: string, problem: string): string =>
  `attempt ${String(attempt)} at ${member} failed (${problem})`;

const expiredAt = ({ notAfter }: JoinToken): string => new Date(notAfter * 1000).toISOString();

const errorOf = (outcome: FailedOutcome, token: JoinToken, attempts: number): ErrorData => {
  switch (outcome.kind) {
    case 'noise':
      return errorData('join.no-answer', 'join', { attempts });
    case 'unreached':
      return errorData('join.unreachable', 'join', { attempts, reason: outcome.reason });
    case 'refused':
      return errorData(REFUSALS[outcome.refusal], 'join', {
        expired: expiredAt(token),
        problem: 'its request names no address for the way in which they meet',
      });
    case 'no-way':
      return outcome.error;
  }
};

export type NextStep =
  | { readonly kind: 'again'; readonly afterMs: number; readonly error: ErrorData }
  | { readonly kind: 'end'; readonly error: ErrorData };

export interface Patience {
  /** Goes on after ATTEMPTS, until the token has ended. */
  readonly isPatient: boolean;
  /** Unix time. */
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly jitter: number;
}

/** What follows an attempt that failed. @param attempt its number, from 1 */
export const afterFailure = (
  outcome: FailedOutcome,
  attempt: number,
  token: JoinToken,
  { isPatient, nowMs, jitter }: Patience,
): NextStep => {
  const error = errorOf(outcome, token, attempt);
  const isOver = isPatient ? false : attempt >= ATTEMPTS;
  const mayPass = PASSING.has(error.code) || (isPatient && MENDABLE.has(error.code));
  if (!mayPass || isOver) return { kind: 'end', error };
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 16));
  const afterMs = pauseMs * (0.5 + jitter);
  return nowMs + afterMs > token.notAfter * 1000
    ? { kind: 'end', error: errorData('join.token-expired', 'join', { expired: expiredAt(token) }) }
    : { kind: 'again', afterMs, error };
};
