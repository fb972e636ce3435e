import type { AbsentMember } from '../election/messages.js';
import { earlier } from '../kernel/level-trigger.js';
import type { Visit } from './effects.js';
import { AFTER_SILENCE_MS, AFTER_UNKNOWN_MS, LOOK_AGAIN_PARTS, LOOK_FRESH_MS } from './pace.js';
import { SHORTEST_LOOK_AGAIN_MS, SILENT_LOOKS, VISIT_DEADLINE_MS } from './pace.js';
import { balance, weightOf } from './sighting.js';
import type { Balance, OurOffer, Sighting, TheirDescriptor } from './sighting.js';

/**
 * Whether this publisher may upload, or first has to see what its descriptor would replace. Pure: the looks themselves
 * are withholding.ts.
 *
 * The lease is taken without a word from those who may be dead, cut off or merely slow to answer. A descriptor that
 * replaces theirs takes their introduction points from clients; one that is held back from a dead publisher leaves
 * clients with nothing. So it is held for as long as somebody answers there, and for a bounded time otherwise.
 */
export interface Hold {
  /** Null while uploads are free. */
  readonly closed: Closed | null;
  /** When it was last looked and found free. */
  readonly passedAtMs: number;
  /** When a descriptor that may have been alive was last replaced by a richer one. */
  readonly overrodeAtMs: number;
}

/**
 * first: nothing was published yet by this lease. removal: points of a silent node are to be left out.
 * conflict: an HSDir holds, or refused ours for, a higher counter than ours.
 */
export type Cause = 'first' | 'removal' | 'conflict';

export interface Closed {
  readonly cause: Cause;
  readonly sinceMs: number;
  /** What was seen last; null before the first look. */
  readonly seen: Sighting | null;
  /** When somebody last answered there; null when nobody has. */
  readonly answeredAtMs: number | null;
  /** Looks in a row without an answer. */
  readonly silentLooks: number;
  readonly nextLookMs: number;
}

/** What decides, as it is now. */
export interface HoldView {
  readonly absent: readonly AbsentMember[];
  readonly ours: OurOffer;
  /** Why the next upload needs a look; null when it does not. */
  readonly need: Exclude<Cause, 'conflict'> | null;
  /** After so long an ambiguous silence the lease is taken over. */
  readonly takeOverMs: number;
  /** At most one answering descriptor is replaced in this time. */
  readonly refreshMs: number;
}

export const FREE: Hold = { closed: null, passedAtMs: -Infinity, overrodeAtMs: -Infinity };

export const closedFor = (hold: Hold, cause: Cause, nowMs: number): Hold =>
  hold.closed !== null
    ? hold
    : {
        ...hold,
        closed: {
          cause,
          sinceMs: nowMs,
          seen: null,
          answeredAtMs: null,
          silentLooks: 0,
          nextLookMs: nowMs,
        },
      };

/** Nothing can be uploaded now anyway: once it can, looking begins anew. */
export const suspended = (hold: Hold, nowMs: number): Hold =>
  hold.closed === null ? hold : closedFor({ ...hold, closed: null }, hold.closed.cause, nowMs);

export type HoldReason =
  | 'looking at what the HSDirs hold'
  | 'another node is in contact and has not said yet whether it publishes'
  | 'looking whether another publisher answers'
  | "another publisher's richer descriptor answers"
  | "another publisher's descriptor was replaced a while ago"
  | 'the descriptor that stands has introduction points of nodes that are not in contact';

export type HoldVerdict =
  | { readonly open: true; readonly why: 'free' | 'contact' | 'seen' | 'silence' | 'patience' | 'richer' }
  | {
      readonly open: false;
      readonly reason: HoldReason;
      /** Whether to look now. */
      readonly look: boolean;
      /** When this is to be judged again although nothing happens. */
      readonly dueMs: number;
    };

const longestLookAgainMs = ({ takeOverMs }: HoldView): number =>
  Math.max(SHORTEST_LOOK_AGAIN_MS, takeOverMs * LOOK_AGAIN_PARTS[1]) * 2;

/** An emergency waits no longer than this, whatever is or is not seen. */
const patienceEndsMs = ({ sinceMs, answeredAtMs }: Closed, view: HoldView): number =>
  answeredAtMs === null
    ? sinceMs + Math.max(view.takeOverMs, VISIT_DEADLINE_MS + AFTER_SILENCE_MS)
    : answeredAtMs + Math.max(view.takeOverMs, longestLookAgainMs(view) + 2 * VISIT_DEADLINE_MS);

const isUnheard = ({ absent }: HoldView): boolean =>
  absent.some(({ how }) => how === 'unheard' || how === 'arriving');

/** Its claim decides, and comes within a heartbeat: what its points alone would allow is not done before. */
const isArriving = ({ absent }: HoldView): boolean => absent.some(({ how }) => how === 'arriving');

/** Silence for a whole take-over, or of two transports, is evidence of its own: one look confirms it. */
const silentLooksNeeded = ({ cause, answeredAtMs }: Closed, view: HoldView): number =>
  answeredAtMs === null && cause === 'first' && !isUnheard(view) ? 1 : SILENT_LOOKS;

