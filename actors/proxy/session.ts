import type { Clock } from '../kernel/clock.js';
import type { ProxyLimits } from './limits.js';
import type { TargetSet } from './target/target-set.js';
import type { Traffic } from './traffic.js';

/** One client connection, as the listener keeps account of it. */
export interface Session {
  /** Ends the session if a time-out has come. */
  check(nowMs: number): void;
  /** The proxy takes leave: end now if idle, else with what is in flight. */
  drain(): void;
  /** The node leaves the service: whatever has been still for so long, or ends, is not waited for any longer. */
  retire(stillMs: number): void;
  destroy(): void;
}

/** What every session is given. */
export interface SessionServices {
  readonly clock: Clock;
  readonly limits: ProxyLimits;
  readonly traffic: Traffic;
  readonly targets: TargetSet;
  /** Whether each connection shall end with the request that is under way on it. */
  isLeaving(): boolean;
  /** A session has ended and holds nothing any more. */
  closed(session: Session): void;
}
