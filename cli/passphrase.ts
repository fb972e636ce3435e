import { decodeText } from '@rustbalance/actors/kernel/config/read-file.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import type { PassphraseSeal } from '@rustbalance/actors/election/join/embedded-key.js';
import { PASSPHRASE_SALT_BYTES } from '@rustbalance/crypto-worker/keys/passphrase-parameters.js';
import type { PassphraseKey } from '@rustbalance/crypto-worker/keys/passphrase-parameters.js';
import { pathArgument } from './config-loading.js';
import { usageError } from './failure.js';
import type { OptionTable } from './options.js';
import { readArgumentFile } from './small-file.js';
import type { CliWorld } from './world.js';

/** Where a passphrase comes from, when nobody types it. It never is an argument: others can read those. */
export interface PassphraseArgs {
  readonly 'passphrase-file': string | undefined;
  readonly 'passphrase-fd': number | undefined;
}

export const passphraseOptions: OptionTable<PassphraseArgs> = {
  'passphrase-file': {
    kind: 'text',
    presence: 'optional',
    metavar: 'FILE',
    description: 'A file whose one line is the passphrase; asked for on the terminal if absent.',
  },
  'passphrase-fd': {
    kind: 'number',
    presence: 'optional',
    minimum: 0,
    maximum: 1023,
    metavar: 'N',
    description: 'An open file descriptor to read the passphrase from.',
  },
};

const LONGEST_PASSPHRASE = 1024;
/**
 * Whoever has the token can guess at his leisure: 2 seconds of one core for ten guesses. Sixteen characters of which eight
 * differ keep out what people choose without thinking; no rule can tell a good passphrase.
 */
const FEWEST_CHARACTERS = 16;
const FEWEST_DIFFERENT = 8;

const characters = (passphrase: string): readonly string[] => [...passphrase.normalize('NFKC')];

/** What is wrong with a passphrase that shall guard the master key; null: nothing that a rule can tell. */
export const weakness = (passphrase: string): string | null => {
  const all = characters(passphrase);
  const different = new Set(all).size;
  if (all.length < FEWEST_CHARACTERS) return `it has ${String(all.length)} characters`;
  return different < FEWEST_DIFFERENT ? `only ${String(different)} of its characters differ` : null;
};

const refuse = (where: string, reason: string): Error =>
  rbError('cli.passphrase-unreadable', where, { reason, most: LONGEST_PASSPHRASE });

const lineOf = (bytes: Uint8Array, where: string): string => {
  let text = '';
  try {
    text = decodeText(bytes);
  } catch {
    throw refuse(where, 'it is no UTF-8 text');
  }
  const line = text.replace(/\r?\n$/, '');
  if (line === '') throw refuse(where, 'it is empty');
  if (/[\u0000-\u001f\u007f]/.test(line))
    throw refuse(where, 'it has more than one line, or control characters');
  return line;
};

/** Null: none is given, so somebody must be asked. */
const givenPassphrase = async (args: PassphraseArgs, world: CliWorld): Promise<string | null> => {
  const { 'passphrase-file': file, 'passphrase-fd': descriptor } = args;
  if (file !== undefined && descriptor !== undefined) {
    throw usageError(world.programName, '--passphrase-file and --passphrase-fd exclude each other');
  }
  if (descriptor !== undefined) {
    const where = `descriptor ${String(descriptor)}`;
    const bytes = await world.readDescriptor(descriptor, LONGEST_PASSPHRASE + 1);
    if (bytes === null) throw refuse(where, 'it cannot be read');
    if (bytes.length > LONGEST_PASSPHRASE) throw refuse(where, 'it is too long');
    return lineOf(bytes, where);
  }
  if (file === undefined) return null;
  const path = pathArgument(file, world);
  return lineOf(await readArgumentFile(path, LONGEST_PASSPHRASE), path);
};

const ask = async (question: string, world: CliWorld): Promise<string> => {
  const typed = await world.askSecret(question);
  if (typed === null) throw rbError('cli.passphrase-missing', 'passphrase');
  return lineOf(Buffer.from(typed, 'utf8'), 'passphrase');
};

/** Native code is loaded where it is needed. */
const keyOf = async (passphrase: string, salt: Uint8Array): Promise<PassphraseKey> => {
  const { passphraseKey } = await import('@rustbalance/crypto-worker/keys/passphrase-key.js');
  return passphraseKey(passphrase, salt);
};

/**
 * A new passphrase, typed twice where somebody types it, made into a key.
 *
 * @throws RbError cli.passphrase-missing, -weak, -differs, -unreadable, cli.file-unreadable
 */
export const newPassphraseSeal = async (args: PassphraseArgs, world: CliWorld): Promise<PassphraseSeal> => {
  const given = await givenPassphrase(args, world);
  const passphrase = given ?? (await ask('Passphrase that shall guard the master key: ', world));
  const problem = weakness(passphrase);
  if (problem !== null) {
    throw rbError('cli.passphrase-weak', 'passphrase', {
      problem,
      characters: FEWEST_CHARACTERS,
      different: FEWEST_DIFFERENT,
    });
  }
  if (given === null && (await ask('The same once more: ', world)) !== passphrase) {
    throw rbError('cli.passphrase-differs', 'passphrase');
  }
  const salt = world.random.bytes(PASSPHRASE_SALT_BYTES);
  return { key: await keyOf(passphrase, salt), salt };
};

/** The key of a passphrase that exists. @throws RbError cli.passphrase-missing, -unreadable, cli.file-unreadable */
export const knownPassphraseKey = async (
  args: PassphraseArgs,
  salt: Uint8Array,
  world: CliWorld,
): Promise<PassphraseKey> =>
  keyOf((await givenPassphrase(args, world)) ?? (await ask('Passphrase of the join token: ', world)), salt);
