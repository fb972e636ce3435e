import type { Config } from '../kernel/config/schema.js';
import { nodePaths } from '../kernel/config/paths.js';
import { standbyDiagnosisPort, torControlPort, torSocksPort } from '../kernel/config/tor-ports.js';
import type { StreamAddress } from '../kernel/stream-address.js';
import type { TorName } from './messages.js';

/** Where one Tor of this node lies, and what may be done to it. */
export interface TorPlace {
  readonly name: TorName;
  /** Is it our own, to start and to end? */
  readonly managed: boolean;
  /** May our services be added to it by SETCONF? */
  readonly maySet: boolean;
  /** May the unit that runs it be restarted? Of a system Tor only. */
  readonly mayRestartUnit: boolean;
  /** The id under which the process host knows a Tor of ours. */
  readonly childId: string;
  readonly controlPort: StreamAddress;
  readonly socksPort: StreamAddress;
  readonly hiddenServiceDir: string;
  /** Where its service leads: `unix:/path` or `host:port`. */
  readonly proxyListen: string;
  /** Of a Tor of ours. */
  readonly dataDir: string;
  readonly torrc: string;
  readonly controlSocket: string;
  readonly socksSocket: string;
  /** A SOCKS port whose refusals say more; null where nobody asks there. */
  readonly diagnosisSocket: string | null;
  /** What its torrc includes of the coordination service; null: nothing. */
  readonly coordinationFile: string | null;
}

/** The Tor that the configuration names. */
export const firstPlace = (config: Config): TorPlace => {
  const paths = nodePaths(config);
  const managed = config.tor.mode === 'managed';
  return {
    name: 'first',
    managed,
    maySet: managed || config.tor.configure_service,
    mayRestartUnit: !managed && config.tor.restart_service,
    childId: 'tor',
    controlPort: torControlPort(config),
    socksPort: torSocksPort(config),
    hiddenServiceDir: paths.hiddenServiceDir,
    proxyListen: paths.proxyListen,
    dataDir: paths.torDataDir,
    torrc: paths.torrc,
    controlSocket: paths.torControlSocket,
    socksSocket: paths.torSocksSocket,
    diagnosisSocket: config.canary.enabled ? paths.torDiagnosisSocket : null,
    coordinationFile: paths.coordinationTorrc,
  };
};

/** The Tor that stands by: ours whatever the first one is, and with nothing that the first one has. */
export const standbyPlace = (config: Config): TorPlace => {
  const { standby } = nodePaths(config);
  const diagnosis = standbyDiagnosisPort(config);
  return {
    name: 'standby',
    managed: true,
    maySet: true,
    mayRestartUnit: false,
    childId: 'tor-standby',
    controlPort: { kind: 'unix', path: standby.torControlSocket },
    socksPort: { kind: 'unix', path: standby.torSocksSocket },
    hiddenServiceDir: standby.hiddenServiceDir,
    proxyListen: `unix:${standby.proxySocket}`,
    dataDir: standby.torDataDir,
    torrc: standby.torrc,
    controlSocket: standby.torControlSocket,
    socksSocket: standby.torSocksSocket,
    diagnosisSocket: diagnosis?.kind === 'unix' ? diagnosis.path : null,
    coordinationFile: null,
  };
};
