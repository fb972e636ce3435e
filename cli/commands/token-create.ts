import { MAX_TOKEN_USES } from '@rustbalance/actors/election/records/record.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { LONGEST_TOKEN_LIFETIME_SECS } from '@rustbalance/supervisor/control-protocol.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { usageError } from '../failure.js';
import { durationSecs } from '../duration.js';

interface TokenCreateArgs extends ConfigArgs, JsonArgs {
  readonly lifetime: string;
  readonly uses: number;
}

const SHORTEST_LIFETIME_SECS = 60;

const lifetimeOf = (text: string, programName: string): number => {
  const secs = durationSecs(text);
  if (secs !== null && secs >= SHORTEST_LIFETIME_SECS && secs <= LONGEST_TOKEN_LIFETIME_SECS) return secs;
  throw usageError(`${programName} token create`, '--lifetime must be from 60s to 30d, e.g. 90m, 1h or 7d');
};

export const tokenCreateCommand = defineCommand<TokenCreateArgs>({
  words: ['token', 'create'],
  summary: 'Makes a join token, with which further machines join the cluster.',
  explanation: [
    'Prints the token, one word on standard output. Whoever has it can join as long as it lives and has uses left: hand it over as a secret, and give it to `rustbalance join` on standard input.',
    '`--json` prints `created` (the token) and `tokens` as `token list` does.',
  ],
  options: {
    lifetime: {
      kind: 'text',
      presence: 'default',
      fallback: '1h',
      metavar: 'TIME',
      description: 'How long it is good: a number with s, m, h or d.',
    },
    uses: {
      kind: 'number',
      presence: 'default',
      fallback: 1,
      minimum: 1,
      maximum: MAX_TOKEN_USES,
      metavar: 'N',
      description: 'How many machines may join with it.',
    },
    ...configOptions,
    ...jsonOption,
  },
  run: async (args, world) => {
    const lifetimeSecs = lifetimeOf(args.lifetime, world.programName);
    const { daemonSocket } = nodePaths(await readConfig(args, world));
    const answer = await askDaemon(daemonSocket, {
      command: 'tokens',
      do: { action: 'create', lifetimeSecs, uses: args.uses },
    });
    world.print(args.json ? `${JSON.stringify(answer)}\n` : `${answer.created ?? ''}\n`);
  },
});
