import { dirname, join } from 'node:path';
import type { Config } from './schema.js';

/** A join that was asked for and is not done; beside config.toml and node.key. */
export const PENDING_JOIN_FILE = 'pending-join.json';

/** What the second Tor has of its own. */
export interface StandbyPaths {
  readonly torDataDir: string;
  readonly torrc: string;
  readonly torControlSocket: string;
  readonly torSocksSocket: string;
  readonly torDiagnosisSocket: string;
  readonly hiddenServiceDir: string;
  /** Where the proxy listens for it: each Tor numbers its circuits by itself, and the numbers of the two must not mix. */
  readonly proxySocket: string;
}

const standbyPaths = (stateDir: string, runDir: string): StandbyPaths => {
  const torDataDir = join(stateDir, 'tor-standby');
  return {
    torDataDir,
    torrc: join(torDataDir, 'torrc'),
    torControlSocket: join(runDir, 'standby-control.sock'),
    torSocksSocket: join(runDir, 'standby-socks.sock'),
    torDiagnosisSocket: join(runDir, 'standby-diagnosis.sock'),
    hiddenServiceDir: join(torDataDir, 'instance'),
    proxySocket: join(runDir, 'standby-proxy.sock'),
  };
};

/** Where everything of a node lies, derived from its configuration in one place. */
export interface NodePaths {
  /** Socket of `status`, `inspect` and the other commands. */
  readonly daemonSocket: string;
  readonly stateFile: string;
  /** What broke and what was done about it. */
  readonly historyFile: string;
  /** Signed records of the cluster's members and join tokens. */
  readonly membersFile: string;
  /** Beside node.key, since it ends with the same key. */
  readonly pendingJoin: string;
  /** Managed Tor only. */
  readonly torDataDir: string;
  readonly torrc: string;
  readonly torControlSocket: string;
  readonly torSocksSocket: string;
  /** SOCKS port of a managed Tor whose refusals say more; only the canary asks there. */
  readonly torDiagnosisSocket: string;
  /** HiddenServiceDir of the instance. */
  readonly hiddenServiceDir: string;
  /** HiddenServiceDir of the coordination service. */
  readonly coordinationServiceDir: string;
  /** The coordination service's lines, which a managed Tor's torrc includes. */
  readonly coordinationTorrc: string;
  /** Of the second Tor ([tor] standby), which is always ours. */
  readonly standby: StandbyPaths;
  /** Behind the coordination service's two ports. */
  readonly datagramSocket: string;
  readonly joinSocket: string;
  /** Where the proxy listens and HiddenServicePort points: `unix:/path` or `host:port`. */
  readonly proxyListen: string;
}

export const nodePaths = (config: Config): NodePaths => {
  const { state_dir: stateDir, run_dir: runDir, hidden_service_dir: serviceDir } = config.node;
  const torDataDir = config.tor.data_dir === '' ? join(stateDir, 'tor') : config.tor.data_dir;
  return {
    daemonSocket: join(runDir, 'control.sock'),
    stateFile: join(stateDir, 'state.json'),
    historyFile: join(stateDir, 'history.json'),
    membersFile: join(stateDir, 'members.json'),
    pendingJoin: join(dirname(config.node.key_path), PENDING_JOIN_FILE),
    torDataDir,
    torrc: join(torDataDir, 'torrc'),
    torControlSocket: join(runDir, 'tor-control.sock'),
    torSocksSocket: join(runDir, 'tor-socks.sock'),
    torDiagnosisSocket: join(runDir, 'tor-diagnosis.sock'),
    hiddenServiceDir: serviceDir === '' ? join(torDataDir, 'instance') : serviceDir,
    // Beside the instance's, which an operator chooses where a system Tor may read.
    coordinationServiceDir:
      serviceDir === '' ? join(torDataDir, 'coordination') : `${serviceDir.replace(/\/+$/, '')}-coordination`,
    coordinationTorrc: join(torDataDir, 'coordination.torrc'),
    standby: standbyPaths(stateDir, runDir),
    datagramSocket: join(runDir, 'datagrams.sock'),
    joinSocket: join(runDir, 'join.sock'),
    proxyListen: config.proxy.listen === '' ? `unix:${join(runDir, 'proxy.sock')}` : config.proxy.listen,
  };
};
