import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import type { StreamAddress } from '@rustbalance/actors/proxy/stream-address.js';

/** Where the SOCKS port of this node's Tor listens, by its configuration. */
export const socksPort = (config: Config): StreamAddress =>
  config.tor.mode === 'managed'
    ? { kind: 'unix', path: nodePaths(config).torSocksSocket }
    : { kind: 'tcp', host: config.tor.control_host, port: config.tor.socks_port };
