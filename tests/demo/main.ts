import { parseArgs } from 'node:util';
import { NODE_NAMES, FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import type { Cluster } from '../support/cluster/cluster.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { publishedNodes } from '../support/cluster/status.js';
import { startStockClient } from '../support/stock-client.js';
import type { StockClient } from '../support/stock-client.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import { showActorRestart } from './actor-restart.js';
import { showFetches } from './fetches.js';
import { narrator } from './narrator.js';
import type { Narrator } from './narrator.js';
import { showTakeover } from './takeover.js';

/**
 * `npm run demo`: a private Tor network, three nodes, one address, and what happens when parts of it die.
 * Everything runs on loopback and is real: Debian's tor, our daemons, a stock client.
 */
const NODES = 3;

const untilClusterPublishes = async (cluster: Cluster): Promise<DaemonNode> => {
  const [first] = cluster.nodes;
  if (first === undefined) throw new Error('the cluster has no node');
  const all = cluster.nodes.map(({ id }) => id).join(',');
  await first.until(`introduction points of ${all} published`, (s) => publishedNodes(s) === all, 90_000);
  return first;
};

const socksAddress = ({ socks }: StockClient): string =>
  'path' in socks ? `unix:${socks.path}` : `${socks.host}:${String(socks.port)}`;

const tellHowToLook = (cluster: Cluster, client: StockClient, tell: Narrator): void => {
  tell.step('Everything is left running (--keep); Ctrl-C ends it.');
  tell.say(`visit:   curl --socks5-hostname ${socksAddress(client)} http://${cluster.address}/`);
  for (const node of cluster.nodes.filter((one) => one.isRunning()))
    tell.say(
      `inspect ${node.id}: npx rbctl inspect ${node
        .settings()
        .map((one) => `'${one}'`)
        .join(' ')}`,
    );
};

const untilInterrupted = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('SIGINT', () => {
      resolve();
    });
    // Keeps the process alive while nothing else does.
    const idle = setInterval(() => undefined, 60_000);
    process.once('SIGINT', () => {
      clearInterval(idle);
    });
  });

const demo = async (keep: boolean): Promise<void> => {
  const tell = narrator((line) => {
    console.log(line);
  });
  tell.step('Starting a private Tor network: 3 directory authorities, 12 relays, all on 127.0.0.1');
  const network = await startTorNetwork({
    relays: 12,
    consensusParams: { hsdir_spread_store: 2 },
    log: (line) => {
      tell.say(line);
    },
  });
  let cluster: Cluster | null = null;
  try {
    tell.step(
      `Setting up ${NODE_NAMES.slice(0, NODES).join(', ')}: each with its own Tor and its own copy of the site`,
    );
    const set = [...FAST_SETTINGS, 'chaos.enabled=true'];
    cluster = await startCluster({
      network,
      nodes: NODES,
      set,
      log: (line) => {
        tell.say(line);
      },
    });
    tell.say(`the one address: ${cluster.address}`);
    const publisher = await untilClusterPublishes(cluster);
    tell.say(`${publisher.id} publishes one descriptor with the introduction points of all three`);
    const client = await startStockClient(network, { name: 'visitor', socks: 'tcp' });

    tell.step('A stock Tor client fetches pages through the one address');
    const fetches = await showFetches(client, cluster, tell);
    tell.step(`${publisher.id}, the publisher, loses power: SIGKILL to its daemon and its Tor`);
    const takeover = await showTakeover(client, cluster, publisher, tell);
    tell.step('One actor of a living node is killed');
    const restart = await showActorRestart(cluster, tell);

    tell.step('Summary');
    tell.say(`pages before the power cut: ${fetches.line}`);
    tell.say(
      `a survivor had taken over, and the dead node was out of the descriptor on every HSDir, after ${takeover.seconds.toFixed(1)} s`,
    );
    tell.say(`pages meanwhile: ${takeover.line}`);
    tell.say(`the killed actor was back after ${(restart.milliseconds / 1000).toFixed(2)} s`);
    if (keep) {
      tellHowToLook(cluster, client, tell);
      await untilInterrupted();
    }
  } finally {
    await cluster?.stop();
    await network.stop();
    tell.step('Everything that was started has been stopped.');
  }
};

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
await demo(values.keep);
