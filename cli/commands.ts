import type { Command } from './command.js';
import { chaosKillCommand } from './commands/chaos-kill.js';
import { debugConnectCommand } from './commands/debug-connect.js';
import { debugDescriptorCommand } from './commands/debug-descriptor.js';
import { debugFetchCommand } from './commands/debug-fetch.js';
import { debugShowOnionCommand } from './commands/debug-show-onion.js';
import { debugTorCommand } from './commands/debug-tor.js';
import { historyCommand } from './commands/history.js';
import { drainCommand, undrainCommand } from './commands/drain.js';
import { initCommand } from './commands/init.js';
import { inspectCommand } from './commands/inspect.js';
import { joinCommand } from './commands/join.js';
import { removeCommand } from './commands/remove.js';
import { runCommand } from './commands/run.js';
import { statusCommand } from './commands/status.js';
import { tokenCreateCommand } from './commands/token-create.js';
import { tokenListCommand } from './commands/token-list.js';
import { tokenRevokeCommand } from './commands/token-revoke.js';

/** Every command of the program, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  initCommand,
  joinCommand,
  runCommand,
  statusCommand,
  inspectCommand,
  historyCommand,
  tokenCreateCommand,
  tokenListCommand,
  tokenRevokeCommand,
  drainCommand,
  undrainCommand,
  removeCommand,
  chaosKillCommand,
  debugShowOnionCommand,
  debugTorCommand,
  debugConnectCommand,
  debugFetchCommand,
  debugDescriptorCommand,
];
