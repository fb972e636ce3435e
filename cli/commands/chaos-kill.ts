import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { CHAOS_MODES } from '@rustbalance/actors/kernel/envelope.js';
import type { ChaosMode } from '@rustbalance/actors/kernel/envelope.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';

interface ChaosKillArgs extends ConfigArgs, JsonArgs {
  readonly actor: ActorName;
  readonly mode: ChaosMode;
}

export const chaosKillCommand = defineCommand<ChaosKillArgs>({
  summary: 'Makes one actor of the running daemon fail, to see it come back.',
  explanation: [
    'Works only with `[chaos] enabled = true`. `throw`: an uncaught error; `exit`: the thread ends; `hang`: it never answers again; `oom`: its heap overflows.',
    '`--json` prints `actor` and the `generation` that was told to fail.',
  ],
  options: {
    actor: {
      kind: 'choice',
      presence: 'required',
      positional: true,
      choices: ACTOR_NAMES,
      description: 'The actor.',
    },
    mode: {
      kind: 'choice',
      presence: 'default',
      fallback: 'throw',
      choices: CHAOS_MODES,
      description: 'How it fails.',
    },
    ...configOptions,
    ...jsonOption,
  },
  run: async (args, world) => {
    const { daemonSocket } = nodePaths(await readConfig(args, world));
    const answer = await askDaemon(daemonSocket, { command: 'chaos', actor: args.actor, mode: args.mode });
    world.print(
      args.json
        ? `${JSON.stringify(answer)}\n`
        : `The ${answer.actor} actor of generation ${String(answer.generation)} was told to fail (${args.mode}).\n`,
    );
  },
});
