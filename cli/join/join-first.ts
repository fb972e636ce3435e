import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readPendingJoin } from '@rustbalance/actors/election/join/pending-join-file.js';
import { ConfigError } from '@rustbalance/actors/kernel/config/problems.js';
import { RbError, errorData } from '@rustbalance/actors/kernel/errors.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { Logger } from '@rustbalance/actors/kernel/logging.js';
import { EXIT_CODES } from '@rustbalance/supervisor/exit-codes.js';
import { Ended } from '../failure.js';
import type { CliWorld } from '../world.js';
import { pendingJoinPath, pursueJoin } from './pursue.js';
import type { PendingNode } from './pursue.js';

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The join that the node of this configuration waits for; null where there is none. @throws ConfigError */
const waiting = async (configPath: string): Promise<PendingNode | null> => {
  if (await isThere(configPath)) return null;
  const file = pendingJoinPath(dirname(configPath));
  const reading = await readPendingJoin(file);
  if (reading.kind === 'unusable') {
    throw new ConfigError([errorData('join.pending-unusable', file, { reason: reading.problem })]);
  }
  if (reading.kind === 'none' || reading.pending.node === null) return null;
  return { ...reading.pending, node: reading.pending.node };
};

const pursue = async (
  configDir: string,
  pending: PendingNode,
  world: CliWorld,
  log: Logger,
): Promise<void> => {
  const { interrupted } = world;
  log.info('This machine is not in its cluster yet: it joins first, and serves nothing until then');
  try {
    const { node } = await pursueJoin(configDir, pending, world, {
      isPatient: true,
      interrupted,
      tell: (line) => {
        log.info(line);
      },
    });
    log.info(`Node ${node.id} is a member of its cluster now`);
  } catch (error) {
    if (interrupted.aborted) {
      log.info('stopped before a member was found');
      throw new Ended(EXIT_CODES.good);
    }
    // The command `join` has done it beside us.
    if (error instanceof RbError && error.code === 'init.exists') return;
    // What else ends a patient join is settled: starting again changes nothing.
    throw error instanceof RbError ? new ConfigError([error.data]) : error;
  }
};

/**
 * Completes the pending join of a node that has no configuration yet, however long that takes.
 *
 * @throws ConfigError where the join can never be done, or a person must mend something first; Ended where it was stopped
 */
export const joinFirst = async (configPath: string, world: CliWorld): Promise<void> => {
  const pending = await waiting(configPath);
  if (pending === null) return;
  // Loaded here: the logs of a daemon are of no use to any other command.
  const { logSink } = await import('@rustbalance/supervisor/log-sink.js');
  const { startServicePulse } = await import('@rustbalance/supervisor/service-pulse.js');
  const { systemSurroundings } = await import('@rustbalance/supervisor/surroundings.js');
  const { logFormat, logStream: stream, notifier, watchdogMs: patienceMs } = systemSurroundings();
  const sink = logSink({ level: 'info', format: logFormat('text'), stream, clock: world.clock });
  const log = makeLogger(
    'join',
    () => world.clock.wallMs(),
    (record) => {
      sink.write(record);
    },
  );
  const notify = notifier(log);
  // It may take days: whoever starts the unit, and the boot of the machine, must not wait for it.
  notify({ kind: 'ready' });
  const pulse = startServicePulse({
    clock: world.clock,
    log,
    notify,
    patienceMs,
    // Nothing runs yet but this loop.
    verdict: (watch) => ({ watch, stuck: null }),
    status: () => 'waits for a member of the cluster to take this machine in; serves nothing yet',
  });
  try {
    await pursue(dirname(configPath), pending, world, log);
  } finally {
    pulse.stop();
    await sink.close();
  }
};