/**
 * A node that was silent for a whole take-over had dropped our points long before, and one that is silent over two transports
 * judges as we do (second-transport.ts of the election): a descriptor that still has our points, even
 * those that our Tor has replaced since, was left behind by one that is dead. A visit there might reach ourselves.
 */
const isLeftBehind = (closed: Closed, seen: TheirDescriptor, view: HoldView): boolean => {
  const { shared, former } = weightOf(seen, view.ours);
  return shared + former > 0 && closed.cause === 'first' && !isUnheard(view);
};

const reasonFor = (closed: Closed, how: Balance | null): HoldReason => {
  if (how === null) return 'looking at what the HSDirs hold';
  if (how === 'richer') return "another publisher's descriptor was replaced a while ago";
  if (how === 'mixed')
    return 'the descriptor that stands has introduction points of nodes that are not in contact';
  return closed.answeredAtMs === null
    ? 'looking whether another publisher answers'
    : "another publisher's richer descriptor answers";
};

const judge = (hold: Hold, closed: Closed, view: HoldView, nowMs: number): HoldVerdict => {
  // With everybody in contact the claims decide, and whoever else has our key is not to be given way to.
  if (view.absent.length === 0) return { open: true, why: 'contact' };
  if (closed.cause !== 'conflict' && view.need === null && closed.answeredAtMs === null) {
    return { open: true, why: 'contact' };
  }
  const { seen } = closed;
  const patienceMs = patienceEndsMs(closed, view);
  if (isArriving(view) && nowMs < patienceMs) {
    const reason = 'another node is in contact and has not said yet whether it publishes';
    return { open: false, reason, look: false, dueMs: patienceMs };
  }
  if (seen?.kind === 'nothing' || seen?.kind === 'ours') return { open: true, why: 'seen' };
  const how = seen?.kind === 'theirs' ? balance(seen, view.ours) : null;
  const isDead = seen?.kind === 'theirs' && isLeftBehind(closed, seen, view);
  if (how === 'covered' || isDead) return { open: true, why: 'seen' };
  const mayOverrideMs = hold.overrodeAtMs + view.refreshMs;
  if (how === 'richer' && nowMs >= mayOverrideMs) return { open: true, why: 'richer' };
  if (closed.silentLooks >= silentLooksNeeded(closed, view)) return { open: true, why: 'silence' };
  if (nowMs >= patienceMs) return { open: true, why: 'patience' };
  return {
    open: false,
    reason: reasonFor(closed, how),
    look: nowMs >= closed.nextLookMs,
    dueMs:
      [patienceMs, closed.nextLookMs, ...(how === 'richer' ? [mayOverrideMs] : [])]
        .filter((at) => at > nowMs)
        .reduce<number | null>((a, b) => earlier(a, b), null) ?? patienceMs,
  };
};

/** What holds now, and the hold from now on. */
export const afterJudging = (
  hold: Hold,
  view: HoldView,
  nowMs: number,
): { readonly hold: Hold; readonly verdict: HoldVerdict } => {
  const isDue = view.need !== null && nowMs - hold.passedAtMs >= LOOK_FRESH_MS;
  const next = isDue && view.need !== null ? closedFor(hold, view.need, nowMs) : hold;
  if (next.closed === null) return { hold: next, verdict: { open: true, why: 'free' } };
  const verdict = judge(next, next.closed, view, nowMs);
  if (!verdict.open) return { hold: next, verdict };
  const overrodeAtMs = verdict.why === 'richer' ? nowMs : next.overrodeAtMs;
  return { hold: { closed: null, passedAtMs: nowMs, overrodeAtMs }, verdict };
};

/** What the HSDirs hold was seen. */
export const afterSeeing = (hold: Hold, seen: Sighting, nowMs: number): Hold =>
  hold.closed === null
    ? hold
    : { ...hold, closed: { ...hold.closed, seen, nextLookMs: nowMs + AFTER_UNKNOWN_MS } };

/**
 * A visit to what was seen is over.
 *
 * @param part uniform in [0, 1)
 */
export const afterVisit = (
  hold: Hold,
  visit: Visit,
  takeOverMs: number,
  part: number,
  nowMs: number,
): Hold => {
  const { closed } = hold;
  if (closed === null) return hold;
  switch (visit) {
    case 'answers': {
      const [shortest, longest] = LOOK_AGAIN_PARTS;
      const againMs = Math.max(SHORTEST_LOOK_AGAIN_MS, takeOverMs * (shortest + part * (longest - shortest)));
      const answered = { answeredAtMs: nowMs, silentLooks: 0, nextLookMs: nowMs + againMs };
      return { ...hold, closed: { ...closed, ...answered } };
    }
    case 'silent': {
      const silentLooks = closed.silentLooks + 1;
      return { ...hold, closed: { ...closed, silentLooks, nextLookMs: nowMs + AFTER_SILENCE_MS } };
    }
    case 'unknown':
      return { ...hold, closed: { ...closed, nextLookMs: nowMs + AFTER_UNKNOWN_MS } };
  }
};
