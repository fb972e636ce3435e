import { join } from 'node:path';
import type { ActorContext } from '../kernel/actor.js';
import type { ErrorData } from '../kernel/errors.js';
import { authenticateWith, byDeadline, reachControlPort, type ControlAccess } from './control-access.js';
import type { Instance } from './instance-files.js';
import { systemProcesses } from './leftover-tor.js';
import type { TorPlace } from './tor-place.js';
import { TorProcess } from './tor-process.js';
import { managedTorrc } from './torrc.js';

/** In a Tor's data directory. */
export const PID_FILE = 'tor.pid';

/** A running Tor that an earlier daemon left behind answers at once. */
const ADOPTION_PATIENCE_MS = 2_000;

/** Does a Tor answer, with a cookie that we can read, on our control socket? */
const answers = async (access: ControlAccess): Promise<boolean> => {
  const { clock } = access;
  const deadlineMs = clock.monotonicMs() + ADOPTION_PATIENCE_MS;
  try {
    const never = new AbortController().signal;
    const connection = await reachControlPort(access, deadlineMs, () => Promise.resolve(false), never);
    await byDeadline(connection, clock, deadlineMs, () => authenticateWith(access, connection));
    connection.close('looked whether it answers');
    return true;
  } catch {
    return false;
  }
};

/** The process of a managed Tor, with the torrc that follows from the configuration. */
export const managedProcess = (
  context: Pick<ActorContext<'tor'>, 'config' | 'request' | 'clock' | 'log'>,
  place: TorPlace,
  instance: Instance,
  access: ControlAccess,
  exited: (error: ErrorData) => void,
): TorProcess => {
  const { config } = context;
  const pidFile = join(place.dataDir, PID_FILE);
  return new TorProcess({
    context,
    processes: systemProcesses,
    childId: place.childId,
    binary: config.tor.binary,
    dataDir: place.dataDir,
    runDir: config.node.run_dir,
    torrcPath: place.torrc,
    pidFile,
    torrc: managedTorrc({
      dataDir: place.dataDir,
      controlSocket: place.controlSocket,
      socksSocket: place.socksSocket,
      diagnosisSocket: place.diagnosisSocket,
      pidFile,
      coordinationFile: place.coordinationFile,
      hiddenServiceDir: place.hiddenServiceDir,
      virtualPort: config.proxy.virtual_port,
      proxyListen: place.proxyListen,
      instanceMark: instance.mark,
      extraLines: config.tor.extra_torrc,
    }),
    answers: () => answers(access),
    exited,
  });
};
