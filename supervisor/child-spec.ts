import type { BackoffSpec } from './backoff.js';

/**
 * permanent: always started again. transient: only when it ended abnormally (a one-shot job says that it is done,
 * then exits with 0). temporary: never, not even as collateral of a sibling.
 */
export type RestartType = 'permanent' | 'transient' | 'temporary';

/**
 * one_for_one: only the child that died is started again. rest_for_one: the children after it are stopped in
 * reverse, then it and they are started in order.
 */
export type Strategy = 'one_for_one' | 'rest_for_one';

export interface ChildSpec {
  readonly id: string;
  readonly restart: RestartType;
  /** From being told to begin to the ready handshake. */
  readonly startTimeoutMs: number;
  /** From being asked to stop to being ended. */
  readonly shutdownMs: number;
  /** From being ended to the end of the whole process: a thread in a native call does not end when told to. */
  readonly killMs: number;
}

export interface GroupSpec {
  readonly id: string;
  readonly strategy: Strategy;
  /** So many restarts within the period are borne; one more ends everything. */
  readonly intensity: number;
  readonly periodMs: number;
  readonly backoff: BackoffSpec;
  /** A life at least this long ends the back-off: the next restart has no delay again. */
  readonly minUptimeMs: number;
  readonly children: readonly ChildSpec[];
}

export interface SupervisorSpec {
  /** Started in this order, stopped in reverse. */
  readonly groups: readonly GroupSpec[];
  /**
   * At the first start so many children have the cores to themselves and start at once, none of them needing another; the
   * others load their code when these are up.
   */
  readonly foremost: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}
