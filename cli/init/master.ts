import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import type { IdentityKeys } from '@rustbalance/crypto-worker/task-types.js';
import { parseVanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';
import type { VanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';
import { errorData, rbError } from '@rustbalance/actors/kernel/errors.js';
import { pathArgument } from '../config-loading.js';
import { UsageError, usageError } from '../failure.js';
import { readArgumentFile } from '../small-file.js';
import { startProgress } from '../vanity/progress.js';
import { searchVanityIdentity } from '../vanity/search.js';
import type { CliWorld } from '../world.js';

/** Where the master key comes from. */
export type MasterSource =
  | { readonly from: 'file'; readonly file: string }
  | { readonly from: 'search'; readonly prefix: VanityPrefix }
  | { readonly from: 'chance' };

/** No key or token file is larger. */
export const MAX_KEY_FILE = 4096;

/** @throws UsageError for a prefix that no address can have, or one beside an imported key */
export const masterSource = (
  importKey: string | undefined,
  vanityPrefix: string | undefined,
  world: CliWorld,
): MasterSource => {
  if (vanityPrefix === undefined) {
    return importKey === undefined
      ? { from: 'chance' }
      : { from: 'file', file: pathArgument(importKey, world) };
  }
  if (importKey !== undefined) {
    throw usageError('rustbalance init', '--vanity-prefix makes a new key, --import-key takes one: give one');
  }
  const prefix = parseVanityPrefix(vanityPrefix);
  if (!('kind' in prefix)) return { from: 'search', prefix };
  const reason =
    prefix.kind === 'alphabet'
      ? `holds ${[...prefix.foreign].map((one) => JSON.stringify(one)).join(', ')}`
      : `has ${vanityPrefix === '' ? 'no characters' : `more than ${String(prefix.longest)} characters`}`;
  throw new UsageError([errorData('init.bad-prefix', '--vanity-prefix', { reason })]);
};

const search = async (
  prefix: VanityPrefix,
  world: CliWorld,
  interrupted: AbortSignal,
  quiet: boolean,
): Promise<IdentityKeys> => {
  const progress = startProgress(prefix, {
    isTerminal: world.isTerminal,
    clock: world.clock,
    write: (text) => {
      if (!quiet) world.complain(text);
    },
  });
  try {
    const found = await searchVanityIdentity({
      prefix,
      threads: world.processors(),
      random: world.random,
      interrupted,
      onProgress: progress.keys,
    });
    if (found === null) throw rbError('init.interrupted', '--vanity-prefix');
    return found;
  } finally {
    progress.end();
  }
};

/**
 * The master identity.
 *
 * @param quiet shows no progress
 * @throws RbError cli.file-unreadable, init.bad-key, init.interrupted
 */
export const makeMaster = async (
  source: MasterSource,
  world: CliWorld,
  interrupted: AbortSignal,
  quiet: boolean,
): Promise<IdentityKeys> => {
  switch (source.from) {
    case 'chance':
      return generateIdentity(world.random.bytes(32));
    case 'search':
      return search(source.prefix, world, interrupted, quiet);
    case 'file': {
      const imported = importIdentity(await readArgumentFile(source.file, MAX_KEY_FILE));
      if (!imported.ok) throw rbError('init.bad-key', source.file, { reason: imported.detail });
      return imported.value;
    }
  }
};
