import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';

export type DebugTorArgs = ConfigArgs & JsonArgs;

export const debugTorCommand = defineCommand<DebugTorArgs>({
  summary: "Connects to the configured Tor's control port and says how it is.",
  explanation: [
    'Step by step: connect, authenticate, ask. The first step that fails is named with its remedy. Nothing of that Tor is changed.',
    '`--json` prints `endpoint`, `authenticated_by`, `version`, `pid`, `bootstrap`, `bootstrap_summary` and `onion_services`.',
  ],
  options: { ...configOptions, ...jsonOption },
  run: async (args, world) => {
    const { runDebugTor } = await import('../debug/tor.js');
    await runDebugTor(args, world);
  },
});
