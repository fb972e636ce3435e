import type { ErrorData } from '../../kernel/errors.js';

/** Something that is not as it should be, and how long that may be so before it is worth a finding. */
export interface Condition {
  readonly error: ErrorData;
  readonly graceMs: number;
  /** critical: somebody must act now, and the log says so at level error. */
  readonly weight?: 'critical';
  /** Said in the log again this often, with what is measured by then; absent: once. */
  readonly remindMs?: number;
}

/** A condition that is a finding at once. */
export const atOnce = (error: ErrorData): Condition => ({ error, graceMs: 0 });

/** The same, for which somebody must act now. */
export const critical = (error: ErrorData): Condition => ({ error, graceMs: 0, weight: 'critical' });
