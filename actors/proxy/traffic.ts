import type { TargetFailure } from './target/target-failure.js';

/** What has gone through the proxy since it started; counted where it happens, read once a second. */
export class Traffic {
  connectionsTotal = 0;
  /** Connections closed at once because max_connections were open. */
  connectionsRefused = 0;
  requestsTotal = 0;
  /** Malformed requests. */
  requestsRefused = 0;
  targetErrorsTotal = 0;
  /** Requests and raw connections that went to another target after one had failed. */
  retriesTotal = 0;
  /** Those that were refused because no target was well. */
  unavailableTotal = 0;
  /** Bytes from clients. */
  bytesIn = 0;
  /** Bytes to clients. */
  bytesOut = 0;
  lastFailure: TargetFailure | null = null;
  /** Answers of the target so far: tells a target that works again from one that nobody asks. */
  targetAnswers = 0;

  targetFailed(failure: TargetFailure): void {
    this.targetErrorsTotal++;
    this.lastFailure = failure;
  }
}
