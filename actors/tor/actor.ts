import { mkdir } from 'node:fs/promises';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { nodePaths } from '../kernel/config/paths.js';
import { rbError } from '../kernel/errors.js';
import { Coordination } from './coordination-service.js';
import { prepareInstance } from './instance-files.js';
import { NodeTors } from './node-tors.js';
import { addressOf } from './which-points.js';

/**
 * Directories of ours in which Tor's own lie; made at the first start. A HiddenServiceDir that the operator chose must
 * have its parent already: a mistyped path shall not become a directory.
 */
const prepareStateDirectories = async ({ config }: ActorContext<'tor'>): Promise<void> => {
  const { torDataDir } = nodePaths(config);
  const managed = config.tor.mode === 'managed';
  const wanted = [
    ...(managed || config.node.hidden_service_dir === '' ? [config.node.state_dir, torDataDir] : []),
    ...(managed ? [config.node.run_dir] : []),
  ];
  try {
    for (const directory of wanted) await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw rbError('tor.instance-files', config.node.state_dir, { reason }, error);
  }
};

const start = async (context: ActorContext<'tor'>): Promise<RunningActor<'tor'>> => {
  const { config, log } = context;
  await prepareStateDirectories(context);
  const instance = await prepareInstance({
    directory: nodePaths(config).hiddenServiceDir,
    masterAddress: addressOf(config.master.onion_address),
    crypto: context.crypto,
    random: context.random,
    log,
  });
  return new NodeTors(context, instance, await Coordination.make(context)).run();
};

export const torActor: ActorDefinition<'tor'> = { name: 'tor', start };
