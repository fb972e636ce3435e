import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface WrkResult {
  readonly requestsPerSecond: number;
  /** Responses that were no 2xx or 3xx, and broken connections; must be 0 for the figure to mean anything. */
  readonly failures: number;
}

/** Reads what wrk prints. @throws Error when it holds no rate */
export const readWrk = (output: string): WrkResult => {
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(output)?.[1];
  if (rate === undefined) throw new Error(`wrk gave no rate: ${output.slice(0, 300)}`);
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? '0';
  const [, ...broken] =
    /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output) ?? [];
  return {
    requestsPerSecond: Number(rate),
    failures: [failed, ...broken].reduce((sum, count) => sum + Number(count), 0),
  };
};

/** One run of Debian's wrk: one thread, keep-alive connections. */
export const runWrk = async (url: string, connections: number, seconds: number): Promise<WrkResult> => {
  const args = ['-t1', `-c${String(connections)}`, `-d${String(seconds)}s`, url];
  const { stdout } = await promisify(execFile)('wrk', args);
  return readWrk(stdout);
};
