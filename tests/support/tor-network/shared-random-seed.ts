import { createHash } from 'node:crypto';

const ROUNDS_IN_A_RUN = 24;

const isoTime = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');

const valueFor = (network: string, run: number): string =>
  createHash('sha3-256')
    .update(`private network ${network} run ${String(run)}`)
    .digest('base64');

/**
 * The shared random state (`sr-state`, srv-spec §3.4.1) of an authority that has taken part in earlier runs: with
 * the same file on every authority, the first consensus carries both values.
 *
 * @param nowSecs Unix time of the start; the state is that of the run in progress
 * @param network any string that makes this network's values its own
 */
export const sharedRandomState = (nowSecs: number, votingIntervalSecs: number, network: string): string => {
  const run = Math.floor(nowSecs / (votingIntervalSecs * ROUNDS_IN_A_RUN));
  const runStart = run * votingIntervalSecs * ROUNDS_IN_A_RUN;
  const roundStart = Math.floor(nowSecs / votingIntervalSecs) * votingIntervalSecs;
  return [
    'Version 1',
    `ValidAfter ${isoTime(roundStart)}`,
    `ValidUntil ${isoTime(runStart + votingIntervalSecs * ROUNDS_IN_A_RUN)}`,
    `SharedRandPreviousValue 3 ${valueFor(network, run - 1)}`,
    `SharedRandCurrentValue 3 ${valueFor(network, run)}`,
    '',
  ].join('\n');
};
