import { allCommands } from './commands.js';
import type { Command } from './command.js';
import type { AnyOption } from './options.js';

const cell = (text: string): string => text.replaceAll('|', '\\|');

const isRequired = (option: AnyOption): boolean => 'presence' in option && option.presence === 'required';

const metavar = (name: string, option: AnyOption): string => {
  if (option.kind === 'flag') return '';
  return ` ${option.metavar ?? name.toUpperCase()}`;
};

const usage = (command: Command): string => {
  const words = Object.entries(command.options).map(([name, option]) => {
    if (option.positional === true) return isRequired(option) ? `<${name}>` : `[${name}]`;
    return isRequired(option) ? `--${name}${metavar(name, option)}` : null;
  });
  return ['rustbalance', ...command.words, ...words.filter((word) => word !== null), '[options]'].join(' ');
};

const fallback = (option: AnyOption): string => {
  if (isRequired(option)) return 'required';
  return 'presence' in option && option.presence === 'default' ? `\`${String(option.fallback)}\`` : '';
};

const choices = (option: AnyOption): string =>
  option.kind === 'choice' ? ` One of ${option.choices.map((choice) => `\`${choice}\``).join(', ')}.` : '';

const row = ([name, option]: readonly [string, AnyOption]): string => {
  const shown = option.positional === true ? `\`${name}\`` : `\`--${name}${metavar(name, option)}\``;
  return `| ${shown} | ${fallback(option)} | ${cell(option.description)}${choices(option)} |`;
};

const section = (command: Command): readonly string[] => [
  '',
  `## ${command.words.join(' ')}`,
  '',
  command.summary,
  '',
  '```',
  usage(command),
  '```',
  ...command.explanation.flatMap((paragraph) => ['', paragraph]),
  '',
  '| argument | default | meaning |',
  '| --- | --- | --- |',
  ...Object.entries(command.options).map(row),
];

/** docs/commands.md. */
export const commandsReference = async (): Promise<string> =>
  [
    '# Commands',
    '',
    '<!-- Generated from cli/commands/ by `npm run docs`. -->',
    '',
    'One program with two names, `rustbalance` and `rbctl`. Every command takes `--help`.',
    '',
    '| exit code | meaning |',
    '| --- | --- |',
    '| 0 | good |',
    '| 1 | it failed; one line on standard error says what, where, and what to do |',
    '| 2 | the command line is wrong |',
    '| 70 | `run`: an actor failed more often than `[supervisor]` allows |',
    '| 78 | the configuration, or a file that it names, is wrong |',
    '',
    'With `RUSTBALANCE_DEBUG=1` in the environment an error is followed by its stack, for developers.',
    ...(await allCommands()).flatMap(section),
    '',
  ].join('\n');
