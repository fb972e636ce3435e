import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { ActorBirth, ChaosMode, FromActor } from '@rustbalance/actors/kernel/envelope.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import type { LogLevel, LogRecord, Logger } from '@rustbalance/actors/kernel/logging.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import { ActorHistory } from './actor-history.js';
import type { StartThread, ThreadListener } from './actor-thread-handle.js';
import type { SupervisorSpec } from './child-spec.js';
import { crashData } from './crash-data.js';
import type { Effect, Report } from './effects.js';
import type { ExitCode } from './exit-codes.js';
import { Incarnation } from './incarnation.js';
import type { Vitals } from './incarnation.js';
import { rateGate } from './rate-gate.js';
import { logReport } from './report-log.js';
import type { Router } from './router.js';
import type { State } from './state.js';
import { supervise } from './supervision.js';
import type { Supervision } from './supervision.js';

export interface ActorSystemOptions {
  readonly spec: SupervisorSpec;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly router: Router;
  readonly startThread: StartThread;
  /** What an incarnation is born with, beyond its name and number. */
  readonly birth: (name: ActorName) => Omit<ActorBirth, 'name' | 'generation'>;
  /** Takes the log records of the threads. */
  readonly write: (record: LogRecord) => void;
  readonly onReady: () => void;
  readonly onEnd: (end: { readonly code: ExitCode; readonly forced: boolean }) => void;
}

/** What a live thread says of itself. */
export type Dump = Omit<Extract<FromActor, { readonly kind: 'inspection' }>, 'kind' | 'id'>;

interface PendingDump {
  readonly incarnation: Incarnation;
  readonly settle: (dump: Dump | null) => void;
}

/** Lines that a thread may write past the logger, for each period. */
const STRAY_LINES = 20;
const STRAY_PERIOD_MS = 10_000;

const isActorName = (id: string): id is ActorName => (ACTOR_NAMES as readonly string[]).includes(id);

/** The six actors in their threads: does what the reducer decides, and tells it what happens. */
export class ActorSystem {
  readonly history = new ActorHistory();
  readonly #options: ActorSystemOptions;
  readonly #supervision: Supervision;
  readonly #incarnations = new Map<string, Incarnation>();
  readonly #dumps = new Map<number, PendingDump>();
  #nextId = 1;

