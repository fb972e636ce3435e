import { loadConfig } from '@rustbalance/actors/kernel/config/load.js';
import { ConfigError } from '@rustbalance/actors/kernel/config/problems.js';
import { readTextFile } from '@rustbalance/actors/kernel/config/read-file.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { isAbsolute, resolve } from 'node:path';
import type { ConfigArgs } from './common-options.js';
import type { CliWorld } from './world.js';

/** A path from the command line. */
export const pathArgument = (path: string, world: CliWorld): string =>
  isAbsolute(path) ? path : resolve(world.workingDirectory, path);

/** The configuration of a command, without the secrets of files. @throws ConfigError with all that is wrong */
export const readConfig = async (args: ConfigArgs, world: CliWorld): Promise<Config> => {
  const loaded = await loadConfig(pathArgument(args.config, world), args.set, readTextFile);
  if (!loaded.ok) throw new ConfigError(loaded.problems);
  return loaded.config;
};
