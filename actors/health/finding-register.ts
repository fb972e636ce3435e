import type { Condition } from './conditions/condition.js';
import type { Finding } from './messages.js';

interface Entry {
  readonly condition: Condition;
  readonly sinceMs: number;
  readonly sinceMonotonicMs: number;
  readonly found: boolean;
  /** When the log was last told, monotonic. */
  readonly toldMs: number;
}

export interface Review {
  readonly findings: readonly Finding[];
  readonly appeared: readonly Finding[];
  /** Among the findings, those whose time it is to be said again. */
  readonly lasting: readonly Finding[];
  readonly cleared: readonly Finding[];
  /** When a condition that holds now becomes a finding; null when none is waiting. */
  readonly wakeAtMs: number | null;
}

const keyOf = ({ error }: Condition): string => `${error.code} ${error.where}`;

const findingOf = ({ condition, sinceMs }: Entry): Finding => ({
  error: condition.error,
  sinceMs,
  critical: condition.weight === 'critical',
});

/** Remembers since when each condition holds, and tells which have held long enough to be findings. */
export class FindingRegister {
  #entries = new Map<string, Entry>();

  review(conditions: readonly Condition[], monotonicMs: number, wallMs: number): Review {
    const entries = new Map<string, Entry>();
    const appeared: Finding[] = [];
    const lasting: Finding[] = [];
    let wakeAtMs: number | null = null;
    for (const condition of conditions) {
      const known = this.#entries.get(keyOf(condition));
      const sinceMonotonicMs = known?.sinceMonotonicMs ?? monotonicMs;
      const foundAtMs = sinceMonotonicMs + condition.graceMs;
      const found = monotonicMs >= foundAtMs;
      const isNew = found && known?.found !== true;
      const { remindMs } = condition;
      const isAgain =
        found && !isNew && remindMs !== undefined && monotonicMs - (known?.toldMs ?? 0) >= remindMs;
      const entry: Entry = {
        condition,
        sinceMs: known?.sinceMs ?? wallMs,
        sinceMonotonicMs,
        found,
        toldMs: isNew || isAgain ? monotonicMs : (known?.toldMs ?? monotonicMs),
      };
      entries.set(keyOf(condition), entry);
      if (isNew) appeared.push(findingOf(entry));
      if (isAgain) lasting.push(findingOf(entry));
      if (!found) wakeAtMs = Math.min(wakeAtMs ?? foundAtMs, foundAtMs);
    }
    const cleared = [...this.#entries].flatMap(([key, entry]) =>
      entry.found && !entries.has(key) ? [findingOf(entry)] : [],
    );
    this.#entries = entries;
    const findings = [...entries.values()].filter(({ found }) => found).map(findingOf);
    return { findings, appeared, lasting, cleared, wakeAtMs };
  }
}
