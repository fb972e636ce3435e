import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { Delivery, FromActor, Outcome, ToActor } from '@rustbalance/actors/kernel/envelope.js';
import { RbError, errorData, toErrorData } from '@rustbalance/actors/kernel/errors.js';
import type { Logger } from '@rustbalance/actors/kernel/logging.js';
import { ACTOR_NAMES, ownerOf } from '@rustbalance/actors/kernel/messages.js';
import type {
  ActorName,
  Answer,
  FactName,
  MessageName,
  OrderName,
  Owned,
  ParticipantName,
  Payload,
  RequestName,
} from '@rustbalance/actors/kernel/messages.js';
import { mailbox } from './mailbox.js';
import type { Mailbox } from './mailbox.js';
import { pendingRequests } from './pending-requests.js';
import type { Asker, Settle } from './pending-requests.js';
import { rateGate } from './rate-gate.js';

/** What the router moves; the rest of what an actor says is for the supervisor itself. */
export type Routed = Extract<
  FromActor,
  { readonly kind: 'fact' | 'signal' | 'order' | 'request' | 'reply' | 'handled' }
>;

/** The main thread's own participants. */
export type ServiceName = Exclude<ParticipantName, ActorName>;

export interface ServiceCall {
  readonly from: ParticipantName;
  readonly deadlineMs: number;
}

export type ServiceHandlers<S extends ServiceName> = {
  readonly [N in Owned<S, RequestName>]: (payload: Payload<N>, call: ServiceCall) => Promise<Answer<N>>;
};

type AnyHandler = (payload: unknown, call: ServiceCall) => Promise<unknown>;

interface Link {
  readonly box: Mailbox;
  /** The incarnation whose messages count. */
  current: { readonly generation: number; readonly post: (message: ToActor) => void } | null;
  subscriptions: ReadonlySet<MessageName>;
}

/** What is dropped is logged at most this often. */
const DROP_LOG_PERIOD_MS = 10_000;

const OURSELVES: Asker = { name: 'supervisor', generation: 0 };

/**
 * Moves messages between the actors' threads and the main thread's services. Facts are kept and given again to
 * whoever starts; orders and requests wait for an actor that restarts; every request is settled; and what an
 * earlier incarnation says is not heard.
 */
export class Router {
  readonly #log: Logger;
  readonly #links: ReadonlyMap<ParticipantName, Link>;
  readonly #facts = new Map<FactName, unknown>();
  readonly #handlers = new Map<string, AnyHandler>();
  readonly #pending;
  readonly #dropGate;

