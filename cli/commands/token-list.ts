import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { tokensText } from '../views/tokens-text.js';

export const tokenListCommand = defineCommand<ConfigArgs & JsonArgs>({
  summary: 'Shows the join tokens of the cluster: state, issuer, expiry, uses.',
  explanation: [
    'The secret of a token is shown once, when it is made. `--json` prints `tokens`: a list of `id`, `state` (live, spent, expired or revoked), `issuer`, `expires_at`, `uses` and `used_by`.',
  ],
  options: { ...configOptions, ...jsonOption },
  run: async (args, world) => {
    const { daemonSocket } = nodePaths(await readConfig(args, world));
    const answer = await askDaemon(daemonSocket, { command: 'tokens', do: { action: 'list' } });
    world.print(args.json ? `${JSON.stringify(answer)}\n` : tokensText(answer));
  },
});
