import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { withoutServiceManager } from '@rustbalance/actors/kernel/environment.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import type { ChildOrder, ChildState } from '@rustbalance/actors/kernel/host-messages.js';
import { lineCutter } from './output-lines.js';

/** Kept of a child's output, for error reports. */
const LINES_KEPT = 20;
const LONGEST_LINE = 300;

/** One OS process and the latest that is known of it. */
export interface HostedChild {
  state(): ChildState;
  running(): boolean;
  /** False when it has ended already. */
  signal(signal: NodeJS.Signals): boolean;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
}

/**
 * Starts a process in a session of its own, so that Ctrl-C reaches the daemon only, which then ends its children
 * in its own order. Resolves when the program runs.
 *
 * @throws RbError `host.spawn-failed`
 */
export const startChild = (order: ChildOrder, wallMs: () => number): Promise<HostedChild> => {
  const lines: string[] = [];
  let exited: ChildState['exited'] = null;
  const child = spawn(order.command, [...order.args], {
    env: withoutServiceManager(order.env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...(order.cwd === null ? {} : { cwd: order.cwd }),
  });
  const startedAtMs = wallMs();
  collectLines(child, lines);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      exited = { code, signal, atMs: wallMs() };
      resolve();
    });
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      // After the start it only says that a signal could not be delivered, which the caller of kill() learns.
      const reason = error.code ?? error.message;
      reject(rbError('host.spawn-failed', order.id, { command: order.command, reason }));
    });
    child.once('spawn', () => {
      const pid = child.pid ?? 0;
      resolve({
        state: () => ({ id: order.id, pid, startedAtMs, exited, lastLines: [...lines] }),
        running: () => exited === null,
        signal: (signal) => exited === null && child.kill(signal),
        ended,
      });
    });
  });
};

const collectLines = (child: ChildProcess, lines: string[]): void => {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    const cutter = lineCutter(LONGEST_LINE);
    const keep = (line: string): void => {
      lines.push(line);
      if (lines.length > LINES_KEPT) lines.shift();
    };
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      cutter.push(chunk).forEach(keep);
    });
    stream.once('end', () => {
      const rest = cutter.rest();
      if (rest !== null) keep(rest);
    });
    // A pipe that breaks is the child's end, which `exit` tells.
    stream.on('error', () => undefined);
  }
};
