import type { StopReason } from '@rustbalance/actors/kernel/envelope.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import type { ExitCode } from './exit-codes.js';

interface OfIncarnation {
  readonly id: string;
  readonly generation: number;
}

/** OTP's reports, and nothing else: what happened to the tree, at fixed points. */
export type ReportKind =
  | 'progress'
  | 'child_terminated'
  | 'start_error'
  | 'shutdown_error'
  | 'shutdown'
  | 'reached_max_restart_intensity';

export interface Report {
  readonly kind: ReportKind;
  /** Null when it is about the whole tree. */
  readonly child: string | null;
  readonly generation: number | null;
  /** Since its handshake; null when it was not up. */
  readonly uptimeMs: number | null;
  /** Restarts of its group that still count. */
  readonly restartsInPeriod: number;
  readonly error: ErrorData | null;
}

export type Effect =
  /** Make a thread and let it load its code. */
  | ({ readonly kind: 'load' } & OfIncarnation)
  /** Tell a loaded thread to start. */
  | ({ readonly kind: 'begin' } & OfIncarnation)
  | ({
      readonly kind: 'ask-stop';
      readonly deadlineMs: number;
      readonly reason: StopReason;
    } & OfIncarnation)
  | ({ readonly kind: 'terminate' } & OfIncarnation)
  | ({ readonly kind: 'ping' } & OfIncarnation)
  | { readonly kind: 'report'; readonly report: Report }
  /** Every child has shaken hands for the first time. */
  | { readonly kind: 'all-ready' }
  /** The tree has ended. Forced: threads may live still, and only the end of the process ends them. */
  | { readonly kind: 'end'; readonly code: ExitCode; readonly forced: boolean };
