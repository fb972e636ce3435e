import type { UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import type { RelayTable } from '@rustbalance/crypto-worker/task-types.js';
import type { NodeId } from '../kernel/brands.js';
import type { Logger } from '../kernel/logging.js';
import { assembleOffer, contributionKey, offerKey } from './contributions.js';
import type { Offer } from './contributions.js';
import type { Inputs } from './inputs.js';

/** What is on offer now, since when, and what brought the change that is to be published. */
export interface CurrentOffer {
  readonly key: string;
  readonly value: Offer;
  /** Monotonic ms. */
  readonly changedAtMs: number;
  /**
   * Wall clock (ms) of the event of some node's Tor behind the change, of the change itself when a node left; of the oldest
   * where several wait for one publication, since the others wait less.
   */
  readonly causedAtMs: number;
}

/** Remembers the offer between steps, so that a change of content can be told from a repetition. */
export class OfferTracker {
  readonly #self: NodeId;
  readonly #log: Logger;
  readonly #builtKey: () => string | null;
  #current: CurrentOffer | null = null;

  /** @param builtKey names the offer that descriptors were built from last; null: none was */
  constructor(self: NodeId, log: Logger, builtKey: () => string | null) {
    this.#self = self;
    this.#log = log;
    this.#builtKey = builtKey;
  }

  current(inputs: Inputs, relays: RelayTable, nowMs: number, wallMs: number): CurrentOffer {
    const { own, peers, leavesOwnOut } = inputs;
    const now = Math.floor(wallMs / 1000) as UnixSeconds;
    const whole = assembleOffer(this.#self, own, peers, relays, now);
    const without = leavesOwnOut ? assembleOffer(this.#self, null, peers, relays, now) : whole;
    // A descriptor without introduction points makes clients give up: better one of a node that drains.
    const value = without.contributions.length > 0 ? without : whole;
    const key = offerKey(value);
    if (this.#current?.key === key) return this.#current;
    const causedAtMs = Math.min(this.#cause(value, inputs) ?? wallMs, this.#waitingSinceMs);
    this.#current = { key, value, changedAtMs: nowMs, causedAtMs };
    for (const { node, fault } of value.refused)
      this.#log.warn('an introduction point of a peer is not used', { node, fault });
    return this.#current;
  }

  /** Wall clock (ms) of the change before this one, where nothing was built of it yet; infinite: there is none. */
  get #waitingSinceMs(): number {
    const before = this.#current;
    return before === null || before.key === this.#builtKey() ? Infinity : before.causedAtMs;
  }

  /** The oldest event of the nodes whose introduction points are not what they were; null when none changed. */
  #cause(value: Offer, { own, peers }: Inputs): number | null {
    const before = new Set(this.#current?.value.contributions.map(contributionKey));
    const changed = new Set(
      value.contributions.filter((one) => !before.has(contributionKey(one))).map(({ nodeId }) => nodeId),
    );
    const causes = peers.filter(({ node }) => changed.has(node)).map(({ causedAtMs }) => causedAtMs);
    if (own !== null && changed.has(this.#self)) causes.push(own.causedAtMs);
    if (causes.length === 0) return null;
    // At first all are new to us, and most have long been: what came last made the offer what it is.
    return this.#current === null ? Math.max(...causes) : Math.min(...causes);
  }
}
