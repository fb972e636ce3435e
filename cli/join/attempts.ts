import type { Duplex } from 'node:stream';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { JoinAdmission, JoinRefusal } from '@rustbalance/actors/election/join/answer-codec.js';
import { placeCall } from '@rustbalance/actors/election/join/join-frame.js';
import type { JoinRequest } from '@rustbalance/actors/election/join/request-codec.js';
import type { JoinToken, TokenOrigin } from '@rustbalance/actors/election/join/token-text.js';
import { pause } from '@rustbalance/actors/kernel/clock.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorCode } from '@rustbalance/actors/kernel/errors.js';
import { between } from '@rustbalance/actors/kernel/random.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import { exchangeFrames } from './exchange.js';

/** Opens a stream to where a member takes joins, each attempt over a path of its own. */
export type OpenStream = (member: TokenOrigin, attempt: number) => Promise<Duplex>;

export interface JoinWay {
  readonly clock: Clock;
  readonly random: Random;
  readonly open: OpenStream;
  /** Whether the operator has had enough. */
  readonly isInterrupted: () => boolean;
  /** Tells how it goes, in one line. */
  readonly tell: (line: string) => void;
}

export const ATTEMPTS = 5;
/** Before the second attempt; doubled before each further one, and jittered by half, so that 200 machines do not come at once. */
const FIRST_PAUSE_MS = 1000;

const REFUSALS: Readonly<Record<JoinRefusal, ErrorCode>> = {
  spent: 'join.token-spent',
  revoked: 'join.token-revoked',
  expired: 'join.token-expired',
  removed: 'join.removed',
  limit: 'join.limit',
  clock: 'join.clock',
  undecided: 'join.undecided',
  unsuited: 'join.unsuited',
};

/** What may be otherwise a moment later. */
const PASSING: ReadonlySet<JoinRefusal> = new Set<JoinRefusal>(['undecided']);

type Outcome =
  | { readonly kind: 'admitted'; readonly admission: JoinAdmission }
  | { readonly kind: 'refused'; readonly refusal: JoinRefusal }
  /** Somebody answered, but not a member that knows the token. */
  | { readonly kind: 'noise' }
  | { readonly kind: 'unreached'; readonly reason: string };

const reasonOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message.slice(0, 100)) : 'unknown';

const attempt = async (
  token: JoinToken,
  seed: Ed25519Seed,
  request: JoinRequest,
  member: TokenOrigin,
  number: number,
  { clock, random, open }: JoinWay,
): Promise<Outcome> => {
  const placed = placeCall(
    { cluster: token.cluster, token: token.id, secret: token.secret, member: member.nodeKey, seed, request },
    random,
  );
  if (placed === null) return { kind: 'unreached', reason: 'the token names no usable key' };
  try {
    const answer = placed.read(await exchangeFrames(await open(member, number), placed.frame, clock));
    if (answer === null) return { kind: 'noise' };
    return answer.outcome === 'admitted'
      ? { kind: 'admitted', admission: answer }
      : { kind: 'refused', refusal: answer.outcome };
  } catch (error) {
    return { kind: 'unreached', reason: reasonOf(error) };
  }
};

const describe = (outcome: Exclude<Outcome, { kind: 'admitted' }>): string => {
  switch (outcome.kind) {
    case 'noise':
      return 'it does not take the token';
    case 'unreached':
      return outcome.reason;
    case 'refused':
      return outcome.refusal;
  }
};

const failure = (
  outcome: Exclude<Outcome, { kind: 'admitted' }>,
  token: JoinToken,
  attempts: number,
): Error => {
  const expired = new Date(token.notAfter * 1000).toISOString();
  switch (outcome.kind) {
    case 'noise':
      return rbError('join.no-answer', 'join', { attempts });
    case 'unreached':
      return rbError('join.unreachable', 'join', { attempts, reason: outcome.reason });
    case 'refused':
      return rbError(REFUSALS[outcome.refusal], 'join', {
        expired,
        problem: 'its request names no address for the way in which they meet',
      });
  }
};

/**
 * Joins: calls the member that issued the token, and others that it names, in turn, ATTEMPTS times.
 *
 * @param requestNow the request, its time being that of the attempt
 * @throws RbError join.token-spent, -revoked, -expired, join.removed, join.limit, join.clock, join.undecided,
 *   join.unsuited, join.unreachable, join.no-answer
 */
export const joinCluster = async (
  token: JoinToken,
  seed: Ed25519Seed,
  requestNow: () => JoinRequest,
  way: JoinWay,
): Promise<JoinAdmission> => {
  const members = [token.origin, ...token.others];
  for (let number = 1; ; number++) {
    const member = members[(number - 1) % members.length] ?? token.origin;
    const outcome = await attempt(token, seed, requestNow(), member, number, way);
    if (outcome.kind === 'admitted') return outcome.admission;
    const isFinal = outcome.kind === 'refused' && !PASSING.has(outcome.refusal);
    if (isFinal || number === ATTEMPTS || way.isInterrupted()) throw failure(outcome, token, number);
    const pauseMs = FIRST_PAUSE_MS * 2 ** (number - 1) * between(way.random, 0.5, 1.5);
    way.tell(
      `Attempt ${String(number)} of ${String(ATTEMPTS)} at ${member.nodeId}: ${describe(outcome)}; again in ${(pauseMs / 1000).toFixed(1)} s`,
    );
    await pause(way.clock, pauseMs);
  }
};