  constructor(clock: Clock, log: Logger) {
    this.#log = log;
    this.#links = new Map(
      ACTOR_NAMES.map((name) => [name, { box: mailbox(), current: null, subscriptions: new Set() }]),
    );
    this.#pending = pendingRequests(clock, (id) => {
      this.#withdraw(id);
    });
    this.#dropGate = rateGate(clock, 1, DROP_LOG_PERIOD_MS);
  }

  /** Puts a service of the main thread behind its requests. */
  provide<S extends ServiceName>(handlers: ServiceHandlers<S>): void {
    for (const [name, handler] of Object.entries(handlers)) this.#handlers.set(name, handler as AnyHandler);
  }

  /** An incarnation exists: what it says counts, and answers reach it. Deliveries wait until it is ready. */
  born(name: ActorName, generation: number, post: (message: ToActor) => void): void {
    const link = this.#link(name);
    link.current = { generation, post };
    link.subscriptions = new Set();
  }

  ready(name: ActorName, generation: number, subscriptions: readonly MessageName[]): void {
    const link = this.#link(name);
    const { current } = link;
    if (current?.generation !== generation) return;
    link.subscriptions = new Set(subscriptions);
    const facts = [...this.#facts]
      .filter(([fact]) => link.subscriptions.has(fact) && ownerOf(fact) !== name)
      .map(([fact, payload]): Delivery => ({ kind: 'fact', name: fact, payload }));
    link.box.open((delivery) => {
      if (delivery.kind === 'request') this.#pending.delivered(delivery.id, generation);
      current.post(delivery);
    }, facts);
  }

  /** It ends, or is being ended: whoever waits for it learns that now. */
  died(name: ActorName, generation: number): void {
    const link = this.#link(name);
    if (link.current?.generation !== generation) return;
    link.current = null;
    link.box.close();
    for (const id of this.#pending.died(name, generation)) this.#withdraw(id);
  }

  receive(name: ActorName, generation: number, message: Routed): void {
    const link = this.#link(name);
    if (link.current?.generation !== generation) return;
    switch (message.kind) {
      case 'fact':
      case 'signal':
        if (ownerOf(message.name) === name) this.#spread(message);
        else this.#dropped(message.name, name, 'sent by another than its owner');
        return;
      case 'order':
        this.#deliverTo(ownerOf(message.name), { ...message, from: name });
        return;
      case 'request':
        this.#request(message.name, message.payload, message.deadlineMs, { name, generation }, (outcome) => {
          if (link.current?.generation !== generation) return;
          link.current.post({ kind: 'reply', id: message.id, outcome });
        });
        return;
      case 'reply':
        if (this.#pending.owns(message.id, name)) this.#pending.settle(message.id, message.outcome);
        return;
      case 'handled':
        for (const fact of link.box.handled(message.count)) {
          link.box.deliver({ kind: 'fact', name: fact, payload: this.#facts.get(fact) });
        }
        return;
    }
  }

  /** A fact of the main thread's own services. */
  publish<N extends Owned<ServiceName, FactName>>(name: N, payload: Payload<N>): void {
    this.#spread({ kind: 'fact', name, payload });
  }

  order<N extends OrderName>(name: N, payload: Payload<N>): void {
    this.#deliverTo(ownerOf(name), { kind: 'order', name, payload, from: 'supervisor' });
  }

  /** A request of the main thread itself; rejects with RbError. */
  request<N extends RequestName>(name: N, payload: Payload<N>, deadlineMs: number): Promise<Answer<N>> {
    return new Promise((resolve, reject) => {
      this.#request(name, payload, deadlineMs, OURSELVES, (outcome) => {
        if (outcome.ok) resolve(outcome.answer as Answer<N>);
        else reject(new RbError(outcome.error));
      });
    });
  }

  /** The newest state of a fact; undefined when nobody has published it yet. */
  fact<N extends FactName>(name: N): Payload<N> | undefined {
    return this.#facts.get(name) as Payload<N> | undefined;
  }

  /** Deliveries that wait for an actor or in it. */
  depth(name: ActorName): number {
    return this.#link(name).box.depth();
  }

  #link(name: ActorName): Link {
    const link = this.#links.get(name);
    if (link === undefined) throw new Error(`no actor ${name}`);
    return link;
  }

  #spread(message: Extract<Delivery, { readonly kind: 'fact' | 'signal' }>): void {
    if (message.kind === 'fact') this.#facts.set(message.name, message.payload);
    for (const [name, { subscriptions }] of this.#links) {
      if (subscriptions.has(message.name) && ownerOf(message.name) !== name) this.#deliverTo(name, message);
    }
  }

  #deliverTo(name: ParticipantName, delivery: Delivery): boolean {
    const taken = this.#links.get(name)?.box.deliver(delivery) ?? 'refused';
    if (taken === 'refused') this.#dropped(delivery.name, name, 'no room');
    return taken !== 'refused';
  }

  #request(name: RequestName, payload: unknown, deadlineMs: number, asker: Asker, settle: Settle): void {
    const owner = ownerOf(name);
    const id = this.#pending.open(name, owner, asker, deadlineMs, settle);
    if (id === null) {
      settle({
        ok: false,
        error: errorData('message.overloaded', owner, { name, peer: owner, depth: 'too many' }),
      });
      return;
    }
    const link = this.#links.get(owner);
    if (link === undefined) {
      this.#serve(id, name, payload, { from: asker.name, deadlineMs });
      return;
    }
    const request: Delivery = { kind: 'request', id, name, payload, from: asker.name };
    if (this.#deliverTo(owner, request)) return;
    const depth = link.box.depth();
    const error = errorData('message.overloaded', owner, { name, peer: owner, depth });
    this.#pending.settle(id, { ok: false, error });
  }

  #serve(id: number, name: RequestName, payload: unknown, call: ServiceCall): void {
    const handler = this.#handlers.get(name);
    if (handler === undefined) {
      this.#pending.settle(id, { ok: false, error: errorData('message.unknown', ownerOf(name), { name }) });
      return;
    }
    const settle = (outcome: Outcome): void => {
      this.#pending.settle(id, outcome);
    };
    handler(payload, call).then(
      (answer) => settle({ ok: true, answer }),
      (error: unknown) => settle({ ok: false, error: toErrorData(error, ownerOf(name)) }),
    );
  }

  #withdraw(requestId: number): void {
    for (const { box } of this.#links.values()) box.withdraw(requestId);
  }

  #dropped(message: MessageName, to: ParticipantName, why: string): void {
    if (!this.#dropGate.admit()) return;
    const alsoDropped = this.#dropGate.takeRefused();
    this.#log.warn('message dropped', { message, to, why, alsoDropped });
  }
}
