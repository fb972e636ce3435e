import { loadConfig } from '@rustbalance/actors/kernel/config/load.js';
import { PENDING_JOIN_FILE } from '@rustbalance/actors/kernel/config/paths.js';
import { ConfigError } from '@rustbalance/actors/kernel/config/problems.js';
import { readTextFile } from '@rustbalance/actors/kernel/config/read-file.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { readPendingJoin } from '@rustbalance/actors/election/join/pending-join-file.js';
import { progressText } from '@rustbalance/actors/election/join/attempts.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import type { ConfigArgs } from './common-options.js';
import type { CliWorld } from './world.js';

/** A path from the command line. */
export const pathArgument = (path: string, world: CliWorld): string =>
  isAbsolute(path) ? path : resolve(world.workingDirectory, path);

/** A node that has no configuration yet because its join is not done. @throws RbError join.pending */
const refusePending = async (configPath: string): Promise<void> => {
  const file = join(dirname(configPath), PENDING_JOIN_FILE);
  const reading = await readPendingJoin(file);
  if (reading.kind !== 'pending') return;
  const { progress } = reading.pending;
  throw rbError('join.pending', file, {
    progress:
      progress === null
        ? 'nobody was asked so far'
        : `${progressText(progress.attempts, progress.member, progress.problem)} at ${new Date(progress.atSecs * 1000).toISOString()}`,
  });
};

/** The configuration of a command, without the secrets of files. @throws ConfigError with all that is wrong; RbError join.pending */
export const readConfig = async (args: ConfigArgs, world: CliWorld): Promise<Config> => {
  const path = pathArgument(args.config, world);
  const loaded = await loadConfig(path, args.set, readTextFile);
  if (!loaded.ok) {
    if (loaded.problems.some(({ code }) => code === 'config.unreadable')) await refusePending(path);
    throw new ConfigError(loaded.problems);
  }
  return loaded.config;
};
