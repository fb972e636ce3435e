import { readTokenText } from '@rustbalance/actors/election/join/token-reading.js';
import type { JoinToken } from '@rustbalance/actors/election/join/token-text.js';
import { LONGEST_EMBEDDED_TOKEN } from '@rustbalance/actors/election/join/token-text.js';
import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { pathArgument } from '../config-loading.js';
import { usageError } from '../failure.js';
import { readArgumentFile } from '../small-file.js';
import type { CliWorld } from '../world.js';

/** A token that was folded into lines is longer than its characters. */
const LONGEST_INPUT = 2 * LONGEST_EMBEDDED_TOKEN;

const textOf = async (
  argument: string | undefined,
  file: string | undefined,
  world: CliWorld,
): Promise<string> => {
  if (argument !== undefined && file !== undefined) {
    throw usageError(`${world.programName} join`, 'the token is given twice');
  }
  if (argument !== undefined) return argument;
  if (file === undefined) return world.readInput('Join token: ', LONGEST_INPUT);
  return Buffer.from(await readArgumentFile(pathArgument(file, world), LONGEST_INPUT)).toString('utf8');
};

/**
 * The join token from the argument, the file, or else standard input, which other users cannot see in a list of processes.
 *
 * @throws RbError join.token-damaged, join.token-version, join.token-expired; cli.file-unreadable
 */
export const tokenFrom = async (
  argument: string | undefined,
  file: string | undefined,
  world: CliWorld,
): Promise<JoinToken> => {
  const text = await textOf(argument, file, world);
  const reading = readTokenText(text, Math.floor(world.clock.wallMs() / 1000));
  if (!reading.ok) throw new RbError(reading.error);
  return reading.token;
};
