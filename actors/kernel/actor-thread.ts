import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { ActorContext, ActorDefinition, RunningActor } from './actor.js';
import { obeyChaos } from './chaos.js';
import { systemClock } from './clock.js';
import type { Config } from './config/schema.js';
import { PROTOCOL_VERSION } from './envelope.js';
import type { ActorBirth, Delivery, FromActor, Inspection, StopReason, ToActor } from './envelope.js';
import { RbError, errorData, toErrorData } from './errors.js';
import { makeLogger } from './logging.js';
import type { LogLevel } from './logging.js';
import type { ActorName, MessageName, RequestName } from './messages.js';
import { outgoingRequests } from './outgoing-requests.js';
import { plainValue } from './plain-data.js';
import { systemRandom } from './random.js';
import { revealSecrets } from './secrets.js';
import type { SecretsOnTheWire } from './secrets.js';
import { ownThreadId } from './thread-id.js';

/** Deadline of a pool task when the caller names none: a pool that is this slow is as good as gone. */
const CRYPTO_DEADLINE_MS = 10_000;

/** Resolution of the event-loop delay histogram, ms: finer costs a timer wake-up that often. */
const LOOP_DELAY_RESOLUTION_MS = 10;

/** What only an actor that has started can take. */
type Served = Exclude<ToActor, { readonly kind: 'birth' | 'begin' | 'reply' | 'chaos' | 'log-level' }>;

/**
 * Runs an actor in this worker thread: hands it its context and its messages, and answers for it. Nothing is
 * caught that the actor throws outside of a request: the thread dies of it and the supervisor starts another.
 */
export const runActorThread = async <A extends ActorName>(definition: ActorDefinition<A>): Promise<void> => {
  const port = parentPort;
  if (port === null) throw new Error(`the ${definition.name} actor runs in a worker thread only`);
  await new ActorThread<A>(port, definition.name, workerData as ActorBirth | null).run(definition);
};

