import type { UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import type { RelayTable } from '@rustbalance/crypto-worker/task-types.js';
import type { NodeId } from '../kernel/brands.js';
import type { Logger } from '../kernel/logging.js';
import { assembleOffer, contributionKey, offerKey } from './contributions.js';
import type { Offer } from './contributions.js';
import type { Inputs } from './inputs.js';

/** What is on offer now, since when, and what brought the last change. */
export interface CurrentOffer {
  readonly key: string;
  readonly value: Offer;
  /** Monotonic ms. */
  readonly changedAtMs: number;
  /** Wall clock (ms) of the event of some node's Tor behind the change; of the change itself when a node left. */
  readonly causedAtMs: number;
}

/** Remembers the offer between steps, so that a change of content can be told from a repetition. */
export class OfferTracker {
  readonly #self: NodeId;
  readonly #log: Logger;
  #current: CurrentOffer | null = null;

  constructor(self: NodeId, log: Logger) {
    this.#self = self;
    this.#log = log;
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
    const causedAtMs = this.#cause(value, inputs) ?? wallMs;
    this.#current = { key, value, changedAtMs: nowMs, causedAtMs };
    for (const { node, fault } of value.refused)
      this.#log.warn('an introduction point of a peer is not used', { node, fault });
    return this.#current;
  }

  /** The newest event of the nodes whose introduction points are not what they were; null when none changed. */
  #cause(value: Offer, { own, peers }: Inputs): number | null {
    const before = new Set(this.#current?.value.contributions.map(contributionKey));
    const changed = new Set(
      value.contributions.filter((one) => !before.has(contributionKey(one))).map(({ nodeId }) => nodeId),
    );
    const causes = peers.filter(({ node }) => changed.has(node)).map(({ causedAtMs }) => causedAtMs);
    if (own !== null && changed.has(this.#self)) causes.push(own.causedAtMs);
    return causes.length === 0 ? null : Math.max(...causes);
  }
}
