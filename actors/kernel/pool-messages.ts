import { request } from './message-declaration.js';

/** A job for the piscina pool; ActorContext.crypto gives it the types of crypto-worker/tasks.ts. */
export interface PoolJob {
  readonly task: string;
  readonly input: unknown;
}

export const poolMessages = {
  'pool.run': request<PoolJob, unknown>(),
} as const;
