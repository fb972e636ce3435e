import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { openThroughTor } from '@rustbalance/actors/proxy/target/open-through-tor.js';
import { TargetFailure } from '@rustbalance/actors/proxy/target/target-failure.js';
import { parseTarget } from '@rustbalance/actors/proxy/target/target.js';
import { readConfig } from '../config-loading.js';
import { fetchPage } from './page.js';
import { socksPort } from './socks-port.js';
import { Steps } from './steps.js';
import { usageError } from '../failure.js';
import type { FetchArgs } from '../commands/debug-fetch.js';
import type { CliWorld } from '../world.js';

/** Enough to see who answers. */
const MOST_SHOWN = 4096;

const inTorsWords = (error: unknown): never => {
  if (error instanceof TargetFailure) throw new Error(error.reason, { cause: error });
  throw error;
};

/** The work of `debug fetch`. */
export const runDebugFetch = async (args: FetchArgs, world: CliWorld): Promise<void> => {
  if (!/^\/[\x21-\x7e]*$/.test(args.path)) {
    throw usageError(`${world.programName} debug fetch`, 'the path must begin with / and hold no blanks');
  }
  const config = await readConfig(args, world);
  const host = config.master.onion_address;
  const target = parseTarget(config);
  const isRaw = 'mode' in target && target.mode === 'raw';
  const timeoutMs = args['timeout-secs'] * 1000;
  const steps = new Steps(world, args.json);
  const deadline = AbortSignal.any([world.interrupted, AbortSignal.timeout(timeoutMs)]);
  const way = {
    socks: socksPort(config),
    host,
    port: config.proxy.virtual_port,
    // A name of its own keeps this stream off circuits that were made before.
    isolation: `debug-${Buffer.from(world.random.bytes(8)).toString('hex')}`,
    timeoutMs,
  };
  const socket = await steps.run(
    'reach the address',
    () => openThroughTor(way, deadline).catch(inTorsWords),
    () => 'the onion service answers',
    'See rustbalance status for the descriptors, and rustbalance debug tor.',
  );
  if (isRaw) {
    socket.destroy();
    if (args.json) world.print(`${JSON.stringify({ steps: steps.done })}\n`);
    return;
  }
  const page = await steps.run(
    'fetch the page',
    () => fetchPage(socket, host, args.path, MOST_SHOWN, timeoutMs),
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
