import { errorData, type ErrorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { afterCircuit, NO_FAILURES, stuckAtMs, type CircuitRun } from './circuit-run.js';
import type { TorTrouble } from './messages.js';
import type { TorNetworkSwitch } from './outage-watch.js';
import { SessionWork } from './session-work.js';

/** Tor answers, and does not get on. With no-network a restart of it would mend nothing. */
export type Stall = Exclude<TorTrouble, 'unanswered' | 'refused'>;

export interface StallWatchEffects {
  readonly log: Logger;
  /** Does Tor hold a finished connection to any relay? */
  reachesRelays(): Promise<boolean>;
  /** Drops all connections of a Tor of ours and makes them anew; null on any other. */
  readonly network: TorNetworkSwitch | null;
  /** Ends this Tor for another; null where that is not ours to do. */
  readonly restart: ((why: ErrorData) => void) | null;
  /** Its introduction circuits carry nothing: no client shall be sent to them. */
  withhold(): void;
  release(): void;
  /** What `stall` says is new. */
  changed(): void;
  poke(): void;
}

/**
 * A bootstrap on the public network takes 5 to 60 s; its longest stage, the consensus over a slow line, shows no progress
 * for most of that. Sooner throws away what was fetched, later waits for Tor's own retries, which grow to ten minutes.
 */
const STAGE_PATIENCE_MS = 120_000;
/** New connections carry circuits after 2 s on a quiet network; on a bad one a circuit may take ten. */
const RECONNECT_PATIENCE_MS = 20_000;
/** One question on the control port; how soon a network that is back is noticed. */
const LOOK_AGAIN_MS = 15_000;
/** Who reaches no relay for so long may be wrong about whose fault it is. */
const RESTART_ANYWAY_MS = 15 * 60_000;

/**
 * Watches that a Tor which answers gets on: that its bootstrap moves, and that it can build circuits. Tells a stuck Tor, which
 * is made to connect anew and then replaced, from a machine without a network, where that would only cost.
 */
export class StallWatch {
  readonly #effects: StallWatchEffects;
  readonly #work: SessionWork;
  #percent = 0;
  #percentSinceMs = 0;
  #circuits: CircuitRun = NO_FAILURES;
  #stall: Stall | null = null;
  /** When the stall is judged again (monotonic ms). */
  #judgeAtMs = 0;
  #noNetworkSinceMs: number | null = null;
  #withholds = false;

  constructor(effects: StallWatchEffects) {
    this.#effects = effects;
    this.#work = new SessionWork(effects);
  }

  get stall(): Stall | null {
    return this.#stall;
  }

  /** A connection to Tor is there. */
  begin(nowMs: number): void {
    this.#work.begin();
    this.#percentSinceMs = nowMs;
    this.#circuits = NO_FAILURES;
  }

  /** It is lost; of another Tor nothing is known. */
  end(): void {
    this.#work.end();
    this.#percent = 0;
    this.#over();
  }

  bootstrap(percent: number, nowMs: number): void {
    if (percent === this.#percent) return;
    const isProgress = percent > this.#percent;
    this.#percent = percent;
    this.#percentSinceMs = nowMs;
    if (isProgress && this.#stall !== null) {
      // Where circuits failed only a circuit says that it is over.
      if (stuckAtMs(this.#circuits) === null) this.#mended();
      else this.#judgeAtMs = Math.max(this.#judgeAtMs, nowMs + RECONNECT_PATIENCE_MS);
    }
    this.#effects.poke();
  }

  circuit(status: string, nowMs: number): void {
    const before = stuckAtMs(this.#circuits);
    this.#circuits = afterCircuit(this.#circuits, status, nowMs);
    if (status === 'BUILT' && this.#stall !== null) this.#mended();
    else if (stuckAtMs(this.#circuits) !== before) this.#effects.poke();
  }

  step(nowMs: number): number | null {
    if (!this.#work.isFree) return null;
    if (this.#stall === null) {
      const dueMs = this.#isUp ? stuckAtMs(this.#circuits) : this.#percentSinceMs + STAGE_PATIENCE_MS;
      if (dueMs === null || nowMs < dueMs) return dueMs;
      this.#work.run(this.#begun(nowMs));
      return null;
    }
    if (nowMs < this.#judgeAtMs) return this.#judgeAtMs;
    this.#work.run(this.#judge(nowMs));
    return null;
  }

  get #isUp(): boolean {
    return this.#percent === 100;
  }

  #error(): ErrorData {
    if (this.#isUp) return errorData('tor.circuits-stuck', 'tor', { failures: this.#circuits.failures });
    const minutes = STAGE_PATIENCE_MS / 60_000;
    return errorData('tor.bootstrap-stuck', 'tor', { percent: this.#percent, minutes });
  }

  async #begun(nowMs: number): Promise<void> {
    const { network } = this.#effects;
    if (!this.#isUp) return this.#judge(nowMs);
    this.#withholds = true;
    this.#effects.withhold();
    if (network === null) return this.#judge(nowMs);
    this.#set('circuits-stuck');
    this.#judgeAtMs = nowMs + RECONNECT_PATIENCE_MS;
    await network.reconnect();
  }

  async #judge(nowMs: number): Promise<void> {
    const isCurrent = this.#work.whileConnected();
    const reaches = await this.#effects.reachesRelays();
    if (!isCurrent()) return;
    if (!reaches) {
      this.#noNetworkSinceMs ??= nowMs;
      this.#judgeAtMs = nowMs + LOOK_AGAIN_MS;
      this.#set('no-network');
      if (nowMs - this.#noNetworkSinceMs >= RESTART_ANYWAY_MS) this.#effects.restart?.(this.#error());
      return;
    }
    const wasWithout = this.#noNetworkSinceMs !== null;
    this.#noNetworkSinceMs = null;
    this.#set(this.#isUp ? 'circuits-stuck' : 'bootstrap-stuck');
    this.#judgeAtMs = nowMs + 2 * RECONNECT_PATIENCE_MS;
    // One that has only just found its network again is given that time.
    if (!wasWithout) this.#effects.restart?.(this.#error());
  }

  #set(stall: Stall): void {
    if (stall === this.#stall) return;
    this.#stall = stall;
    const error = stall === 'no-network' ? errorData('tor.no-network', 'tor') : this.#error();
    this.#effects.log.warn(error.what, {}, error);
    this.#effects.changed();
  }

  #mended(): void {
    this.#effects.log.info('Tor gets on again', { was: this.#stall });
    this.#over();
  }

  #over(): void {
    this.#circuits = NO_FAILURES;
    this.#noNetworkSinceMs = null;
    if (this.#withholds) {
      // Also where the session ended before the stall was judged: nobody else would offer the points again.
      this.#withholds = false;
      this.#effects.release();
    }
    if (this.#stall === null) return;
    this.#stall = null;
    this.#effects.changed();
  }
}
