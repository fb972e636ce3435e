/**
 * Can Tor build circuits? A run of failures without one that succeeds between them says that it cannot, though it
 * answers on its control port and its old introduction circuits look alive. Clients that are sent there hang: the service
 * takes their introduction and cannot reach the rendezvous point.
 */
export interface CircuitRun {
  /** Circuits that failed since the last one that was built. */
  readonly failures: number;
  /** Monotonic ms of the first of them; null while there is none. */
  readonly sinceMs: number | null;
}

export const NO_FAILURES: CircuitRun = { failures: 0, sinceMs: null };

/**
 * A service at rest builds no circuit for minutes, so silence says nothing; only failures do. A dead relay or two fail a
 * handful within seconds while others succeed. Fewer or sooner takes a busy machine for a stuck Tor, whose repair
 * drops every circuit; later leaves clients hanging longer.
 */
const STUCK_FAILURES = 10;
const STUCK_FOR_MS = 30_000;

/** @param status of a CIRC event (control-spec §4.1.1): FAILED is a circuit that was never built, CLOSED one that was */
export const afterCircuit = (run: CircuitRun, status: string, nowMs: number): CircuitRun => {
  if (status === 'BUILT') return NO_FAILURES;
  if (status !== 'FAILED') return run;
  return { failures: run.failures + 1, sinceMs: run.sinceMs ?? nowMs };
};

/** When this run means that circuits are stuck (monotonic ms, possibly past); null while it does not. */
export const stuckAtMs = ({ failures, sinceMs }: CircuitRun): number | null =>
  sinceMs === null || failures < STUCK_FAILURES ? null : sinceMs + STUCK_FOR_MS;
