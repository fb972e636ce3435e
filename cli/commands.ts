import type { Command, UnnamedCommand } from './command.js';

/** Where a command stands among the words of the command line, and where its code is. */
interface CommandPlace {
  readonly words: readonly string[];
  load(): Promise<Command>;
}

const at = <Module>(
  words: readonly string[],
  load: () => Promise<Module>,
  command: (module: Module) => UnnamedCommand,
): CommandPlace => ({ words, load: async () => command(await load())(words) });

/** Every command of the program, in the order of the help. */
const PLACES: readonly CommandPlace[] = [
  at(
    ['init'],
    () => import('./commands/init.js'),
    (module) => module.initCommand,
  ),
  at(
    ['join'],
    () => import('./commands/join.js'),
    (module) => module.joinCommand,
  ),
  at(
    ['run'],
    () => import('./commands/run.js'),
    (module) => module.runCommand,
  ),
  at(
    ['status'],
    () => import('./commands/status.js'),
    (module) => module.statusCommand,
  ),
  at(
    ['inspect'],
    () => import('./commands/inspect.js'),
    (module) => module.inspectCommand,
  ),
  at(
    ['history'],
    () => import('./commands/history.js'),
    (module) => module.historyCommand,
  ),
  at(
    ['token', 'create'],
    () => import('./commands/token-create.js'),
    (module) => module.tokenCreateCommand,
  ),
  at(
    ['token', 'list'],
    () => import('./commands/token-list.js'),
    (module) => module.tokenListCommand,
  ),
  at(
    ['token', 'revoke'],
    () => import('./commands/token-revoke.js'),
    (module) => module.tokenRevokeCommand,
  ),
  at(
    ['drain'],
    () => import('./commands/drain.js'),
    (module) => module.drainCommand,
  ),
  at(
    ['undrain'],
    () => import('./commands/drain.js'),
    (module) => module.undrainCommand,
  ),
  at(
    ['remove'],
    () => import('./commands/remove.js'),
    (module) => module.removeCommand,
  ),
  at(
    ['chaos', 'kill'],
    () => import('./commands/chaos-kill.js'),
    (module) => module.chaosKillCommand,
  ),
  at(
    ['debug', 'show-onion'],
    () => import('./commands/debug-show-onion.js'),
    (module) => module.debugShowOnionCommand,
  ),
  at(
    ['debug', 'tor'],
    () => import('./commands/debug-tor.js'),
    (module) => module.debugTorCommand,
  ),
  at(
    ['debug', 'connect'],
    () => import('./commands/debug-connect.js'),
    (module) => module.debugConnectCommand,
  ),
  at(
    ['debug', 'fetch'],
    () => import('./commands/debug-fetch.js'),
    (module) => module.debugFetchCommand,
  ),
  at(
    ['debug', 'descriptor'],
    () => import('./commands/debug-descriptor.js'),
    (module) => module.debugDescriptorCommand,
  ),
];

const loaded = (places: readonly CommandPlace[]): Promise<readonly Command[]> =>
  Promise.all(places.map((place) => place.load()));

export const allCommands = (): Promise<readonly Command[]> => loaded(PLACES);

/**
 * The command that the words begin with, alone; every command where they begin with none. The code of all of them takes as
 * long to load as the daemon's, and after a crash clients wait for that.
 */
export const commandsFor = (argv: readonly string[]): Promise<readonly Command[]> => {
  const meant = PLACES.filter(({ words }) => words.every((word, index) => argv[index] === word));
  return loaded(meant.length > 0 ? meant : PLACES);
};
