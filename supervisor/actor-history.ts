import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import type { Report } from './effects.js';

/** One end of an incarnation, for `rbctl inspect`. */
export interface PastLife {
  readonly generation: number;
  readonly endedAtMs: number;
  readonly uptimeMs: number | null;
  readonly error: ErrorData | null;
}

/** Ends kept for each actor: enough to see a pattern. */
const KEPT = 10;

/** Remembers why actors ended; the reducer itself forgets what it does not decide by. */
export class ActorHistory {
  readonly #lives = new Map<string, readonly PastLife[]>();

  note(report: Report, wallMs: number): void {
    const { kind, child, generation, uptimeMs, error } = report;
    if (child === null || generation === null) return;
    if (kind !== 'child_terminated' && kind !== 'start_error') return;
    const past = { generation, endedAtMs: wallMs, uptimeMs, error };
    this.#lives.set(child, [...this.of(child), past].slice(-KEPT));
  }

  /** The newest last. */
  of(name: ActorName | string): readonly PastLife[] {
    return this.#lives.get(name) ?? [];
  }
}
