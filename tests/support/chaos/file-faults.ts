import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { DaemonNode } from '../cluster/daemon-node.js';
import { eventually } from '../eventually.js';
import { MENDED_WITHIN_MS, pick } from './fault.js';
import type { ChaosFault } from './fault.js';
import { restartTimeMs } from './kill-actor.js';
import { killDaemon, torPidOf, untilOtherTor, untilTorUp } from './process-faults.js';

const WAYS = ['deleted', 'truncated', 'overwritten'] as const;

/** Damages a file, which keeps its mode. @returns in words */
const damage = async (path: string, random: Random): Promise<string> => {
  const way = pick(random, WAYS);
  const before = await readFile(path);
  if (way === 'deleted') await rm(path);
  else if (way === 'truncated') await writeFile(path, before.subarray(0, before.length / 2));
  else await writeFile(path, random.bytes(before.length));
  return `${basename(path)} ${way}`;
};

const etc = (node: DaemonNode, name: string): string => join(node.options.dir, 'etc', name);

/** Files that the daemon holds in memory and writes again. */
const keyFilesOf = (node: DaemonNode): readonly string[] => [
  node.identity.master_key_path,
  etc(node, 'node.key'),
  etc(node, 'cluster.token'),
  ...['hs_ed25519_secret_key', 'hs_ed25519_public_key', 'hostname', 'ob_config'].map((name) =>
    join(node.stateDir, 'tor', 'instance', name),
  ),
];

/** What an actor keeps over its restarts, and reads at its start alone. */
const STATE_FILES: readonly (readonly [string, ActorName])[] = [
  ['state.json', 'publisher'],
  ['history.json', 'health'],
  ['members.json', 'election'],
];

const PID_FILE = 'tor.pid';

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

export const FILE_FAULTS: readonly ChaosFault[] = [
  {
    kind: 'key file damaged',
    suffer: async ({ node, random }) => {
      const path = pick(random, keyFilesOf(node));
      const before = await readFile(path);
      const { mode } = await stat(path);
      const mendsFromMs = performance.now();
      const what = await damage(path, random);
      await eventually(
        `${what} of ${node.id} is mended`,
        async () => before.equals(await readFile(path)) && (await stat(path)).mode === mode,
        { timeoutMs: MENDED_WITHIN_MS },
      );
      return { what, mendsFromMs };
    },
  },
  {
    kind: 'state file damaged, its actor killed',
    suffer: async ({ node, random }) => {
      const [name, actor] = pick(random, STATE_FILES);
      const path = join(node.stateDir, name);
      const mendsFromMs = performance.now();
      // Before anything has happened there is no history; a configured cluster has no records.
      const what = (await exists(path)) ? await damage(path, random) : `no ${name} yet`;
      await restartTimeMs(node, actor, 'exit');
      return { what, mendsFromMs };
    },
  },
  {
    kind: "one of Tor's files damaged, its reader killed",
    suffer: async ({ node, random }) => {
      const dir = join(node.stateDir, 'tor');
      const files = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isFile());
      // What Tor is just writing is gone a moment later, under the name of the file that it replaces.
      const names = files.map(({ name }) => name).filter((one) => !one.endsWith('.tmp'));
      const name = pick(random, names.sort());
      const pid = await torPidOf(node);
      const mendsFromMs = performance.now();
      const what = await damage(join(dir, name), random);
      // Tor writes it, and it is the daemon that reads it: to find the Tor that outlived another daemon.
      if (name === PID_FILE) {
        await killDaemon(node);
        // It is found among the processes, and gone on with.
        await untilTorUp(node, pid);
      } else {
        process.kill(pid, 'SIGKILL');
        await untilOtherTor(node, pid);
      }
      return { what, mendsFromMs };
    },
  },
  {
    kind: 'configuration damaged, SIGHUP',
    suffer: async ({ node, random }) => {
      const path = node.identity.config_path;
      const before = await readFile(path);
      const said = new Set<string>();
      node.onLine((line) => {
        if (line.includes('reload.refused')) said.add('refused');
        if (line.includes('the configuration was read again')) said.add('read');
      });
      const what = await damage(path, random);
      node.reload();
      await eventually('it is refused', () => said.has('refused'), { timeoutMs: MENDED_WITHIN_MS });
      const mendsFromMs = performance.now();
      await writeFile(path, before, { mode: 0o600 });
      node.reload();
      await eventually('it is taken', () => said.has('read'), { timeoutMs: MENDED_WITHIN_MS });
      return { what, mendsFromMs };
    },
  },
];