  constructor(options: ActorSystemOptions) {
    this.#options = options;
    this.#supervision = supervise(options.spec, options.clock, options.random, (effect) => {
      this.#perform(effect);
    });
  }

  boot(): void {
    this.#supervision.dispatch({ kind: 'boot' });
  }

  /** The first call stops in order, a second one ends at once. */
  stop(): void {
    this.#supervision.dispatch({ kind: 'stop-requested' });
  }

  /** Restarts these in order, each with what it is born with by now. */
  replace(names: readonly ActorName[]): void {
    for (const id of names) this.#supervision.dispatch({ kind: 'replace', id });
  }

  /** Tells the threads that live; those to come are born with theirs. */
  setLogLevel(level: LogLevel): void {
    for (const { thread } of this.#incarnations.values()) thread.post({ kind: 'log-level', level });
  }

  /** Ends every thread without waiting for it and without starting another: the process is about to end. */
  abandon(): void {
    this.#supervision.halt();
    for (const { thread } of this.#incarnations.values()) thread.terminate();
  }

  state(): State {
    return this.#supervision.state();
  }

  vitals(name: ActorName): Vitals | null {
    return this.#incarnations.get(name)?.vitals ?? null;
  }

  /** Asks a thread what it is doing; null when it is not up, ends, or hangs for longer than the deadline. */
  dump(name: ActorName, deadlineMs: number): Promise<Dump | null> {
    const incarnation = this.#incarnations.get(name);
    if (incarnation === undefined || this.state().children.get(name)?.life.at !== 'up') {
      return Promise.resolve(null);
    }
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const settle = (dump: Dump | null): void => {
        cancel();
        this.#dumps.delete(id);
        resolve(dump);
      };
      const cancel = this.#options.clock.after(deadlineMs, () => {
        settle(null);
      });
      this.#dumps.set(id, { incarnation, settle });
      incarnation.thread.post({ kind: 'inspect', id });
    });
  }

  /**
   * Lets a thread fail for real; answers the generation that was hit.
   *
   * @throws RbError `actor.not-running`
   */
  damage(name: ActorName, mode: ChaosMode): number {
    const incarnation = this.#incarnations.get(name);
    if (incarnation === undefined) throw rbError('actor.not-running', name, { actor: name });
    incarnation.thread.post({ kind: 'chaos', mode });
    return incarnation.generation;
  }

  /** Ends an actor, to be started again as after any failure; false when it is not up. */
  restart(name: ActorName, error: ErrorData): boolean {
    const incarnation = this.#incarnations.get(name);
    const { phase, children } = this.state();
    if (phase.at !== 'running' || incarnation === undefined) return false;
    if (children.get(name)?.life.at !== 'up') return false;
    const { generation } = incarnation;
    this.#supervision.dispatch({ kind: 'restart-ordered', id: name, generation, error });
    return true;
  }

  /** Stops in order, with the code by which the service manager starts the process afresh. */
  giveUp(error: ErrorData): void {
    this.#supervision.dispatch({ kind: 'give-up-ordered', error });
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'load':
        this.#load(effect.id, effect.generation);
        return;
      case 'begin':
        this.#incarnations.get(effect.id)?.thread.post({ kind: 'begin' });
        return;
      case 'ask-stop':
        this.#askStop(effect);
        return;
      case 'terminate':
        this.#incarnations.get(effect.id)?.thread.terminate();
        this.#gone(effect.id, effect.generation);
        return;
      case 'ping':
        this.#ping(effect.id, effect.generation);
        return;
      case 'report':
        this.#report(effect.report);
        return;
      case 'all-ready':
        this.#options.onReady();
        return;
      case 'end':
        this.#options.onEnd({ code: effect.code, forced: effect.forced });
        return;
    }
  }

  #askStop({ id, deadlineMs, reason }: Extract<Effect, { readonly kind: 'ask-stop' }>): void {
    this.#incarnations.get(id)?.thread.post({ kind: 'stop', deadlineMs, reason });
  }

  #load(id: string, generation: number): void {
    if (!isActorName(id)) throw new Error(`no actor ${id}`);
    const { birth, clock, router, startThread } = this.#options;
    const listener = this.#listener(id, generation);
    try {
      const thread = startThread({ name: id, generation, ...birth(id) }, listener);
      this.#incarnations.set(id, new Incarnation(generation, thread, clock));
      router.born(id, generation, (message) => {
        thread.post(message);
      });
    } catch (error) {
      // No thread came to be: the same as one that died at once.
      listener.failing(crashData(id, error));
      listener.exited(1);
    }
  }

  #listener(name: ActorName, generation: number): ThreadListener {
    const { clock, log } = this.#options;
    const strayLines = rateGate(clock, STRAY_LINES, STRAY_PERIOD_MS);
    const { dispatch } = this.#supervision;
    return {
      message: (message) => {
        this.#receive(name, generation, message);
      },
      failing: (error) => {
        dispatch({ kind: 'failing', id: name, generation, error });
      },
      exited: (code) => {
        this.#gone(name, generation);
        dispatch({ kind: 'exited', id: name, generation, code });
      },
      wrote: (line) => {
        if (strayLines.admit()) log.warn('an actor wrote past the logger', { actor: name, line });
      },
    };
  }

  #receive(name: ActorName, generation: number, message: FromActor): void {
    const { router, write } = this.#options;
    const { dispatch } = this.#supervision;
    switch (message.kind) {
      case 'fact':
      case 'signal':
      case 'order':
      case 'request':
      case 'reply':
      case 'handled':
        router.receive(name, generation, message);
        return;
      case 'ready':
        router.ready(name, generation, message.subscriptions);
        this.#incarnations.get(name)?.ready(message.threadId);
        dispatch({ kind: 'ready', id: name, generation, version: message.version });
        return;
      case 'start-failed':
        dispatch({ kind: 'failing', id: name, generation, error: message.error });
        return;
      case 'pong':
        this.#incarnations.get(name)?.pong(message.loopDelayP99Ms);
        dispatch({ kind: 'pong', id: name, generation, alive: message.alive });
        return;
      case 'inspection':
        this.#dumps.get(message.id)?.settle(message);
        return;
      case 'stopped':
        dispatch({ kind: 'finished', id: name, generation });
        return;
      case 'log':
        write(message.record);
        return;
    }
  }

  /** Nothing is expected of this incarnation any more: whoever waits for it learns that now. */
  #gone(id: string, generation: number): void {
    if (isActorName(id)) this.#options.router.died(id, generation);
    const incarnation = this.#incarnations.get(id);
    if (incarnation?.generation !== generation) return;
    incarnation.gone();
    this.#incarnations.delete(id);
    for (const dump of [...this.#dumps.values()]) {
      if (dump.incarnation === incarnation) dump.settle(null);
    }
  }

  #ping(id: string, generation: number): void {
    this.#incarnations.get(id)?.ping(this.#nextId++, () => {
      this.#supervision.dispatch({ kind: 'spinning', id, generation });
    });
  }

  /** A thread that gave no pong is told apart by its loop: fully used, it spins; idle, its machine is stuck. */
  #report(report: Report): void {
    const { clock, log } = this.#options;
    this.history.note(report, clock.wallMs());
    const silent =
      report.error?.code === 'actor.unresponsive' ? this.#incarnations.get(report.child ?? '') : undefined;
    const extra =
      silent === undefined ? {} : { loop_utilisation: Number(silent.thread.utilisation().toFixed(3)) };
    logReport(log, report, extra);
  }
}
