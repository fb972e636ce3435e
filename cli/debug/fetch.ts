import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { socksReply } from '@rustbalance/actors/kernel/socks-reply.js';
import { openThroughTor } from '@rustbalance/actors/proxy/target/open-through-tor.js';
import { TargetFailure } from '@rustbalance/actors/proxy/target/target-failure.js';
import { parseTargets } from '@rustbalance/actors/kernel/config/target.js';
import { torSocksPort } from '@rustbalance/actors/kernel/config/tor-ports.js';
import { readConfig } from '../config-loading.js';
import { fetchPage, openRequest } from './page.js';
import { Steps } from './steps.js';
import { torAgent } from './tor-agent.js';
import { usageError } from '../failure.js';
import type { FetchArgs } from '../commands/debug-fetch.js';
import type { CliWorld } from '../world.js';

/** Enough to see who answers. */
const MOST_SHOWN = 4096;

/** Tor's reply by its name, else what the system said. */
const inTorsWords = (error: unknown): never => {
  const reason = error instanceof TargetFailure ? error.reason : socksReply(error);
  throw reason === null ? error : new Error(reason, { cause: error });
};

/** The work of `debug fetch`. */
export const runDebugFetch = async (args: FetchArgs, world: CliWorld): Promise<void> => {
  if (!/^\/[\x21-\x7e]*$/.test(args.path)) {
    throw usageError(`${world.programName} debug fetch`, 'the path must begin with / and hold no blanks');
  }
  const config = await readConfig(args, world);
  const host = config.master.onion_address;
  const targets = parseTargets(config);
  const isRaw = !('code' in targets) && targets[0].mode === 'raw';
  const timeoutMs = args['timeout-secs'] * 1000;
  const steps = new Steps(world, args.json);
  const { interrupted } = world;
  const deadline = (): AbortSignal => AbortSignal.any([interrupted, AbortSignal.timeout(timeoutMs)]);
  const socks = torSocksPort(config);
  const port = config.proxy.virtual_port;
  // A name of its own keeps this stream off circuits that were made before.
  const isolation = `debug-${Buffer.from(world.random.bytes(8)).toString('hex')}`;
  const reached = <T>(connect: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    steps.run(
      'reach the address',
      () => connect(deadline()).catch(inTorsWords),
      () => 'the onion service answers',
      'See rustbalance status for the descriptors, and rustbalance debug tor.',
    );
  if (isRaw) {
    const way = { socks, host, port, isolation, timeoutMs };
    const socket = await reached((signal) => openThroughTor(way, signal));
    socket.destroy();
    if (args.json) world.print(`${JSON.stringify({ steps: steps.done })}\n`);
    return;
  }
  const address = { agent: torAgent(socks, isolation, timeoutMs), host, port, path: args.path };
  const opened = await reached((signal) => openRequest(address, signal));
  const page = await steps.run(
    'fetch the page',
    () => fetchPage(opened, MOST_SHOWN, deadline()),
    ({ status, reason }) => `${String(status)} ${reason}`,
    'See rustbalance debug connect for the way from the node to the target.',
  );
  if (args.json) world.print(`${JSON.stringify({ ...page, steps: steps.done })}\n`);
  else world.print(`${page.body}\n`);
  if (page.status >= 500) {
    throw rbError('probe.failed', 'debug fetch', {
      step: 'the page',
      reason: `status ${String(page.status)}`,
      remedy: 'See rustbalance debug connect for the way from the node to the target.',
    });
  }
};
