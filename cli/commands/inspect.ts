import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption, watchOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs, WatchArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { inspectText } from '../views/inspect-text.js';
import { printOrWatch } from '../watch.js';

interface InspectArgs extends ConfigArgs, JsonArgs, WatchArgs {
  readonly actor: ActorName | undefined;
}

export const inspectCommand = defineCommand<InspectArgs>({
  summary: 'Dumps the live actors: state, context, mailbox, restarts and why, memory.',
  explanation: [
    'With the name of an actor, its context and its past lives too. `--json` prints the object that docs/status.md describes.',
  ],
  options: {
    actor: {
      kind: 'choice',
      presence: 'optional',
      positional: true,
      choices: ACTOR_NAMES,
      description: 'One actor only.',
    },
    ...configOptions,
    ...watchOption,
    ...jsonOption,
  },
  run: async (args, world) => {
    const { daemonSocket } = nodePaths(await readConfig(args, world));
    const actor = args.actor ?? null;
    await printOrWatch(world, args.watch, args.json, async () => {
      const answer = await askDaemon(daemonSocket, { command: 'inspect', actor });
      return args.json ? `${JSON.stringify(answer)}\n` : inspectText(answer, actor !== null);
    });
  },
});
