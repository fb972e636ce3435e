import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';

export interface FetchArgs extends ConfigArgs, JsonArgs {
  readonly path: string;
  readonly 'timeout-secs': number;
}

export const debugFetchCommand = defineCommand<FetchArgs>({
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
    const { runDebugFetch } = await import('../debug/fetch.js');
    await runDebugFetch(args, world);
  },
});
