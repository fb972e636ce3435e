import type { Command } from './command.js';
import { chaosKillCommand } from './commands/chaos-kill.js';
import { debugConnectCommand } from './commands/debug-connect.js';
import { debugDescriptorCommand } from './commands/debug-descriptor.js';
import { debugFetchCommand } from './commands/debug-fetch.js';
import { debugShowOnionCommand } from './commands/debug-show-onion.js';
import { debugTorCommand } from './commands/debug-tor.js';
import { initCommand } from './commands/init.js';
import { inspectCommand } from './commands/inspect.js';
import { runCommand } from './commands/run.js';
import { statusCommand } from './commands/status.js';

/** Every command of the program, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  initCommand,
  runCommand,
  statusCommand,
  inspectCommand,
  chaosKillCommand,
  debugShowOnionCommand,
  debugTorCommand,
  debugConnectCommand,
  debugFetchCommand,
  debugDescriptorCommand,
];
