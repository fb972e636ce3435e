import { defineCommand } from '../command.js';
import { configOptions, jsonOption } from '../common-options.js';
import type { ConfigArgs, JsonArgs } from '../common-options.js';

export type ConnectArgs = ConfigArgs & JsonArgs;

export const debugConnectCommand = defineCommand<ConnectArgs>({
  summary: 'Connects to the target as the proxy would.',
  explanation: [
    "Directly, or through Tor's SOCKS port for an onion target, and with TLS where the target has it. The error says which of these failed. For an onion target this node's Tor must run.",
    '`--json` prints `target` (`mode`, `route`, `tls`) and `steps` (`step`, `ms`, `detail`).',
  ],
  options: { ...configOptions, ...jsonOption },
  run: async (args, world) => {
    const { runDebugConnect } = await import('../debug/connect.js');
    await runDebugConnect(args, world);
  },
});
