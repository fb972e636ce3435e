import { join } from 'node:path';
import type { ActorContext } from '../kernel/actor.js';
import { nodePaths } from '../kernel/config/paths.js';
import type { ErrorData } from '../kernel/errors.js';
import { authenticateWith, byDeadline, reachControlPort, type ControlAccess } from './control-access.js';
import type { Instance } from './instance-files.js';
import { systemProcesses } from './leftover-tor.js';
import { TorProcess } from './tor-process.js';
import { managedTorrc } from './torrc.js';

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
  context: ActorContext<'tor'>,
  instance: Instance,
  access: ControlAccess,
  exited: (error: ErrorData) => void,
): TorProcess => {
  const { config } = context;
  const paths = nodePaths(config);
  const pidFile = join(paths.torDataDir, 'tor.pid');
  return new TorProcess({
    context,
    processes: systemProcesses,
    binary: config.tor.binary,
    dataDir: paths.torDataDir,
    runDir: config.node.run_dir,
    torrcPath: paths.torrc,
    pidFile,
    torrc: managedTorrc({
      dataDir: paths.torDataDir,
      controlSocket: paths.torControlSocket,
      socksSocket: paths.torSocksSocket,
      diagnosisSocket: config.canary.enabled ? paths.torDiagnosisSocket : null,
      pidFile,
      coordinationFile: paths.coordinationTorrc,
      hiddenServiceDir: paths.hiddenServiceDir,
      virtualPort: config.proxy.virtual_port,
      proxyListen: paths.proxyListen,
      instanceMark: instance.mark,
      extraLines: config.tor.extra_torrc,
    }),
    answers: () => answers(access),
    exited,
  });
};
