import type { ErrorData } from '../../kernel/errors.js';
import type { Finding } from '../messages.js';

/** What broke, what was done about it, and how long it took; times are wall clock, ms. */
export interface HistoryEntry {
  readonly error: ErrorData;
  readonly startedAtMs: number;
  /** When it was well again; null while it is not. */
  readonly endedAtMs: number | null;
  /** How often it came; a return soon after its end is the same trouble. */
  readonly times: number;
  readonly done: readonly HistoryDeed[];
  /** Deeds that are not in `done` any more. */
  readonly forgotten: number;
}

export interface HistoryDeed {
  readonly atMs: number;
  /** An action with its target, or a step of an escalation. */
  readonly what: string;
}

export type History = readonly HistoryEntry[];

/** Months of a quiet node; 200 of the longest entries are some 300 kB. */
export const MOST_ENTRIES = 200;
export const MOST_DEEDS = 20;
/** A trouble that returns within this is the same one. */
const FOLD_MS = 10 * 60_000;

const sameFinding = (a: ErrorData, b: ErrorData): boolean => a.code === b.code && a.where === b.where;

const lastOf = (history: History, error: ErrorData): number =>
  history.findLastIndex((entry) => sameFinding(entry.error, error));

/** A finding appeared. */
export const withAppeared = (history: History, { error, sinceMs }: Finding, wallMs: number): History => {
  const at = lastOf(history, error);
  const last = history[at];
  // Open still: it was so when an earlier daemon ended.
  const isSame =
    last !== undefined && (last.endedAtMs === null || Math.abs(wallMs - last.endedAtMs) < FOLD_MS);
  if (!isSame) {
    const entry = { error, startedAtMs: sinceMs, endedAtMs: null, times: 1, done: [], forgotten: 0 };
    return [...history, entry].slice(-MOST_ENTRIES);
  }
  return history.with(at, { ...last, error, endedAtMs: null, times: last.times + 1 });
};

/** A finding has gone. */
export const withCleared = (history: History, { error }: Finding, wallMs: number): History => {
  const at = lastOf(history, error);
  const last = history[at];
  return last?.endedAtMs !== null ? history : history.with(at, { ...last, endedAtMs: wallMs });
};

/** Something was done about these findings. */
export const withDeed = (
  history: History,
  errors: readonly ErrorData[],
  what: string,
  wallMs: number,
): History =>
  history.map((entry) => {
    if (entry.endedAtMs !== null || !errors.some((error) => sameFinding(error, entry.error))) return entry;
    const done = [...entry.done, { atMs: wallMs, what }];
    const surplus = Math.max(0, done.length - MOST_DEEDS);
    return { ...entry, done: done.slice(surplus), forgotten: entry.forgotten + surplus };
  });

/** Ends what an earlier daemon left open and is not found any more. */
export const withoutLeftovers = (history: History, findings: readonly Finding[], wallMs: number): History =>
  history.map((entry) =>
    entry.endedAtMs !== null || findings.some(({ error }) => sameFinding(error, entry.error))
      ? entry
      : { ...entry, endedAtMs: wallMs },
  );

/** The part that touches the time since then. */
export const since = (history: History, sinceMs: number | null): History =>
  sinceMs === null ? history : history.filter(({ endedAtMs }) => endedAtMs === null || endedAtMs >= sinceMs);
