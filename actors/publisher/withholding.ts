import type { AbsentMember } from '../election/messages.js';
import type { Offer } from './contributions.js';
import { mergedSize, offeredKeys } from './contributions.js';
import type { PublisherEffects } from './effects.js';
import { FREE, afterJudging, afterSeeing, afterVisit, closedFor, suspended } from './hold.js';
import type { Hold, HoldVerdict, HoldView } from './hold.js';
import { look } from './look.js';
import type { RivalDescriptor } from './messages.js';
import { balance, weightOf } from './sighting.js';
import type { OurOffer, TheirDescriptor } from './sighting.js';
import type { Slot } from './slot.js';

export interface WithholdingOptions {
  readonly takeOverMs: number;
  readonly refreshMs: number;
  /** Runs the publisher's step soon. */
  readonly poke: () => void;
}

/** The publisher's situation in one step. */
export interface Situation {
  readonly nowMs: number;
  readonly absent: readonly AbsentMember[];
  readonly offer: Offer;
  readonly formerKeys: ReadonlySet<string>;
  /** What the last build was made from; null when nothing was built in this term. */
  readonly lastOffer: Offer | null;
  /** The descriptor that clients fetch. */
  readonly clients: Slot;
  readonly socks: string | null;
}

/** Whether the new offer leaves out a node whose end nobody confirms. */
const leavesOutSilent = ({ absent, offer, lastOffer }: Situation): boolean => {
  const silent = new Set<string>(absent.flatMap(({ id, how }) => (how === 'gone' ? [] : [id])));
  const now = new Set(offer.contributions.map(({ nodeId }) => nodeId));
  return (lastOffer?.contributions ?? []).some(({ nodeId }) => silent.has(nodeId) && !now.has(nodeId));
};

const needOf = (situation: Situation): HoldView['need'] => {
  if (situation.lastOffer !== null) return leavesOutSilent(situation) ? 'removal' : null;
  return situation.absent.some(({ how }) => how !== 'gone') ? 'first' : null;
};

/**
 * Keeps uploads back while another publisher, unheard, may be serving clients better: looks at what the HSDirs hold and
 * goes there as a client would. What follows from what was seen is decided in hold.ts.
 */
export class Withholding {
  readonly #options: WithholdingOptions;
  readonly #effects: PublisherEffects;
  #hold: Hold = FREE;
  #ours: OurOffer | null = null;
  /** Ends the look under way when its result does not matter any more; null when none is. */
  #looking: AbortController | null = null;
  /** Another publisher's, as far as there is reason to think that it is one. */
  #rival: TheirDescriptor | null = null;
  /** When a descriptor was passed over whose counter is nobody's n: it takes several uploads to get above it. */
  #leapingSinceMs = -Infinity;
  #told = '';

  constructor(options: WithholdingOptions, effects: PublisherEffects) {
    this.#options = options;
    this.#effects = effects;
  }

  get isClosed(): boolean {
    return this.#hold.closed !== null;
  }

  /** The last descriptor of another publisher that was seen; null once all members are in contact or ours stands. */
  get rival(): RivalDescriptor | null {
    if (this.#rival === null || this.#ours === null) return null;
    const { points, foreign } = weightOf(this.#rival, this.#ours);
    return { points, foreign, ours: this.#ours.size, counterInput: this.#rival.n };
  }

  /** For `rbctl inspect`. */
  get view(): Readonly<Record<string, unknown>> | null {
    const { closed } = this.#hold;
    if (closed === null) return null;
    return {
      cause: closed.cause,
      sinceMs: Math.round(closed.sinceMs),
      seen: closed.seen?.kind ?? null,
      answered: closed.answeredAtMs !== null,
      silentLooks: closed.silentLooks,
      rival: this.rival,
    };
  }

  /** An HSDir holds, or refused ours for, a counter that is higher than ours, while somebody is out of contact. */
  conflict(nowMs: number): void {
    if (nowMs - this.#leapingSinceMs < this.#options.refreshMs) return;
    this.#hold = closedFor(this.#hold, 'conflict', nowMs);
  }

  /** Another node publishes. */
  reset(): void {
    this.#hold = { ...this.#hold, closed: null };
    this.#settle();
    this.#rival = null;
  }

  suspend(nowMs: number): void {
    this.#hold = suspended(this.#hold, nowMs);
    this.#settle();
  }

  /** What applies now; begins a look if one is due. `passed` is the descriptor that is to be replaced, if any. */
  step(situation: Situation): HoldVerdict & { readonly passed: TheirDescriptor | null } {
    const { nowMs, absent, offer } = situation;
    this.#ours = {
      keys: offeredKeys(offer.contributions),
      size: mergedSize(offer.contributions),
      former: situation.formerKeys,
    };
    const before = this.#hold.closed;
    const { hold, verdict } = afterJudging(this.#hold, this.#viewOf(situation, this.#ours), nowMs);
    this.#hold = hold;
    if (absent.length === 0) this.#rival = null;
    if (verdict.open) {
      this.#settle();
      const passed = before?.seen?.kind === 'theirs' ? before.seen : null;
      if (passed?.n === null) this.#leapingSinceMs = nowMs;
      if (before !== null && verdict.why !== 'richer') this.#rival = null;
      if (before !== null) this.#tellOpen(verdict.why);
      return { ...verdict, passed };
    }
    this.#tellHeld(verdict.reason);
    if (verdict.look && this.#looking === null) this.#look(situation);
    return { ...verdict, passed: null };
  }

  #viewOf(situation: Situation, ours: OurOffer): HoldView {
    const { takeOverMs, refreshMs } = this.#options;
    return { absent: situation.absent, ours, need: needOf(situation), takeOverMs, refreshMs };
  }

  #settle(): void {
    this.#looking?.abort();
    this.#looking = null;
  }

  #look({ clients, socks }: Situation): void {
    const mine = new AbortController();
    this.#looking = mine;
    const isCurrent = (): boolean => this.#looking === mine;
    const now = (): number => this.#effects.clock.monotonicMs();
    const work = async (): Promise<void> => {
      const seen = await look(this.#effects, clients);
      if (!isCurrent()) return;
      this.#hold = afterSeeing(this.#hold, seen, now());
      this.#rival = seen.kind === 'theirs' && this.#hold.closed?.cause === 'conflict' ? seen : null;
      // It may be free by now, which ends the look.
      this.#options.poke();
      if (seen.kind !== 'theirs' || this.#ours === null || balance(seen, this.#ours) !== 'contested') return;
      const visit = await this.#effects.visit(socks, mine.signal);
      if (!isCurrent()) return;
      if (visit === 'answers') this.#rival = seen;
      this.#hold = afterVisit(
        this.#hold,
        visit,
        this.#options.takeOverMs,
        this.#effects.random.uniform(),
        now(),
      );
    };
    work()
      .catch((error: unknown) => {
        this.#effects.log.error('the HSDirs could not be asked what they hold', { reason: String(error) });
        if (isCurrent()) this.#hold = afterSeeing(this.#hold, { kind: 'unseen' }, now());
      })
      .finally(() => {
        if (!isCurrent()) return;
        this.#looking = null;
        this.#options.poke();
      });
  }

  /** Once each time that it changes: an operator wonders why nothing is published. */
  #tellHeld(reason: string): void {
    if (reason === this.#told || !reason.includes('richer')) return;
    this.#told = reason;
    this.#effects.log.info(`withheld: ${reason}`, { ...this.rival });
  }

  #tellOpen(why: string): void {
    if (this.#told !== '') this.#effects.log.info('the descriptor is withheld no longer', { why });
    this.#told = '';
  }
}
