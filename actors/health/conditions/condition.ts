import type { ErrorData } from '../../kernel/errors.js';

/** Something that is not as it should be, and how long that may be so before it is worth a finding. */
export interface Condition {
  readonly error: ErrorData;
  readonly graceMs: number;
}

/** A condition that is a finding at once. */
export const atOnce = (error: ErrorData): Condition => ({ error, graceMs: 0 });
