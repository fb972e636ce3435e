import type { ActorContext } from '../kernel/actor.js';
import { nodePaths } from '../kernel/config/paths.js';
import { toErrorData } from '../kernel/errors.js';
import { rewriteInstance } from './instance-files.js';
import type { Instance } from './instance-files.js';
import { addressOf } from './which-points.js';

/** A repair: the files of the instance as they were at the start. Whether it helped is seen by who ordered it. */
export const restoreInstance = async (context: ActorContext<'tor'>, instance: Instance): Promise<void> => {
  const { config, crypto, log } = context;
  const directory = nodePaths(config).hiddenServiceDir;
  try {
    const masterAddress = addressOf(config.master.onion_address);
    await rewriteInstance({ directory, masterAddress, crypto, log }, instance);
  } catch (error) {
    log.error('the files of the instance could not be restored', {}, toErrorData(error, directory));
  }
};
