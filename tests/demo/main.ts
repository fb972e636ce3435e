import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startStockClient } from '../support/stock-client.js';
import type { StockClient } from '../support/stock-client.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { showActorRestart } from './actor-restart.js';
import { showFetches } from './fetches.js';
import { formCluster } from './forming.js';
import type { FormedCluster } from './forming.js';
import { loopbackMachines } from './machines.js';
import { narrator } from './narrator.js';
import type { Narrator } from './narrator.js';
import { InterruptedError, Stage } from './stage.js';
import { showTakeover } from './takeover.js';
import { tally } from './tally.js';
import { shortcomings } from './verdict.js';

/**
 * `npm run demo`: a private Tor network, three nodes, one address, and what happens when parts of it die.
 * Everything runs on loopback and is real: Debian's tor, our daemons, a stock client.
 */
/** On a quiet machine of two cores; a busy one may need more, and what matters is that it comes about. */
const JOIN_AIM_SECS = 20;
const NAMES = ['alpha', 'beta', 'gamma'];

const socksAddress = ({ socks }: StockClient): string =>
  'path' in socks ? `unix:${socks.path}` : `${socks.host}:${String(socks.port)}`;

const tellHowToLook = (cluster: FormedCluster, client: StockClient, tell: Narrator): void => {
  tell.step('Everything is left running (--keep); Ctrl-C ends it.');
  tell.say(`visit:   curl --socks5-hostname ${socksAddress(client)} http://${cluster.address}/`);
  for (const node of cluster.nodes.filter((one) => one.isRunning()))
    tell.say(`inspect ${node.id}: npx rbctl inspect --config ${node.identity.config_path}`);
};

const setUpNetwork = (stage: Stage, tell: Narrator): Promise<TorNetwork> => {
  tell.step('Starting a private Tor network: 3 directory authorities, 12 relays, all on 127.0.0.1');
  return stage.start(() =>
    startTorNetwork({
      dir: join(stage.dir, 'net'),
      signal: stage.signal,
      relays: 12,
      consensusParams: { hsdir_spread_store: 2 },
      log: (line) => {
        tell.say(line);
      },
    }),
  );
};

/** Shows it all. Gives what failed to come about, and a way to look closer. */
const show = async (
  stage: Stage,
  tell: Narrator,
): Promise<{ failures: readonly string[]; lookCloser: () => void }> => {
  const network = await setUpNetwork(stage, tell);
  const machines = await loopbackMachines(NAMES);
  const cluster = await formCluster(stage, tell, {
    machines,
    dir: join(stage.dir, 'n'),
    torrc: network.commonTorrc,
  });
  const [publisher] = cluster.nodes;
  if (publisher === undefined) throw new Error('the cluster has no node');
  const client = await startStockClient(network, { name: 'visitor', socks: 'tcp' });

  tell.step('A stock Tor client fetches pages through the one address');
  const before = await showFetches(client, cluster, tell);
  tell.step(`${publisher.id}, the publisher, loses power: SIGKILL to its daemon and its Tor`);
  const takeover = await showTakeover(client, cluster, publisher, tell);
  tell.step('One actor of a living node is killed');
  const restart = await showActorRestart(client, cluster, tell);

  tell.step('Summary');
  for (const { node, admitted, published } of cluster.joins)
    tell.say(
      `${node}: from join to its introduction points on every HSDir ${published.toFixed(1)} s (the aim: ${String(JOIN_AIM_SECS)} s), ${admitted.toFixed(1)} s of it the command itself`,
    );
  tell.say(`pages before the power cut: ${tally(before)}`);
  tell.say(
    `a survivor had taken over, and the dead node was out of the descriptor on every HSDir, after ${takeover.seconds.toFixed(1)} s`,
  );
  tell.say(`pages meanwhile: ${tally(takeover.pages)}`);
  tell.say(
    `the killed actor was back after ${(restart.milliseconds / 1000).toFixed(2)} s; pages until its node answered: ${tally(restart.pages)}`,
  );
  const failures = shortcomings({
    before,
    meanwhile: takeover.pages,
    afterRestart: restart.pages,
    survivors: cluster.nodes.filter((node) => node !== publisher).map(({ id }) => id),
    restarted: restart.node,
  });
  return {
    failures,
    lookCloser: () => {
      tellHowToLook(cluster, client, tell);
    },
  };
};

/** @returns the exit code: 0 when everything came about that should */
const demo = async (stage: Stage, tell: Narrator, keep: boolean): Promise<number> => {
  try {
    const { failures, lookCloser } = await stage.unlessInterrupted(show(stage, tell));
    for (const failure of failures) tell.step(`FAILED: ${failure}`);
    if (keep) {
      lookCloser();
      await stage.untilInterrupted();
    }
    return failures.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    tell.step(`${error.message}: cleaning up`);
    return error.exitCode;
  } finally {
    await stage.clear();
    tell.step('Everything that was started has been stopped.');
  }
};

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
const tell = narrator((line) => {
  console.log(line);
});
const exitCode = await demo(new Stage(), tell, values.keep).catch((error: unknown) => {
  console.error(error);
  return 1;
});
// What an interruption has left under way must not make files again.
process.exit(exitCode);
