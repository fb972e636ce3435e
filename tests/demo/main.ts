import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startStockClient } from '../support/stock-client.js';
import { showActorRestart } from './actor-restart.js';
import { showFetches } from './fetches.js';
import { formCluster } from './forming.js';
import { tellHowToLook } from './looking.js';
import { TRANSPORTS } from './machines.js';
import type { DemoMachine, Transport } from './machines.js';
import { narrator } from './narrator.js';
import type { Narrator } from './narrator.js';
import { setUpNetwork, setUpWorld } from './setting.js';
import { InterruptedError, Stage } from './stage.js';
import { showTakeover } from './takeover.js';
import { tally } from './tally.js';
import { shortcomings } from './verdict.js';

/**
 * `npm run demo`: a private Tor network, three nodes, one address, and what happens when parts of it die.
 * Everything stays on this machine and is real: Debian's tor, our daemons, tunnels where they can be had, a stock client.
 */
/** On a quiet machine of two cores; a busy one may need more, and what matters is that it comes about. */
const JOIN_AIM_SECS = 20;
const NAMES = ['alpha', 'beta', 'gamma'];

/** Shows it all. Gives what failed to come about, and a way to look closer. */
const show = async (
  stage: Stage,
  tell: Narrator,
  wanted: Transport | null,
): Promise<{ failures: readonly string[]; lookCloser: () => void }> => {
  const world = await setUpWorld(stage, wanted, tell);
  const network = await setUpNetwork(stage, world, tell);
  const machines: DemoMachine[] = [];
  for (const [i, name] of NAMES.entries())
    machines.push(await stage.start(() => world.makeMachine(name, i + 1)));
  const cluster = await formCluster(stage, tell, {
    machines,
    dir: join(stage.dir, 'n'),
    torrc: network.commonTorrc,
  });
  const [publisher] = cluster.nodes;
  const [itsMachine] = machines;
  if (publisher === undefined || itsMachine === undefined) throw new Error('the cluster has no node');
  const socks = world.isOnLoopback ? 'tcp' : 'unix';
  const [client, newcomer] = await Promise.all([
    startStockClient(network, { name: 'visitor', socks }),
    startStockClient(network, { name: 'newcomer' }),
  ]);

  tell.step('A stock Tor client fetches pages through the one address');
  const before = await showFetches(client, cluster, tell);
  tell.step(
    `${publisher.id}, the publisher, loses power: SIGKILL to its daemon, its Tor and all that they have started`,
  );
  const takeover = await showTakeover(
    { returning: client, newcomer },
    cluster,
    { publisher, machine: itsMachine },
    tell,
  );
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
  tell.say(`new visitors after it: ${tally(takeover.newcomers)}`);
  tell.say(`returning visitors from the power cut on: ${tally(takeover.returning)}`);
  tell.say(
    `the killed actor was back after ${(restart.milliseconds / 1000).toFixed(2)} s; pages until its node answered: ${tally(restart.pages)}`,
  );
  const failures = shortcomings({
    before,
    returning: takeover.returning,
    newcomers: takeover.newcomers,
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
const demo = async (
  stage: Stage,
  tell: Narrator,
  { keep, transport }: { readonly keep: boolean; readonly transport: Transport | null },
): Promise<number> => {
  try {
    const { failures, lookCloser } = await stage.unlessInterrupted(show(stage, tell, transport));
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

const { values } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, transport: { type: 'string' } },
});
// A user's PATH may leave sbin out, where the tools for networks are.
process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
const transport = TRANSPORTS.find((one) => one === values.transport) ?? null;
if (values.transport !== undefined && transport === null) {
  console.error(`usage: npm run demo -- [--keep] [--transport ${TRANSPORTS.join('|')}]`);
  process.exit(2);
}
// A terminal that was closed takes no more lines: that must not end the clean-up.
process.stdout.on('error', () => undefined);
const tell = narrator((line) => {
  console.log(line);
});
const exitCode = await demo(new Stage(), tell, { keep: values.keep, transport }).catch((error: unknown) => {
  console.error(error);
  return 1;
});
// What an interruption has left under way must not make files again.
process.exit(exitCode);
