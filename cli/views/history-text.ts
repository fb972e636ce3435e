import type { HistoryAnswer } from '@rustbalance/supervisor/control-protocol.js';
import { durationText } from './format.js';

type Entry = HistoryAnswer['entries'][number];

const secondsText = (iso: string): string => iso.replace(/\.\d+Z$/, 'Z');

const headline = ({ error, started_at: started, ended_at: ended, took_secs: took, times }: Entry): string => {
  const often = times === 1 ? '' : `, ${String(times)} times`;
  const until =
    ended === null ? `not well yet, since ${durationText(took)}` : `well after ${durationText(took)}`;
  return `${secondsText(started)}  ${error.where}: ${error.what} [${error.code}]; ${until}${often}`;
};

/** `rbctl history` for people, the newest last. */
export const historyText = ({ entries }: HistoryAnswer): string =>
  entries.length === 0
    ? 'Nothing broke.\n'
    : entries
        .flatMap((entry) => [
          headline(entry),
          ...entry.done.map(({ at, what }) => `  ${secondsText(at)}  ${what}`),
        ])
        .map((line) => `${line}\n`)
        .join('');
