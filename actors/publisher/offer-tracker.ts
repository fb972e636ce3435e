import type { UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import type { RelayTable } from '@rustbalance/crypto-worker/task-types.js';
import type { NodeId } from '../kernel/brands.js';
import type { Logger } from '../kernel/logging.js';
import { assembleOffer, offerKey } from './contributions.js';
import type { Offer } from './contributions.js';
import type { Inputs } from './inputs.js';

/** What is on offer now, since when, and what brought the last change. */
export interface CurrentOffer {
  readonly key: string;
  readonly value: Offer;
  /** Monotonic ms. */
  readonly changedAtMs: number;
  /** Wall clock (ms) of Tor's own event, or of the arrival of a peer's message, behind the change. */
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
    const { own, peers } = inputs;
    const value = assembleOffer(this.#self, own, peers, relays, Math.floor(wallMs / 1000) as UnixSeconds);
    const key = offerKey(value);
    if (this.#current?.key === key) return this.#current;
    const causes = [own?.causedAtMs ?? 0, ...peers.map(({ receivedAtMs }) => receivedAtMs)];
    this.#current = { key, value, changedAtMs: nowMs, causedAtMs: Math.max(...causes) };
    for (const { node, fault } of value.refused)
      this.#log.warn('an introduction point of a peer is not used', { node, fault });
    return this.#current;
  }
}
