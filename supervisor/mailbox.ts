import type { Delivery } from '@rustbalance/actors/kernel/envelope.js';
import type { FactName } from '@rustbalance/actors/kernel/messages.js';

/**
 * What waits for one actor, on both sides of the thread's border. A thread's own queue has no bound and cannot be
 * looked into, so deliveries are counted out and counted back in as they are handled.
 */
export interface Mailbox {
  /** The thread has shaken hands: the facts that it subscribes to are delivered, then what waited. */
  open(post: (delivery: Delivery) => void, facts: readonly Delivery[]): void;
  /** The thread ends: what it had is lost with it, what was not delivered yet waits for the next. */
  close(): void;
  /**
   * delivered: posted. waiting: kept until the actor is up. postponed: a fact whose newest state is sent when the
   * actor has caught up. absent: the actor is not up; it gets the facts when it is, and misses the signals.
   * refused: there is no room.
   */
  deliver(delivery: Delivery): 'delivered' | 'waiting' | 'postponed' | 'absent' | 'refused';
  /** The thread has handled so many; answers the facts that were postponed and may be sent now. */
  handled(count: number): readonly FactName[];
  /** Takes back a request that waits; nobody waits for its answer any longer. */
  withdraw(requestId: number): void;
  /** Deliveries that wait, on either side. */
  depth(): number;
}

/** A thread this far behind is not given more: at 20 µs a message it is 40 ms of work, far above any burst of ours. */
const MOST_UNHANDLED = 2_000;

/** Orders and requests kept for an actor that is not up: a restart takes a fraction of a second. */
const MOST_WAITING = 500;

export const mailbox = (): Mailbox => {
  let post: ((delivery: Delivery) => void) | null = null;
  let unhandled = 0;
  let waiting: Delivery[] = [];
  const postponed = new Set<FactName>();

  const send = (delivery: Delivery, to: (delivery: Delivery) => void): 'delivered' => {
    unhandled++;
    to(delivery);
    return 'delivered';
  };

  return {
    open: (to, facts) => {
      post = to;
      unhandled = 0;
      for (const delivery of [...facts, ...waiting.splice(0)]) send(delivery, to);
    },
    close: () => {
      post = null;
      unhandled = 0;
      postponed.clear();
    },
    deliver: (delivery) => {
      if (post !== null && unhandled < MOST_UNHANDLED) return send(delivery, post);
      if (post !== null) {
        if (delivery.kind !== 'fact') return 'refused';
        postponed.add(delivery.name);
        return 'postponed';
      }
      if (delivery.kind === 'fact' || delivery.kind === 'signal') return 'absent';
      if (waiting.length >= MOST_WAITING) return 'refused';
      waiting.push(delivery);
      return 'waiting';
    },
    handled: (count) => {
      unhandled = Math.max(0, unhandled - count);
      if (unhandled >= MOST_UNHANDLED / 2 || postponed.size === 0) return [];
      const names = [...postponed];
      postponed.clear();
      return names;
    },
    withdraw: (requestId) => {
      waiting = waiting.filter((delivery) => delivery.kind !== 'request' || delivery.id !== requestId);
    },
    depth: () => unhandled + waiting.length,
  };
};
