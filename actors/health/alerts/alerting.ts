import type { ErrorData } from '../../kernel/errors.js';
import { earlier } from '../../kernel/level-trigger.js';
import type { Finding } from '../messages.js';

/** What somebody is told: a problem, or that it is over. Times of the engine are monotonic, ms. */
export interface Alert {
  readonly event: 'problem' | 'resolved';
  readonly error: ErrorData;
  /** Wall clock, ms. */
  readonly sinceMs: number;
  /** How often the same came and went meanwhile without an alert of its own. */
  readonly folded: number;
  /** Alerts about other things that were left out, since there were too many. */
  readonly suppressed: number;
}

export interface AlertSettings {
  /** A finding that is not critical must last for this. */
  readonly afterMs: number;
  /** The same finding is told again after this at the earliest. */
  readonly repeatMs: number;
}

interface Entry {
  readonly finding: Finding;
  /** When it came this time; null while it is away. */
  readonly cameMs: number | null;
  /** When it went; null while it is there. */
  readonly wentMs: number | null;
  /** When a problem was told last; null: never. */
  readonly toldMs: number | null;
  /** A problem was told whose end was not. */
  readonly open: boolean;
  readonly folded: number;
}

export interface AlertState {
  readonly entries: ReadonlyMap<string, Entry>;
  /** When the last alerts were made. */
  readonly made: readonly number[];
  readonly suppressed: number;
}

export const NO_ALERTS: AlertState = { entries: new Map(), made: [], suppressed: 0 };

/** A person who is told more than this reads none of it. */
export const MOST_ALERTS = 10;
export const MOST_PERIOD_MS = 600_000;
/** Kinds of findings that are remembered, the oldest going first: a node has some fifty. */
const MOST_ENTRIES = 200;

const keyOf = ({ error }: Finding): string => `${error.code} ${error.where}`;

const NEW = { cameMs: null, wentMs: null, toldMs: null, open: false, folded: 0 };

const atOf = (entry: Entry, { afterMs, repeatMs }: AlertSettings): number =>
  Math.max(
    (entry.cameMs ?? 0) + (entry.finding.critical ? 0 : afterMs),
    entry.toldMs === null ? -Infinity : entry.toldMs + repeatMs,
  );

/** Tells of findings that last, once each, and of their end; what flaps is folded into one alert. */
export const alertTurn = (
  state: AlertState,
  findings: readonly Finding[],
  nowMs: number,
  settings: AlertSettings,
): { readonly state: AlertState; readonly alerts: readonly Alert[]; readonly wakeAtMs: number | null } => {
  const { afterMs, repeatMs } = settings;
  let made = state.made.filter((atMs) => nowMs - atMs < MOST_PERIOD_MS);
  let { suppressed } = state;
  let wakeAtMs: number | null = null;
  const alerts: Alert[] = [];
  const entries = new Map<string, Entry>();

  const tell = (event: Alert['event'], { finding, folded }: Entry): boolean => {
    // The end of what was told is told in any case.
    if (event === 'problem' && made.length >= MOST_ALERTS) {
      suppressed++;
      return false;
    }
    alerts.push({ event, error: finding.error, sinceMs: finding.sinceMs, folded, suppressed });
    suppressed = 0;
    if (event === 'problem') made = [...made, nowMs];
    return true;
  };

  const present = new Map(findings.map((finding) => [keyOf(finding), finding]));
  for (const [key, entry] of state.entries) {
    if (present.has(key)) continue;
    const gone: Entry = { ...entry, cameMs: null, wentMs: entry.wentMs ?? nowMs };
    const calmAtMs = (gone.wentMs ?? nowMs) + afterMs;
    if (gone.open && nowMs >= calmAtMs) {
      tell('resolved', gone);
      entries.set(key, { ...gone, open: false, folded: 0 });
      continue;
    }
    if (gone.open) wakeAtMs = earlier(wakeAtMs, calmAtMs);
    // Nobody was told, or the time in which it would be the same is over.
    else if (gone.toldMs === null || nowMs - gone.toldMs >= repeatMs) continue;
    entries.set(key, gone);
  }
  for (const [key, finding] of present) {
    const known = state.entries.get(key) ?? { ...NEW, finding };
    const isBack = known.wentMs !== null && known.toldMs !== null;
    const entry: Entry = {
      ...known,
      finding,
      cameMs: known.cameMs ?? nowMs,
      wentMs: null,
      folded: known.folded + (isBack ? 1 : 0),
    };
    const dueMs = atOf(entry, settings);
    if (entry.open || nowMs < dueMs) {
      entries.set(key, entry);
      if (!entry.open) wakeAtMs = earlier(wakeAtMs, dueMs);
      continue;
    }
    // What was left out counts as told: it comes again after the same time as anything.
    const isTold = tell('problem', entry);
    entries.set(key, { ...entry, toldMs: nowMs, open: isTold, folded: isTold ? 0 : entry.folded });
    wakeAtMs = earlier(wakeAtMs, isTold ? null : nowMs + repeatMs);
  }
  const kept = [...entries].slice(-MOST_ENTRIES);
  return { state: { entries: new Map(kept), made, suppressed }, alerts, wakeAtMs };
};
