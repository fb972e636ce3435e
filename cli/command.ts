import type { AnyOptionTable, OptionTable } from './options.js';
import { readOption } from './options.js';
import { usageError } from './failure.js';
import type { CliWorld } from './world.js';

interface CommandText {
  /** One sentence for lists of commands. */
  readonly summary: string;
  /** What the reference says beyond the summary, in paragraphs. */
  readonly explanation: readonly string[];
}

export interface CommandDefinition<Args> extends CommandText {
  readonly options: OptionTable<Args>;
  /** Throws ConfigError, UsageError or RbError; what else it throws is a mistake of ours. */
  run(args: Args, world: CliWorld): Promise<void>;
}

/** A command, its own argument type forgotten. */
export interface Command extends CommandText {
  /** The words that call it: `['debug', 'tor']`. */
  readonly words: readonly string[];
  readonly options: AnyOptionTable;
  run(parsed: Readonly<Record<string, unknown>>, world: CliWorld): Promise<void>;
}

/** What it is called, commands.ts says: it must be known before the code is loaded. */
export type UnnamedCommand = (words: readonly string[]) => Command;

/** Makes a command out of its definition: what the parser gives is checked against the table before it runs. */
export const defineCommand = <Args>(definition: CommandDefinition<Args>): UnnamedCommand => {
  const { summary, explanation } = definition;
  const options: AnyOptionTable = definition.options as AnyOptionTable;
  return (words) => ({
    words,
    summary,
    explanation,
    options,
    run: async (parsed, world) => {
      const name = [world.programName, ...words].join(' ');
      const args: Record<string, unknown> = {};
      for (const [key, option] of Object.entries(options)) {
        const read = readOption(key, option, parsed[key]);
        if ('refusal' in read) throw usageError(name, read.refusal);
        args[key] = read.value;
      }
      await definition.run(args as Args, world);
    },
  });
};
