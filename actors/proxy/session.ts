import type { Clock } from '../kernel/clock.js';
import type { ProxyLimits } from './limits.js';
import type { TargetConnector } from './target/target-connector.js';
import type { Traffic } from './traffic.js';

/** One client connection, as the listener keeps account of it. */
export interface Session {
  /** Ends the session if a time-out has come. */
  check(nowMs: number): void;
  /** Finish what is in flight, begin nothing new. */
  drain(): void;
  destroy(): void;
}

/** What every session is given. */
export interface SessionServices {
  readonly clock: Clock;
  readonly limits: ProxyLimits;
  readonly traffic: Traffic;
  readonly connector: TargetConnector;
  /** A session has ended and holds nothing any more. */
  closed(session: Session): void;
}
