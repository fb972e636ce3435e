import type { DaemonNode } from '../cluster/daemon-node.js';
import { eventually } from '../eventually.js';
import { MENDED_WITHIN_MS } from './fault.js';
import type { ChaosFault, Suffered } from './fault.js';

/** @throws Error when the node has no Tor */
export const torPidOf = async (node: DaemonNode): Promise<number> => {
  const pid = await node.torPid();
  if (pid === null) throw new Error(`${node.id} has no Tor`);
  return pid;
};

/** SIGKILL to the daemon, alone or with its Tor; its service manager starts it again. */
export const killDaemon = async (
  node: DaemonNode,
  whom: 'alone' | 'with its Tor' = 'alone',
): Promise<void> => {
  const before = node.pid;
  await (whom === 'alone' ? node.killDaemon() : node.killHard());
  await eventually(
    `${node.id} is ready again`,
    async () => node.pid !== before && (await node.status()).ready,
    { timeoutMs: MENDED_WITHIN_MS },
  );
};

/** The process of a Tor that is up; null while none is. Status may show the old Tor for a moment, inspect names the process. */
const upTor = async (node: DaemonNode): Promise<unknown> => {
  const { state, context } = await node.actor('tor');
  return state === 'online.up' ? context['pid'] : null;
};

/** Waits for a Tor that is not the one of before. */
export const untilOtherTor = (node: DaemonNode, before: number): Promise<unknown> =>
  eventually(
    `${node.id} has another Tor, which is up`,
    async () => {
      const pid = await upTor(node);
      return typeof pid === 'number' && pid !== before;
    },
    { timeoutMs: MENDED_WITHIN_MS },
  );

/** Waits until the node has this Tor again. */
export const untilTorUp = (node: DaemonNode, pid: number): Promise<unknown> =>
  eventually(`the Tor ${String(pid)} of ${node.id} is up`, async () => (await upTor(node)) === pid, {
    timeoutMs: MENDED_WITHIN_MS,
  });

const hurtTor = async (node: DaemonNode, signal: 'SIGKILL' | 'SIGSTOP'): Promise<Suffered> => {
  const pid = await torPidOf(node);
  const mendsFromMs = performance.now();
  process.kill(pid, signal);
  await untilOtherTor(node, pid);
  return { what: signal, mendsFromMs };
};

export const PROCESS_FAULTS: readonly ChaosFault[] = [
  {
    // As where Tor has a unit of its own.
    kind: 'daemon killed, not its Tor',
    suffer: async ({ node }) => {
      const mendsFromMs = performance.now();
      await killDaemon(node);
      return { what: 'SIGKILL', mendsFromMs };
    },
  },
  {
    // As systemd does by default with what is left of a unit whose daemon was killed (KillMode=mixed).
    kind: 'daemon killed, and its Tor',
    suffer: async ({ node }) => {
      const before = await torPidOf(node);
      const mendsFromMs = performance.now();
      await killDaemon(node, 'with its Tor');
      await untilOtherTor(node, before);
      return { what: 'SIGKILL', mendsFromMs };
    },
  },
  { kind: 'Tor killed', suffer: ({ node }) => hurtTor(node, 'SIGKILL') },
  // It answers nothing and closes nothing.
  { kind: 'Tor stopped', suffer: ({ node }) => hurtTor(node, 'SIGSTOP') },
];
