import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { withoutServiceManager } from '@rustbalance/actors/kernel/environment.js';
import type { CommandOrder, CommandResult } from '@rustbalance/actors/kernel/host-messages.js';

/** 200 peers of `wg show … dump` are 50 kB. */
const MOST_OUTPUT_BYTES = 1 << 20;

/** Administration tools lie in sbin, which a user's PATH may leave out. */
const COMMAND_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};

const collect = (stream: Readable): (() => string) => {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < MOST_OUTPUT_BYTES) chunks.push(chunk.subarray(0, MOST_OUTPUT_BYTES - size));
    size += chunk.length;
  });
  // A pipe that breaks is the command's end, which `close` tells.
  stream.on('error', () => undefined);
  return () => Buffer.concat(chunks).toString('utf8');
};

/** Runs a command to its end, in a process group of its own that is killed as a whole when time is up. */
export const runCommand = (order: CommandOrder, clock: Clock): Promise<CommandResult> =>
  new Promise((resolve) => {
    const child = spawn(order.command, [...order.args], {
      env: withoutServiceManager(COMMAND_ENVIRONMENT),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    let timedOut = false;
    const killGroup = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    const cancelLimit = clock.after(order.timeLimitMs, () => {
      timedOut = true;
      killGroup();
    });
    child.on('error', () => {
      if (child.pid !== undefined) return;
      cancelLimit();
      resolve({ ended: 'not-started', code: null, stdout: '', stderr: '' });
    });
    child.once('close', (code) => {
      cancelLimit();
      if (child.pid === undefined) return;
      resolve({ ended: timedOut ? 'timed-out' : 'exited', code, stdout: stdout(), stderr: stderr() });
    });
    // A command that does not read its input is no failure.
    child.stdin.on('error', () => undefined);
    child.stdin.end(order.input ?? undefined);
  });
