import type { Clock } from '../../kernel/clock.js';
import type { ProxyLimits } from '../limits.js';
import type { TargetConnector } from '../target/target-connector.js';
import { TargetLink } from './target-link.js';

/** Idle connections kept; a connection through Tor costs seconds to make, an idle one some kilobytes. */
const MAX_IDLE = 256;

/** How long one is kept when the target does not say; servers' own defaults lie between 5 s and 75 s. */
const IDLE_MS = 60_000;

/** The target's clock runs on while its answer is under way: leave its idle connections this much earlier. */
const KEEP_ALIVE_MARGIN_MS = 1000;

interface Idle {
  readonly link: TargetLink;
  readonly untilMs: number;
}

/** Keeps the connections to the target between requests; the one used last is used first. */
export class TargetPool {
  readonly #connector: TargetConnector;
  readonly #limits: ProxyLimits;
  readonly #clock: Clock;
  #idle: Idle[] = [];
  #closed = false;

  constructor(connector: TargetConnector, limits: ProxyLimits, clock: Clock) {
    this.#connector = connector;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** An open idle connection, or null. */
  take(): TargetLink | null {
    const nowMs = this.#clock.monotonicMs();
    for (let last = this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      if (last.link.isOpen && last.untilMs > nowMs) return last.link;
      last.link.destroy();
    }
    return null;
  }

  /** A new connection. Rejects with TargetFailure. */
  async connect(signal: AbortSignal): Promise<TargetLink> {
    const socket = await this.#connector.connect(signal);
    return new TargetLink(socket, this.#limits, this.#clock, this.#forget);
  }

  /** Takes back a connection on which nothing is under way. */
  give(link: TargetLink): void {
    const promisedMs =
      link.keepAliveSecs === null ? IDLE_MS : link.keepAliveSecs * 1000 - KEEP_ALIVE_MARGIN_MS;
    const keepMs = Math.min(IDLE_MS, promisedMs);
    if (this.#closed || this.#idle.length >= MAX_IDLE || keepMs <= 0 || !link.isOpen) {
      link.destroy();
      return;
    }
    link.resume();
    this.#idle.push({ link, untilMs: this.#clock.monotonicMs() + keepMs });
  }

  /** Closes the connections that were idle for too long. */
  check(nowMs: number): void {
    const expired = this.#idle.filter(({ untilMs }) => untilMs <= nowMs);
    if (expired.length === 0) return;
    this.#idle = this.#idle.filter(({ untilMs }) => untilMs > nowMs);
    for (const { link } of expired) link.destroy();
  }

  /** Closes what is idle, and from now on whatever comes back. */
  close(): void {
    this.#closed = true;
    for (const { link } of this.#idle.splice(0)) link.destroy();
  }

  readonly #forget = (link: TargetLink): void => {
    this.#idle = this.#idle.filter((entry) => entry.link !== link);
  };
}
