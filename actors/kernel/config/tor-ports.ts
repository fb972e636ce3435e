import type { StreamAddress } from '../stream-address.js';
import { nodePaths } from './paths.js';
import type { Config } from './schema.js';

/** A system Tor's port: its unix socket where one is named, else TCP at control_host. */
const ofSystemTor = (socket: string, host: string, port: number): StreamAddress =>
  socket === '' ? { kind: 'tcp', host, port } : { kind: 'unix', path: socket };

/** Where the control port of this node's Tor is. */
export const torControlPort = (config: Config): StreamAddress => {
  const { mode, control_socket: socket, control_host: host, control_port: port } = config.tor;
  return mode === 'managed'
    ? { kind: 'unix', path: nodePaths(config).torControlSocket }
    : ofSystemTor(socket, host, port);
};

/** Where a managed Tor says more about what it cannot reach; null where there is no such port. */
export const torDiagnosisPort = (config: Config): StreamAddress | null =>
  config.tor.mode === 'managed' && config.canary.enabled
    ? { kind: 'unix', path: nodePaths(config).torDiagnosisSocket }
    : null;

/** The same of the Tor that stands by. */
export const standbyDiagnosisPort = (config: Config): StreamAddress | null =>
  config.tor.standby && config.canary.enabled
    ? { kind: 'unix', path: nodePaths(config).standby.torDiagnosisSocket }
    : null;

/** The port that says more, of the Tor whose SOCKS port this is. */
export const diagnosisPortBeside = (config: Config, socks: StreamAddress): StreamAddress | null =>
  socks.kind === 'unix' && socks.path === nodePaths(config).standby.torSocksSocket
    ? standbyDiagnosisPort(config)
    : torDiagnosisPort(config);

/** Where the SOCKS port of this node's Tor is. */
export const torSocksPort = (config: Config): StreamAddress => {
  const { mode, socks_socket: socket, control_host: host, socks_port: port } = config.tor;
  return mode === 'managed'
    ? { kind: 'unix', path: nodePaths(config).torSocksSocket }
    : ofSystemTor(socket, host, port);
};
