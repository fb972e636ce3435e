import type { StockClient } from '../support/stock-client.js';
import type { FormedCluster } from './forming.js';
import type { Narrator } from './narrator.js';

/** curl's name for a SOCKS proxy that resolves the name; a unix socket's path stands behind any host (curl 7.84). */
const proxyOf = ({ socks }: StockClient): string =>
  'path' in socks ? `socks5h://localhost${socks.path}` : `socks5h://${socks.host}:${String(socks.port)}`;

/**
 * How to visit and look into what is left running. Unix sockets with a path cross network namespaces, so that all of it
 * works from outside of them.
 */
export const tellHowToLook = (cluster: FormedCluster, client: StockClient, tell: Narrator): void => {
  tell.step('Everything is left running (--keep); Ctrl-C ends it. From another terminal, in this folder:');
  tell.say(`curl -i -x ${proxyOf(client)} http://${cluster.address}/`);
  for (const { identity } of cluster.nodes.filter((one) => one.isRunning())) {
    tell.say(`npx rustbalance status --config ${identity.config_path}`);
    tell.say(`npx rbctl inspect --config ${identity.config_path}`);
  }
};
