import { readFile } from 'node:fs/promises';

/** A revision counter as Tor chose it (C Tor's set_descriptor_revision_counter), in Tor's own words. */
export interface ChosenCounter {
  readonly timePeriod: number;
  /** Unix seconds: the start of the shared-random run that it counts from, and Tor's present. */
  readonly runStart: number;
  readonly now: number;
  readonly which: 'current' | 'next';
  /** What was encrypted, and what came out. */
  readonly n: number;
  readonly counter: bigint;
}

const PAIR =
  /Setting rev counter for TP #(\d+): SRV started at (\d+), now (\d+) \((current|next)\)\n.*Encrypted revision counter (\d+) to (\d+)\n/g;

/** The torrc line that makes Tor write these words, and nothing of other parts. */
export const counterLogLine = (path: string): string => `Log [rend]info file ${path}`;

/** Every counter of one Tor's services so far, in order. */
export const chosenCounters = async (path: string): Promise<ChosenCounter[]> => {
  const text = await readFile(path, 'utf8');
  return [...text.matchAll(PAIR)].map(([, period, runStart, now, which, n, counter]) => ({
    timePeriod: Number(period),
    runStart: Number(runStart),
    now: Number(now),
    which: which === 'next' ? 'next' : 'current',
    n: Number(n),
    counter: BigInt(counter ?? 0),
  }));
};
