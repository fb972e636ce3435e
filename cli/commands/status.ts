import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { defineCommand } from '../command.js';
import { configOptions, jsonOption, watchOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs, WatchArgs } from '../common-options.js';
import { readConfig } from '../config-loading.js';
import { statusText } from '../views/status-text.js';
import { printOrWatch } from '../watch.js';

type StatusArgs = ConfigArgs & JsonArgs & WatchArgs;

export const statusCommand = defineCommand<StatusArgs>({
  summary: 'Says how the running node is: role, peers, Tor, target, descriptors, findings.',
  explanation: [
    '`--json` prints the object that docs/status.md describes; with `--watch` one object a line.',
  ],
  options: { ...configOptions, ...watchOption, ...jsonOption },
  run: async (args, world) => {
    const { daemonSocket } = nodePaths(await readConfig(args, world));
    await printOrWatch(world, args.watch, args.json, async () => {
      const status = await askDaemon(daemonSocket, { command: 'status' });
      return args.json ? `${JSON.stringify(status)}\n` : statusText(status);
    });
  },
});
