import type { Clock } from '../kernel/clock.js';
import type { RbError } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { authenticateWith, type ControlAccess } from './control-access.js';
import type { ControlConnection } from './control/connection.js';
import type { BootstrapPhase } from './control/status-event.js';
import type { TorCoordination } from './coordination-service.js';
import { sessionListener } from './session-events.js';
import { TorSession, type SessionListener, type SessionStart } from './session.js';
import { beginWorkers, endWorkers, stepWorkers } from './worker-group.js';
import type { Workers } from './workers.js';

export interface TorLinkEffects {
  readonly access: ControlAccess;
  readonly clock: Clock;
  readonly log: Logger;
  readonly coordination: TorCoordination;
  readonly workers: () => Workers;
  readonly uploadAnswer: SessionListener['uploadAnswer'];
  readonly bootstrap: (phase: BootstrapPhase) => void;
  readonly lost: (error: RbError) => void;
  readonly changed: () => void;
  readonly poke: () => void;
}

/** The control connection to one Tor while there is one, and what was learned of that Tor by it. */
export class TorLink {
  readonly #effects: TorLinkEffects;
  #session: { readonly tor: TorSession; readonly start: SessionStart } | null = null;
  /** Of the Tor that was connected to last. */
  #version: string | null = null;
  #torPid: number | null = null;
  #bootstrap = 0;
  #doubted = false;

  constructor(effects: TorLinkEffects) {
    this.#effects = effects;
  }

  get session(): { readonly tor: TorSession; readonly start: SessionStart } | null {
    return this.#session;
  }

  get version(): string | null {
    return this.#version;
  }

  get torPid(): number | null {
    return this.#torPid;
  }

  /** Percent. */
  get bootstrap(): number {
    return this.#bootstrap;
  }

  /** It has not answered for seconds. */
  get isDoubted(): boolean {
    return this.#doubted;
  }

  /** Authenticates, subscribes and reads the state; the session is in use from here on. `signal`: not any more. */
  async open(connection: ControlConnection, signal: AbortSignal): Promise<boolean> {
    const { access, clock, log, coordination, workers, poke } = this.#effects;
    await authenticateWith(access, connection);
    const tor = new TorSession(connection, clock, log, this.#listener());
    const start = await tor.begin();
    if (signal.aborted) {
      tor.close('it is not needed any more');
      return false;
    }
    this.#session = { tor, start };
    this.#version = start.version;
    this.#torPid = start.torPid;
    workers().renewal.reset();
    log.info('connected to Tor', { version: start.version });
    beginWorkers(workers(), coordination, start, clock.monotonicMs());
    poke();
    return true;
  }

  drop(reason: string): void {
    const session = this.#session;
    this.#session = null;
    this.#bootstrap = 0;
    this.#doubted = false;
    endWorkers(this.#effects.workers(), this.#effects.coordination);
    session?.tor.close(reason);
  }

  /** @param mayRenew whether Tor is up, and the service ours to set */
  step(nowMs: number, mayRenew: boolean): number | null {
    if (this.#session === null) return null;
    const { workers, coordination } = this.#effects;
    return stepWorkers(workers(), coordination, this.#session.tor, nowMs, mayRenew);
  }

  #listener(): SessionListener {
    const { clock, log, coordination, workers, uploadAnswer, bootstrap, lost, poke } = this.#effects;
    return sessionListener({
      clock,
      log,
      workers: workers(),
      coordination,
      uploadAnswer,
      bootstrap: (phase) => {
        if (phase.progress !== this.#bootstrap)
          log.debug('bootstrap', { progress: phase.progress, summary: phase.summary });
        this.#bootstrap = phase.progress;
        bootstrap(phase);
      },
      doubted: (isDoubted) => {
        this.#doubt(isDoubted);
      },
      lost,
      poke,
    });
  }

  /** A Tor that hangs takes introductions and never answers: its points go out before it is ended. */
  #doubt(isDoubted: boolean): void {
    this.#doubted = isDoubted;
    const { log, workers, changed } = this.#effects;
    if (isDoubted) {
      log.warn('tor has not answered for seconds: this node is left out meanwhile');
      workers().points.withhold('silence');
    } else {
      log.info('tor answers again');
      workers().points.release('silence');
    }
    changed();
  }
}
