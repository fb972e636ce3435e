import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { ActorContext, ActorDefinition, RunningActor } from './actor.js';
import { obeyChaos } from './chaos.js';
import { systemClock } from './clock.js';
import type { Config } from './config/schema.js';
import { PROTOCOL_VERSION } from './envelope.js';
import type { ActorBirth, FromActor, Outcome, ToActor } from './envelope.js';
import { RbError, errorData, rbError, toErrorData } from './errors.js';
import { makeLogger } from './logging.js';
import type { ActorName, MessageName, RequestName } from './messages.js';
import { systemRandom } from './random.js';
import { revealSecrets } from './secrets.js';
import type { SecretsOnTheWire } from './secrets.js';

/** Deadline of a pool task when the caller names none: a pool that is this slow is as good as gone. */
const CRYPTO_DEADLINE_MS = 10_000;

interface Waiting {
  readonly name: RequestName;
  readonly settle: (outcome: Outcome) => void;
}

/** Runs an actor in this worker thread: hands it its context, its messages, and answers for it. */
export const runActorThread = async <A extends ActorName>(definition: ActorDefinition<A>): Promise<void> => {
  const port = parentPort;
  if (port === null) throw new Error(`the ${definition.name} actor runs in a worker thread only`);
  const birth = workerData as ActorBirth;
  const actor = new ActorThread<A>(port, birth);
  await actor.run(definition);
};

class ActorThread<A extends ActorName> {
  readonly #port: MessagePort;
  readonly #birth: ActorBirth;
  readonly #loopDelay = monitorEventLoopDelay({ resolution: 10 });
  readonly #waiting = new Map<number, Waiting>();
  readonly #published = new Map<MessageName, unknown>();
  #nextRequest = 1;
  #mailbox = 0;
  #running: RunningActor<A> | null = null;
  /** What arrived before the actor was ready, in order. */
  readonly #early: ToActor[] = [];

  constructor(port: MessagePort, birth: ActorBirth) {
    this.#port = port;
    this.#birth = birth;
  }

  async run(definition: ActorDefinition<A>): Promise<void> {
    this.#loopDelay.enable();
    this.#port.on('message', (message: ToActor) => {
      this.#receive(message);
    });
    try {
      this.#running = await definition.start(this.#context(definition.name));
    } catch (error) {
      this.#send({ kind: 'start-failed', error: toErrorData(error, definition.name) });
      throw error;
    }
    const subscriptions = Object.keys(this.#running.handlers) as MessageName[];
    this.#send({ kind: 'ready', version: PROTOCOL_VERSION, subscriptions });
    for (const message of this.#early.splice(0)) this.#receive(message);
  }

  #send(message: FromActor): void {
    this.#port.postMessage(message);
  }

  #context(name: A): ActorContext<A> {
    const request: ActorContext<A>['request'] = (message, payload, deadlineMs) =>
      this.#request(message, payload, deadlineMs) as never;
    return {
      name,
      generation: this.#birth.generation,
      config: this.#birth.config as Config,
      secrets: revealSecrets(this.#birth.secrets as SecretsOnTheWire),
      clock: systemClock,
      random: systemRandom,
      log: makeLogger(
        name,
        () => systemClock.wallMs(),
        (record) => {
          this.#send({ kind: 'log', record });
        },
      ),
      publish: (message, payload) => {
        if (this.#published.has(message) && isDeepStrictEqual(this.#published.get(message), payload)) return;
        this.#published.set(message, payload);
        this.#send({ kind: 'fact', name: message, payload });
      },
      signal: (message, payload) => {
        this.#send({ kind: 'signal', name: message, payload });
      },
      order: (message, payload) => {
        this.#send({ kind: 'order', name: message, payload });
      },
      request,
      crypto: async (task, input, deadlineMs = CRYPTO_DEADLINE_MS) =>
        (await this.#request('pool.run', { task, input }, deadlineMs)) as never,
    };
  }

  #request(name: RequestName, payload: unknown, deadlineMs: number): Promise<unknown> {
    const id = this.#nextRequest++;
    return new Promise((resolve, reject) => {
      const cancel = systemClock.after(deadlineMs, () => {
        this.#waiting.delete(id);
        reject(rbError('message.deadline', this.#birth.name, { name, deadlineMs }));
      });
      const settle = (outcome: Outcome): void => {
        cancel();
        this.#waiting.delete(id);
        if (outcome.ok) resolve(outcome.answer);
        else reject(new RbError(outcome.error));
      };
      this.#waiting.set(id, { name, settle });
      this.#send({ kind: 'request', id, name, payload, deadlineMs });
    });
  }

  #receive(message: ToActor): void {
    if (message.kind === 'reply') {
      this.#waiting.get(message.id)?.settle(message.outcome);
      return;
    }
    if (message.kind === 'chaos') {
      if (this.#birth.chaos) obeyChaos(message.mode);
      return;
    }
    const running = this.#running;
    if (running === null) {
      this.#early.push(message);
      return;
    }
    switch (message.kind) {
      case 'fact':
      case 'signal':
      case 'order':
        this.#handler(running, message.name)?.(message.payload);
        return;
      case 'request':
        void this.#answer(running, message.id, message.name, message.payload);
        return;
      case 'ping':
        this.#pong(running, message.id);
        return;
      case 'inspect':
        this.#send({
          kind: 'inspection',
          id: message.id,
          inspection: running.inspect(),
          mailbox: this.#mailbox,
        });
        return;
      case 'stop':
        void this.#stop(running, message.deadlineMs);
        return;
    }
  }

  #handler(running: RunningActor<A>, name: MessageName): ((payload: unknown) => unknown) | undefined {
    return (running.handlers as Partial<Record<MessageName, (payload: unknown) => unknown>>)[name];
  }

  async #answer(running: RunningActor<A>, id: number, name: RequestName, payload: unknown): Promise<void> {
    const handler = this.#handler(running, name);
    if (handler === undefined) {
      const error = errorData('message.unknown', this.#birth.name, { name });
      this.#send({ kind: 'reply', id, outcome: { ok: false, error } });
      return;
    }
    this.#mailbox++;
    try {
      this.#send({ kind: 'reply', id, outcome: { ok: true, answer: await handler(payload) } });
    } catch (error) {
      this.#send({ kind: 'reply', id, outcome: { ok: false, error: toErrorData(error, this.#birth.name) } });
    } finally {
      this.#mailbox--;
    }
  }

  #pong(running: RunningActor<A>, id: number): void {
    const loopDelayP99Ms = this.#loopDelay.percentile(99) / 1e6;
    this.#send({ kind: 'pong', id, alive: running.alive(), loopDelayP99Ms });
  }

  async #stop(running: RunningActor<A>, deadlineMs: number): Promise<void> {
    await running.stop(deadlineMs);
    this.#send({ kind: 'stopped' });
    this.#port.close();
  }
}
