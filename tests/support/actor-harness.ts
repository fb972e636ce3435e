import { isDeepStrictEqual } from 'node:util';
import type {
  ActorContext,
  ActorDefinition,
  Handlers,
  RunningActor,
} from '@rustbalance/actors/kernel/actor.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import type { StopReason } from '@rustbalance/actors/kernel/envelope.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { ownerOf } from '@rustbalance/actors/kernel/messages.js';
import type {
  ActorName,
  FactName,
  MessageName,
  OrderName,
  Payload,
  RequestName,
  SignalName,
} from '@rustbalance/actors/kernel/messages.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { ActorSecrets } from '@rustbalance/actors/kernel/secrets.js';

/** An actor as the router sees it: handlers by name, whatever their types. */
interface Routed {
  readonly handlers: Partial<Record<MessageName, (payload: unknown) => unknown>>;
  readonly alive: () => boolean;
  readonly inspect: RunningActor<ActorName>['inspect'];
  readonly stop: RunningActor<ActorName>['stop'];
}

export interface HarnessOptions {
  readonly config: Config;
  readonly secrets: ActorSecrets;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Answers what the daemon's main thread would, e.g. the process host's requests. */
  readonly answer?: (name: RequestName, payload: unknown) => Promise<unknown>;
}

/**
 * One node's actors in this process, wired as the daemon's main thread wires them: facts are kept and given to
 * whoever starts later, signals go to those who run, orders to their owner. Payloads are cloned on the way, as they
 * are between threads. What no running actor owns, the test plays: tell() publishes for it, orders are captured.
 */
export class HarnessNode {
  readonly logs: LogRecord[] = [];
  readonly capturedOrders: { readonly name: OrderName; readonly payload: unknown }[] = [];
  readonly #options: HarnessOptions;
  readonly #facts = new Map<FactName, unknown>();
  readonly #running = new Map<ActorName, Routed>();
  readonly #generations = new Map<ActorName, number>();

  constructor(options: HarnessOptions) {
    this.#options = options;
  }

  /** Starts an actor; rejects with what its start throws. */
  async start<A extends ActorName>(definition: ActorDefinition<A>): Promise<void> {
    const { name } = definition;
    const generation = (this.#generations.get(name) ?? 0) + 1;
    this.#generations.set(name, generation);
    const isCurrent = (): boolean => this.#generations.get(name) === generation;
    const actor = await definition.start(this.#context(name, generation, isCurrent));
    const routed: Routed = {
      handlers: untyped(actor.handlers),
      alive: () => actor.alive(),
      inspect: () => actor.inspect(),
      stop: (deadlineMs, reason) => actor.stop(deadlineMs, reason),
    };
    this.#running.set(name, routed);
    for (const [fact, payload] of this.#facts) routed.handlers[fact]?.(structuredClone(payload));
  }

  /** The thread is gone: nothing it still does reaches anybody. Sockets it holds must be closed by the test. */
  forget(name: ActorName): void {
    this.#generations.set(name, (this.#generations.get(name) ?? 0) + 1);
    this.#running.delete(name);
  }

  async stop(name: ActorName, deadlineMs = 1000, reason: StopReason = 'shutdown'): Promise<void> {
    await this.#running.get(name)?.stop(deadlineMs, reason);
    this.forget(name);
  }

  /** Stops in the reverse order of starting. */
  async stopAll(): Promise<void> {
    for (const name of [...this.#running.keys()].reverse()) await this.stop(name);
  }

  /** Publishes a fact or sends a signal for an actor that does not run here. */
  tell<N extends FactName | SignalName>(
    name: N,
    payload: Payload<N>,
    kind: 'fact' | 'signal' = 'fact',
  ): void {
    if (kind === 'fact') this.#facts.set(name as FactName, payload);
    this.#deliver(name, payload);
  }

  order<N extends OrderName>(name: N, payload: Payload<N>): void {
    this.#running.get(ownerOf(name) as ActorName)?.handlers[name]?.(structuredClone(payload));
  }

  fact<N extends FactName>(name: N): Payload<N> | undefined {
    return this.#facts.get(name) as Payload<N> | undefined;
  }

  inspect(name: ActorName): ReturnType<Routed['inspect']> | undefined {
    return this.#running.get(name)?.inspect();
  }

  alive(name: ActorName): boolean {
    return this.#running.get(name)?.alive() ?? false;
  }

  #deliver(name: MessageName, payload: unknown): void {
    for (const actor of this.#running.values()) actor.handlers[name]?.(structuredClone(payload));
  }

  /** Messages cross as in the daemon: later, never within the sender's own turn. */
  #later(isCurrent: () => boolean, run: () => void): void {
    if (!isCurrent()) return;
    setImmediate(run);
  }

  #context<A extends ActorName>(name: A, generation: number, isCurrent: () => boolean): ActorContext<A> {
    const { config, secrets, clock = systemClock, random = systemRandom } = this.#options;
    const refuse = (what: RequestName | string): Promise<never> =>
      Promise.reject(new Error(`nobody answers ${what} in this harness`));
    return {
      name,
      generation,
      config,
      secrets,
      clock,
      random,
      log: makeLogger(
        name,
        () => clock.wallMs(),
        (record) => {
          this.logs.push(record);
        },
      ),
      publish: (fact, payload) => {
        if (!isCurrent() || isDeepStrictEqual(this.#facts.get(fact), payload)) return;
        this.#facts.set(fact, payload);
        this.#later(isCurrent, () => {
          this.#deliver(fact, payload);
        });
      },
      signal: (signal, payload) => {
        this.#later(isCurrent, () => {
          this.#deliver(signal, payload);
        });
      },
      order: (order, payload) => {
        this.#later(isCurrent, () => {
          const owner = this.#running.get(ownerOf(order) as ActorName);
          if (owner === undefined) this.capturedOrders.push({ name: order, payload });
          else owner.handlers[order]?.(structuredClone(payload));
        });
      },
      request: async (request, payload) => {
        const { answer } = this.#options;
        return (await (answer === undefined ? refuse(request) : answer(request, payload))) as never;
      },
      crypto: (task, input) => runHere(task, structuredClone(input)),
    };
  }
}

const untyped = <A extends ActorName>(handlers: Handlers<A>): Routed['handlers'] =>
  handlers as Routed['handlers'];