class ActorThread<A extends ActorName> {
  readonly #port: MessagePort;
  readonly #name: A;
  #birth: ActorBirth | null = null;
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_DELAY_RESOLUTION_MS });
  readonly #requests;
  readonly #published = new Map<MessageName, unknown>();
  readonly #begun: Promise<void>;
  #begin: () => void = () => undefined;
  #logLevel: LogLevel = 'info';
  #answering = 0;
  #handled = 0;
  #running: RunningActor<A> | null = null;
  /** What arrived before the actor was ready, in order. */
  readonly #early: Served[] = [];

  constructor(port: MessagePort, name: A, birth: ActorBirth | null) {
    this.#port = port;
    this.#name = name;
    if (birth !== null) this.#born(birth);
    this.#requests = outgoingRequests(name, systemClock, (message) => {
      this.#send(message);
    });
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  async run(definition: ActorDefinition<A>): Promise<void> {
    this.#port.on('message', (message: ToActor) => {
      this.#receive(message);
    });
    await this.#begun;
    const birth = this.#birth;
    if (birth === null) throw new Error(`the ${definition.name} actor was begun before it was born`);
    this.#loopDelay.enable();
    try {
      this.#running = await definition.start(this.#context(definition.name, birth));
    } catch (error) {
      // What is not ours has a stack that only an uncaught error carries over.
      if (!(error instanceof RbError)) throw error;
      this.#send({ kind: 'start-failed', error: error.data });
      process.exit(1);
    }
    const subscriptions = Object.keys(this.#running.handlers) as MessageName[];
    this.#send({ kind: 'ready', version: PROTOCOL_VERSION, subscriptions, threadId: ownThreadId() });
    for (const message of this.#early.splice(0)) this.#receive(message);
  }

  #send(message: FromActor): void {
    this.#port.postMessage(message);
  }

  #born(birth: ActorBirth): void {
    this.#birth = birth;
    this.#logLevel = (birth.config as Config).log.level;
  }

  #context(name: A, birth: ActorBirth): ActorContext<A> {
    const request = (message: RequestName, payload: unknown, deadlineMs: number): Promise<unknown> =>
      this.#requests.send(message, payload, deadlineMs);
    return {
      name,
      generation: birth.generation,
      config: birth.config as Config,
      secrets: revealSecrets(birth.secrets as SecretsOnTheWire),
      clock: systemClock,
      random: systemRandom,
      log: makeLogger(
        name,
        () => systemClock.wallMs(),
        (record) => {
          this.#send({ kind: 'log', record });
        },
        () => this.#logLevel,
      ),
      publish: (message, payload) => {
        this.#publish(message, payload);
      },
      signal: (message, payload) => {
        this.#send({ kind: 'signal', name: message, payload });
      },
      order: (message, payload) => {
        this.#send({ kind: 'order', name: message, payload });
      },
      request: (message, payload, deadlineMs) => request(message, payload, deadlineMs) as never,
      crypto: (task, input, deadlineMs = CRYPTO_DEADLINE_MS) =>
        request('pool.run', { task, input }, deadlineMs) as never,
    };
  }

  /** The copy is what makes "equal" mean "equal to what was sent", whatever the actor does to its object later. */
  #publish(name: Extract<FromActor, { kind: 'fact' }>['name'], payload: unknown): void {
    if (this.#published.has(name) && isDeepStrictEqual(this.#published.get(name), payload)) return;
    this.#published.set(name, structuredClone(payload));
    this.#send({ kind: 'fact', name, payload });
  }

  #receive(message: ToActor): void {
    switch (message.kind) {
      case 'birth':
        this.#born(message.birth);
        return;
      case 'begin':
        this.#begin();
        return;
      case 'reply':
        this.#requests.settle(message.id, message.outcome);
        return;
      case 'chaos':
        if (this.#birth?.chaos === true) obeyChaos(message.mode);
        return;
      case 'log-level':
        this.#logLevel = message.level;
        return;
      case 'fact':
      case 'signal':
      case 'order':
      case 'request':
      case 'ping':
      case 'inspect':
      case 'stop':
        if (this.#running === null) this.#early.push(message);
        else this.#serve(this.#running, message);
        return;
    }
  }

  #serve(running: RunningActor<A>, message: Served): void {
    switch (message.kind) {
      case 'fact':
      case 'signal':
      case 'order':
      case 'request':
        this.#deliver(running, message);
        return;
      case 'ping':
        this.#pong(running, message.id);
        return;
      case 'inspect':
        this.#inspect(running, message.id);
        return;
      case 'stop':
        void this.#stop(running, message.deadlineMs, message.reason);
        return;
    }
  }

  #deliver(running: RunningActor<A>, delivery: Delivery): void {
    this.#countHandled();
    if (delivery.kind === 'request') void this.#answer(running, delivery.id, delivery.name, delivery.payload);
    else this.#handler(running, delivery.name)?.(delivery.payload);
  }

  /** One message a turn of the loop tells the router how many deliveries were handled in it. */
  #countHandled(): void {
    this.#handled++;
    if (this.#handled > 1) return;
    setImmediate(() => {
      this.#send({ kind: 'handled', count: this.#handled });
      this.#handled = 0;
    });
  }

  #handler(running: RunningActor<A>, name: MessageName): ((payload: unknown) => unknown) | undefined {
    return (running.handlers as Partial<Record<MessageName, (payload: unknown) => unknown>>)[name];
  }

  async #answer(running: RunningActor<A>, id: number, name: RequestName, payload: unknown): Promise<void> {
    const handler = this.#handler(running, name);
    if (handler === undefined) {
      const error = errorData('message.unknown', this.#name, { name });
      this.#send({ kind: 'reply', id, outcome: { ok: false, error } });
      return;
    }
    this.#answering++;
    try {
      this.#send({ kind: 'reply', id, outcome: { ok: true, answer: await handler(payload) } });
    } catch (error) {
      this.#send({ kind: 'reply', id, outcome: { ok: false, error: toErrorData(error, this.#name) } });
    } finally {
      this.#answering--;
    }
  }

  #pong(running: RunningActor<A>, id: number): void {
    // The histogram holds the time between its own ticks, so an idle loop shows the resolution. Since the last ping.
    const betweenTicksMs = this.#loopDelay.percentile(99) / 1e6;
    const loopDelayP99Ms = Math.max(0, betweenTicksMs - LOOP_DELAY_RESOLUTION_MS);
    this.#loopDelay.reset();
    this.#send({ kind: 'pong', id, alive: running.alive(), loopDelayP99Ms });
  }

  #inspect(running: RunningActor<A>, id: number): void {
    const { state, context } = running.inspect();
    const inspection = { state, context: plainValue(context) as Inspection['context'] };
    const heapUsedBytes = getHeapStatistics().used_heap_size;
    this.#send({ kind: 'inspection', id, inspection, answering: this.#answering, heapUsedBytes });
  }

  /** Ends the thread by itself: a handle that an actor forgot to close must not cost a stop its deadline. */
  async #stop(running: RunningActor<A>, deadlineMs: number, reason: StopReason): Promise<void> {
    await running.stop(deadlineMs, reason);
    this.#send({ kind: 'stopped' });
    process.exit(0);
  }
}
