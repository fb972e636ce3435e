import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { durationSecs } from '../duration.js';
import { usageError } from '../failure.js';
import { historyText } from '../views/history-text.js';

interface HistoryArgs extends ConfigArgs, JsonArgs {
  readonly since: string | undefined;
}

export const historyCommand = defineCommand<HistoryArgs>({
  summary: 'Says what broke, what was done about it, and how long it took.',
  explanation: [
    'It is kept across restarts of the daemon (`history.json` in `[node] state_dir`), 200 entries at most. What returns within ten minutes is told in one entry. What is open and under repair now, with what its budget has left, shows `rbctl inspect health`.',
    '`--json` prints the object that docs/status.md describes.',
  ],
  options: {
    since: {
      kind: 'text',
      presence: 'optional',
      metavar: 'DURATION',
      description: 'Only what was not well within this time: 90s, 30m, 12h or 7d.',
    },
    ...configOptions,
    ...jsonOption,
  },
  run: async (args, world) => {
    const secs = args.since === undefined ? null : durationSecs(args.since);
    if (args.since !== undefined && secs === null) {
      throw usageError(
        `${world.programName} history`,
        '--since must be a duration such as 90s, 30m, 12h or 7d',
      );
    }
    const { daemonSocket } = nodePaths(await readConfig(args, world));
    const sinceMs = secs === null ? null : Math.max(0, world.clock.wallMs() - secs * 1000);
    const answer = await askDaemon(daemonSocket, { command: 'history', sinceMs });
    world.print(args.json ? `${JSON.stringify(answer)}\n` : historyText(answer));
  },
});
