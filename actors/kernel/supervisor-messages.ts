import { request } from './message-declaration.js';
import type { ActorName } from './messages.js';

export const supervisorMessages = {
  /** Ends an actor and starts it again, by the rules and the budget of any failure. False: it is not up now anyway. */
  'supervisor.restart-actor': request<
    { readonly actor: ActorName; readonly reason: string },
    { readonly restarted: boolean }
  >(),
  /** Deadline (wall clock, ms) of the drain that the last ElectionActor was at when it ended; null: it did not drain. */
  'supervisor.drain-under-way': request<
    Readonly<Record<string, never>>,
    { readonly untilMs: number | null }
  >(),
  /** Whether the last HealthActor knew that a time service had kept the clock since the daemon's start (health.status). */
  'supervisor.time-vouched': request<Readonly<Record<string, never>>, { readonly vouched: boolean }>(),
  /** Stops everything in order and ends with the code that tells the service manager to start afresh. */
  'supervisor.give-up': request<{ readonly reason: string }, { readonly ending: true }>(),
} as const;
