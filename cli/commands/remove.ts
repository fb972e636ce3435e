import { isNodeId } from '@rustbalance/actors/kernel/brands.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { errorData, errorLine } from '@rustbalance/actors/kernel/errors.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { usageError } from '../failure.js';

interface RemoveArgs extends ConfigArgs, JsonArgs {
  readonly id: string;
}

export const removeCommand = defineCommand<RemoveArgs>({
  summary: 'Removes another node from the cluster for ever.',
  explanation: [
    'Every member hears of it and knows the node no more; its node key can never join again. A machine that shall return joins with a new node key. Run it on any other node; a node cannot remove itself. A node that was removed still knows the cluster token, and the master key if it had it: where it may be in foreign hands, make new ones.',
    '`--json` prints `removed`, the id.',
  ],
  options: {
    id: { kind: 'text', presence: 'required', positional: true, description: 'As status shows it.' },
    ...configOptions,
    ...jsonOption,
  },
  run: async (args, world) => {
    if (!isNodeId(args.id)) throw usageError(`${world.programName} remove`, `${args.id} is no node id`);
    const config = await readConfig(args, world);
    const { daemonSocket } = nodePaths(config);
    const answer = await askDaemon(daemonSocket, { command: 'remove', id: args.id });
    const isListed = config.direct.peers.some(({ id }) => id === args.id);
    const isKept = config.coordination.members_dir !== '';
    if ((isListed || !isKept) && !args.json) {
      const error = errorData('member.removed-until-restart', 'direct.peers', { id: args.id });
      world.complain(`${errorLine(error)}\n`);
    }
    world.print(
      args.json ? `${JSON.stringify(answer)}\n` : `${answer.removed} was removed from the cluster.\n`,
    );
  },
});
