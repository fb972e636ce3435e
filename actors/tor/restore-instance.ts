import type { ActorContext } from '../kernel/actor.js';
import { toErrorData } from '../kernel/errors.js';
import { differingFiles, rewriteInstance } from './instance-files.js';
import type { Instance } from './instance-files.js';
import { addressOf } from './which-points.js';

/** A repair: the files of the instance as they were at the start. Whether it helped is seen by who ordered it. */
export const restoreInstance = async (
  { config, crypto, log }: Pick<ActorContext<'tor'>, 'config' | 'crypto' | 'log'>,
  directory: string,
  instance: Instance,
): Promise<void> => {
  try {
    const masterAddress = addressOf(config.master.onion_address);
    await rewriteInstance({ directory, masterAddress, crypto, log }, instance);
  } catch (error) {
    log.error('the files of the instance could not be restored', {}, toErrorData(error, directory));
  }
};

/** A directory that may not be read (that of a system Tor) has no faults that we could see. */
export const instanceFaults = async (
  { config, crypto }: Pick<ActorContext<'tor'>, 'config' | 'crypto'>,
  directory: string,
  instance: Instance,
): Promise<readonly string[]> => {
  try {
    const masterAddress = addressOf(config.master.onion_address);
    return await differingFiles({ directory, masterAddress, crypto }, instance);
  } catch {
    return [];
  }
};
