import type { PublicationPlan, NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import { RbError, errorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { carryOverIdentities, isUsable } from './network-completeness.js';

/** The two documents of GETINFO. */
export interface NetworkDocuments {
  readonly consensus: Uint8Array;
  readonly microdescriptors: Uint8Array;
}

export interface NetworkWatchEffects {
  readonly log: Logger;
  /** Null while Tor has no consensus. */
  read(): Promise<NetworkDocuments | null>;
  parse(
    documents: NetworkDocuments,
  ): Promise<{ ok: true; value: NetworkView } | { ok: false; detail: string }>;
  /** The plan of the instance's own identity. */
  plan(view: NetworkView): Promise<PublicationPlan | null>;
  publish(view: NetworkView | null): void;
  /** A usable view's plan; `causedAtMs` is when Tor's consensus event came, wall clock. */
  planned(plan: PublicationPlan, causedAtMs: number): void;
  /** Makes Tor ask for what it lacks at once instead of after its retry delay; only on a Tor of our own. */
  hurry: (() => Promise<void>) | null;
  wallMs(): number;
  poke(): void;
}

/**
 * Reading again while something is missing: md/all of the public network is 12 MB, so not much more often. Tor has a
 * fresh network's microdescriptors within seconds of its first consensus.
 */
const RETRY_MS = [500, 1_000, 2_000, 3_000, 5_000];
const SLOWEST_RETRY_MS = 15_000;
/** Every Tor has a consensus an hour old at most; this catches a lost event. */
const SAFETY_POLL_MS = 30 * 60_000;
/** Tor retries a microdescriptor that its cache did not have after up to 10 minutes; a reload resets that. */
const HURRY_AFTER_MS = 5_000;
const HURRY_EVERY_MS = 60_000;

/** Follows the consensus of one connection to Tor and publishes the network as publishing needs it. */
export class NetworkWatch {
  readonly #effects: NetworkWatchEffects;
  /** The last usable view: identities are carried over from it. It outlives connections. */
  #usable: NetworkView | null = null;
  #active = false;
  #reading = false;
  #dueAtMs: number | null = null;
  #failures = 0;
  #incompleteSinceMs: number | null = null;
  #hurriedAtMs: number | null = null;
  #causedAtMs = 0;
  #session = 0;

  constructor(effects: NetworkWatchEffects) {
    this.#effects = effects;
  }

  get view(): NetworkView | null {
    return this.#usable;
  }

  /** A connection to Tor is there: its consensus is read at once. */
  begin(): void {
    this.#session++;
    this.#active = true;
    this.#reading = false;
    this.#incompleteSinceMs = null;
    this.#failures = 0;
    this.consensusArrived();
  }

  end(): void {
    this.#session++;
    this.#active = false;
  }

  /** Tor put a new consensus to use, or got new microdescriptors. */
  consensusArrived(): void {
    this.#causedAtMs = this.#effects.wallMs();
    this.#dueAtMs = 0;
    this.#failures = 0;
    this.#effects.poke();
  }

  step(nowMs: number): number | null {
    if (!this.#active || this.#reading) return null;
    if (this.#dueAtMs === null || nowMs < this.#dueAtMs) return this.#dueAtMs;
    this.#reading = true;
    this.#dueAtMs = null;
    const session = this.#session;
    void this.#refresh(nowMs)
      .catch((error: unknown) => {
        this.#explain(error);
        return false;
      })
      .then((done) => {
        if (session !== this.#session) return;
        this.#reading = false;
        this.#plan(done, nowMs);
        this.#effects.poke();
      });
    return null;
  }

  /** When to read next, unless an event has made it due already. */
  #plan(done: boolean, startedAtMs: number): void {
    this.#failures = done ? 0 : this.#failures + 1;
    const delay = done ? SAFETY_POLL_MS : (RETRY_MS[this.#failures - 1] ?? SLOWEST_RETRY_MS);
    this.#dueAtMs = Math.min(this.#dueAtMs ?? Infinity, startedAtMs + delay);
  }

  #explain(error: unknown): void {
    // A connection that ended is reported where it is owned.
    if (error instanceof RbError && error.code !== 'control.closed') {
      this.#effects.log.warn('the consensus could not be read', {}, error.data);
    }
  }

  /** True when nothing is missing. */
  async #refresh(nowMs: number): Promise<boolean> {
    const { log } = this.#effects;
    const session = this.#session;
    const causedAtMs = this.#causedAtMs;
    const documents = await this.#effects.read();
    if (documents === null) return false;
    const parsed = await this.#effects.parse(documents);
    if (session !== this.#session) return false;
    if (!parsed.ok) {
      log.error(
        'the consensus cannot be used',
        {},
        errorData('tor.network-unusable', 'consensus', { problem: parsed.detail }),
      );
      return false;
    }
    const view = carryOverIdentities(parsed.value, this.#usable);
    const missing = view.completeness.hsDirsWithoutMicrodescriptor;
    if (missing === 0) this.#incompleteSinceMs = null;
    else this.#incompleteSinceMs ??= nowMs;
    if (!isUsable(view, nowMs - (this.#incompleteSinceMs ?? nowMs))) {
      this.#tellIncomplete(view, nowMs);
      return false;
    }
    const plan = await this.#effects.plan(view);
    if (session !== this.#session || plan === null) return false;
    this.#usable = view;
    this.#effects.publish(view);
    this.#effects.planned(plan, causedAtMs);
    return missing === 0;
  }

  #tellIncomplete(view: NetworkView, nowMs: number): void {
    const { log, hurry } = this.#effects;
    const { hsDirs, hsDirsWithoutMicrodescriptor: missing } = view.completeness;
    const waitedMs = nowMs - (this.#incompleteSinceMs ?? nowMs);
    if (this.#usable === null) {
      this.#effects.publish(null);
      const error = errorData('tor.network-incomplete', 'consensus', { missing, hsDirs });
      if (waitedMs === 0) log.info('waiting for microdescriptors', { missing, hsDirs });
      else if (this.#failures === 6) log.warn('still waiting for microdescriptors', {}, error);
    }
    const isDue = this.#hurriedAtMs === null || nowMs - this.#hurriedAtMs >= HURRY_EVERY_MS;
    if (hurry === null || waitedMs < HURRY_AFTER_MS || !isDue) return;
    this.#hurriedAtMs = nowMs;
    log.debug('asking Tor to fetch what it lacks', { missing });
    void hurry().catch((error: unknown) => this.#explain(error));
  }
}
