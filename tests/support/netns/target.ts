import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { within } from '../eventually.js';
import type { Namespace } from './namespace.js';

const PROGRAM = fileURLToPath(import.meta.resolve('@rustbalance/tests/support/netns/target-program.js'));
const START_WITHIN_MS = 20_000;

/** An operator's service in a namespace. */
export interface NamespaceTarget {
  /** As it is reached in there. */
  readonly url: string;
  end(): Promise<void>;
}

/** @param name what it tells of itself in every answer */
export const startTarget = async (namespace: Namespace, name: string): Promise<NamespaceTarget> => {
  const [command = '', ...enter] = namespace.before;
  const child = spawn(command, [...enter, process.execPath, PROGRAM, name], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await within(START_WITHIN_MS, `the target of ${name}`, once(child.stdout, 'data'));
  return {
    url: String(line).trim(),
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
};
