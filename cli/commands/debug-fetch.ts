import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { openThroughTor } from '@rustbalance/actors/proxy/target/open-through-tor.js';
import { TargetFailure } from '@rustbalance/actors/proxy/target/target-failure.js';
import { parseTarget } from '@rustbalance/actors/proxy/target/target.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { fetchPage } from '../debug/page.js';
import { socksPort } from '../debug/socks-port.js';
import { Steps } from '../debug/steps.js';
import { usageError } from '../failure.js';

interface FetchArgs extends ConfigArgs, JsonArgs {
  readonly path: string;
  readonly 'timeout-secs': number;
}

/** Enough to see who answers. */
const MOST_SHOWN = 4096;

const inTorsWords = (error: unknown): never => {
  if (error instanceof TargetFailure) throw new Error(error.reason, { cause: error });
  throw error;
};

export const debugFetchCommand = defineCommand<FetchArgs>({
  words: ['debug', 'fetch'],
  summary: "Fetches a page of the master address through this node's Tor, as a client would.",
  explanation: [
    'The whole way: descriptor, introduction, rendezvous, proxy, target. Whichever node answers, a fresh circuit is used. Where the target is raw, only the connection is tried.',
    '`--json` prints `status`, `headers`, `body` (at most 4096 bytes) and `steps`.',
  ],
  options: {
    path: {
      kind: 'text',
      presence: 'default',
      fallback: '/',
      positional: true,
      description: 'Path of the page.',
    },
    'timeout-secs': {
      kind: 'number',
      presence: 'default',
      fallback: 60,
      minimum: 1,
      maximum: 600,
      metavar: 'SECONDS',
      description: 'How long each step may take.',
    },
    ...configOptions,
    ...jsonOption,
  },
  run: async (args, world) => {
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
  },
});
