import yargs from 'yargs';
import type { Argv, Options } from 'yargs';
import { commandsFor } from './commands.js';
import type { Command } from './command.js';
import { EXIT_CODES } from '@rustbalance/supervisor/exit-codes.js';
import { reportFailure, usageError } from './failure.js';
import type { AnyOption } from './options.js';
import { VERSION } from './version.js';
import type { CliWorld } from './world.js';

/** Words under which several commands stand. */
const GROUPS: Readonly<Record<string, string>> = {
  chaos: 'Damages a running daemon on purpose.',
  debug: 'Looks at one part of a node.',
  token: 'Makes, lists and revokes join tokens.',
};

const HELP_COLUMNS = 100;

const yargsOption = (option: AnyOption): Options => {
  const text = option.description;
  switch (option.kind) {
    case 'flag':
      return { type: 'boolean', description: text };
    case 'list':
      return { type: 'string', array: true, requiresArg: true, description: text };
    case 'text':
    case 'number':
    case 'choice':
      // Numbers and choices are read by readOption: it says what is allowed in one line.
      return {
        type: 'string',
        requiresArg: true,
        description: text,
        demandOption: option.presence === 'required',
        ...(option.presence === 'default' ? { defaultDescription: String(option.fallback) } : {}),
      };
  }
};

const usageWords = (command: Command): string =>
  [
    command.words.at(-1),
    ...Object.entries(command.options)
      .filter(([, option]) => option.positional === true)
      .map(([name, option]) =>
        'presence' in option && option.presence === 'required' ? `<${name}>` : `[${name}]`,
      ),
  ].join(' ');

const addOptions = (parser: Argv, command: Command): void => {
  for (const [name, option] of Object.entries(command.options)) {
    if (option.positional === true) {
      parser.positional(name, { type: 'string', describe: hinted(option, undefined) });
    } else {
      const { metavar } = option;
      parser.option(name, yargsOption({ ...option, description: hinted(option, metavar) }));
    }
  }
};

const hinted = (option: AnyOption, metavar: string | undefined): string => {
  const allowed = option.kind === 'choice' ? ` (${option.choices.join(', ')})` : '';
  return `${metavar === undefined ? '' : `${metavar}: `}${option.description}${allowed}`;
};

interface Chosen {
  readonly command: Command;
  readonly parsed: Readonly<Record<string, unknown>>;
}

const buildParser = (
  world: CliWorld,
  commands: readonly Command[],
  choose: (chosen: Chosen) => void,
): Argv => {
  const parser = yargs([])
    .scriptName(world.programName)
    .locale('en')
    .wrap(HELP_COLUMNS)
    .version(VERSION)
    .help()
    .exitProcess(false)
    .strict()
    .recommendCommands()
    .demandCommand(1, 'a command is missing')
    .parserConfiguration({
      'boolean-negation': false,
      'greedy-arrays': false,
      'dot-notation': false,
      'camel-case-expansion': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .epilogue('Exit codes: 0 good, 1 failure, 2 usage, 70 an actor failed too often, 78 configuration.')
    .fail((message: string | null, error: Error | undefined) => {
      throw usageError(world.programName, oneLine(message ?? error?.message ?? 'the command line is wrong'));
    });
  const addCommand = (into: Argv, command: Command): void => {
    into.command(
      usageWords(command),
      command.summary,
      (inner) => {
        addOptions(inner, command);
      },
      (parsed) => {
        choose({ command, parsed });
      },
    );
  };
  for (const command of commands.filter(({ words }) => words.length === 1)) addCommand(parser, command);
  for (const [word, summary] of Object.entries(GROUPS)) {
    const members = commands.filter(({ words }) => words[0] === word);
    if (members.length === 0) continue;
    parser.command(word, summary, (inner) => {
      for (const command of members) addCommand(inner, command);
      inner.demandCommand(1, `a command is missing after ${word}`);
    });
  }
  return parser;
};

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ').trim();

/**
 * Runs one command line.
 * @param argv without the program's own name
 * @returns the exit code; everything that is to be said has been said
 */
export const runProgram = async (argv: readonly string[], world: CliWorld): Promise<number> => {
  const asJson = argv.includes('--json');
  try {
    let chosen: Chosen | null = null as Chosen | null;
    let helpText = '';
    const parser = buildParser(world, await commandsFor(argv), (one) => {
      chosen = one;
    });
    await parser.parseAsync([...argv], {}, (_error: unknown, _parsed: unknown, output: string) => {
      helpText = output;
    });
    if (chosen === null) {
      world.print(`${helpText}\n`);
      return EXIT_CODES.good;
    }
    const { command, parsed } = chosen;
    const words = Array.isArray(parsed['_']) ? parsed['_'].length : 0;
    if (words > command.words.length) {
      throw usageError([world.programName, ...command.words].join(' '), 'there are words too many');
    }
    await command.run(parsed, world);
    return EXIT_CODES.good;
  } catch (error) {
    return reportFailure(error, world, asJson);
  }
};
