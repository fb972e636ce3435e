import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { VanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A duration in the one unit that says enough. */
export const roughly = (seconds: number): string => {
  const units: readonly (readonly [number, string])[] = [
    [YEAR, 'years'],
    [DAY, 'days'],
    [HOUR, 'hours'],
    [MINUTE, 'minutes'],
    [1, 'seconds'],
  ];
  const [length, name] = units.find(([unit]) => seconds >= 2 * unit) ?? [1, 'seconds'];
  const count = Math.max(1, Math.round(seconds / length));
  return `${String(count)} ${count === 1 ? name.replace(/s$/, '') : name}`;
};

const thousands = (count: number): string =>
  count < 1e6 ? `${String(Math.round(count / 1e3))}k` : `${(count / 1e6).toFixed(1)}M`;

/**
 * How the search goes. It has no memory: after any number of keys, one in `rarity` is still as far away as at the
 * start, and half of all searches take less than 0.7 times that.
 */
export const progressLine = (prefix: VanityPrefix, keys: number, seconds: number): string => {
  const rate = keys / Math.max(seconds, 1e-3);
  const expected = prefix.rarity / Math.max(rate, 1);
  return [
    `Searching ${prefix.text}…`,
    `${thousands(rate)} keys/s`,
    `${thousands(keys)} keys in ${roughly(seconds)}`,
    `${roughly(expected)} expected from now on, whatever has passed`,
  ].join(', ');
};

export interface ProgressOutput {
  /** A terminal's line is drawn again in place; else a line is written seldom. */
  readonly isTerminal: boolean;
  readonly clock: Clock;
  write(text: string): void;
}

const REDRAW_MS = 500;
const LINE_MS = 30_000;
const CLEAR_LINE = '\r\u001b[K';

/** Draws progress as keys are reported; `end` leaves a clean line. */
export const startProgress = (
  prefix: VanityPrefix,
  { isTerminal, clock, write }: ProgressOutput,
): { readonly keys: (total: number) => void; readonly end: () => void } => {
  const every = isTerminal ? REDRAW_MS : LINE_MS;
  // Counted from the first report: the threads' start would make the rate look small.
  let first: { readonly at: number; readonly keys: number } | null = null;
  let last = 0;
  let drawn = false;
  return {
    keys: (total) => {
      const now = clock.monotonicMs();
      if (first === null) {
        first = { at: now, keys: total };
        last = now;
      }
      if (now - last < every) return;
      last = now;
      drawn = true;
      const line = progressLine(prefix, total - first.keys, (now - first.at) / 1000);
      write(isTerminal ? `${CLEAR_LINE}${line}` : `${line}\n`);
    },
    end: () => {
      if (isTerminal && drawn) write(CLEAR_LINE);
    },
  };
};
