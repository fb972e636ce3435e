import type { ErrorData } from '../kernel/errors.js';
import { fact } from '../kernel/message-declaration.js';

export interface Finding {
  readonly error: ErrorData;
  readonly sinceMs: number;
}

export interface HealthStatus {
  readonly target: {
    readonly healthy: boolean;
    readonly checkedAtMs: number | null;
    readonly failures: number;
  };
  /** False while nothing may be signed: the clock disagrees grossly with the consensus. */
  readonly clockSane: boolean;
  readonly findings: readonly Finding[];
}

export const healthMessages = {
  'health.status': fact<HealthStatus>(),
} as const;
