import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { nodePaths } from '../kernel/config/paths.js';
import { rbError, toErrorData } from '../kernel/errors.js';
import { Coordination } from './coordination-service.js';
import { prepareInstance, type Instance } from './instance-files.js';
import { endLeftoverTor, findOurTor, systemProcesses } from './leftover-tor.js';
import { PID_FILE } from './managed-process.js';
import { NodeTors } from './node-tors.js';
import { addressOf } from './which-points.js';

/**
 * Directories of ours in which Tor's own lie; made at the first start. A HiddenServiceDir that the operator chose must
 * have its parent already: a mistyped path shall not become a directory.
 */
const prepareStateDirectories = async ({ config }: ActorContext<'tor'>): Promise<void> => {
  const { torDataDir, standby } = nodePaths(config);
  const managed = config.tor.mode === 'managed';
  const wanted = [
    ...(managed || config.node.hidden_service_dir === '' ? [config.node.state_dir, torDataDir] : []),
    ...(config.tor.standby ? [config.node.state_dir, standby.torDataDir] : []),
    ...(managed || config.tor.standby ? [config.node.run_dir] : []),
  ];
  try {
    for (const directory of wanted) await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw rbError('tor.instance-files', config.node.state_dir, { reason }, error);
  }
};

/** The identity of the instance that a Tor serves from this directory. */
const instanceAt = (context: ActorContext<'tor'>, directory: string): Promise<Instance> =>
  prepareInstance({
    directory,
    masterAddress: addressOf(context.config.master.onion_address),
    crypto: context.crypto,
    random: context.random,
    log: context.log,
  });

/** Nobody refers to the identity of the Tor that stands by: one that is damaged is set aside for another. */
const standbyAt = async (context: ActorContext<'tor'>, directory: string): Promise<Instance> => {
  try {
    return await instanceAt(context, directory);
  } catch (error) {
    const data = toErrorData(error, 'tor');
    if (data.code !== 'tor.instance-key-damaged') throw error;
    context.log.error('the Tor that stands by gets new keys', {}, data);
    await rename(directory, `${directory}.damaged-${String(context.clock.wallMs())}`);
    return instanceAt(context, directory);
  }
};

/** A Tor that stood by for an earlier daemon would serve for ever, and nobody would watch it. */
const endFormerStandby = async ({ config, clock }: ActorContext<'tor'>): Promise<void> => {
  const { torDataDir, torrc } = nodePaths(config).standby;
  const found = await findOurTor(join(torDataDir, PID_FILE), torrc, systemProcesses);
  if (found !== null) await endLeftoverTor(found, torrc, systemProcesses, clock);
};

const start = async (context: ActorContext<'tor'>): Promise<RunningActor<'tor'>> => {
  const { config } = context;
  const { hiddenServiceDir, standby } = nodePaths(config);
  await prepareStateDirectories(context);
  const instance = await instanceAt(context, hiddenServiceDir);
  const second = config.tor.standby ? await standbyAt(context, standby.hiddenServiceDir) : null;
  if (second === null) await endFormerStandby(context);
  return new NodeTors(context, instance, second, await Coordination.make(context)).run();
};

export const torActor: ActorDefinition<'tor'> = { name: 'tor', start };
