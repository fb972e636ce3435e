import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { usageError } from '../failure.js';
import { tokensText } from '../views/tokens-text.js';

interface TokenRevokeArgs extends ConfigArgs, JsonArgs {
  readonly id: string;
}

export const tokenRevokeCommand = defineCommand<TokenRevokeArgs>({
  summary: 'Ends a join token; who joined with it stays.',
  explanation: ['`--json` prints `tokens` as `token list` does.'],
  options: {
    id: {
      kind: 'text',
      presence: 'required',
      positional: true,
      description: 'As token list shows it.',
    },
    ...configOptions,
    ...jsonOption,
  },
  run: async (args, world) => {
    if (!/^[0-9a-f]{16}$/.test(args.id)) {
      throw usageError(`${world.programName} token revoke`, 'the id of a token has 16 hexadecimal digits');
    }
    const { daemonSocket } = nodePaths(await readConfig(args, world));
    const answer = await askDaemon(daemonSocket, {
      command: 'tokens',
      do: { action: 'revoke', id: args.id },
    });
    world.print(args.json ? `${JSON.stringify(answer)}\n` : tokensText(answer));
  },
});
