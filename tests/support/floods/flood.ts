import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { floodReport } from './flood-order.js';
import type { FloodOrder, FloodReport } from './flood-order.js';

const PROGRAM = fileURLToPath(import.meta.resolve('@rustbalance/tests/support/floods/flood-program.js'));

/** A process that floods. */
export interface Flood {
  /** Settles when all is sent, or after stop(). */
  readonly ended: Promise<FloodReport>;
  isRunning(): boolean;
  stop(): Promise<FloodReport>;
}

export interface FloodOptions {
  readonly kind: FloodOrder['kind'];
  readonly port: number;
  readonly pile: readonly Uint8Array[];
  readonly from?: number;
  /** Left out: until it is stopped. */
  readonly count?: number;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

export const startFlood = ({ kind, port, pile, from, count }: FloodOptions): Flood => {
  const order: FloodOrder = {
    kind,
    port,
    from: from ?? null,
    pile: pile.map(base64),
    count: count ?? null,
  };
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(order)}\n`);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'close').then(([code]: unknown[]) => {
    if (code !== 0) throw new Error(`the flooding process ended with ${String(code)}`);
    return floodReport.parse(JSON.parse(text));
  });
  return {
    ended,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    stop: () => {
      child.stdin.end();
      return ended;
    },
  };
};
