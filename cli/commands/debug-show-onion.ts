import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readFailure } from '@rustbalance/actors/kernel/config/load.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { defineCommand } from '../command.js';
import { jsonOption } from '../common-options.js';
import type { JsonArgs } from '../common-options.js';
import { pathArgument } from '../config-loading.js';
import { identityIn } from '../debug/onion-of.js';
import type { FoundIdentity } from '../debug/onion-of.js';
import { readArgumentFile } from '../small-file.js';

interface ShowOnionArgs extends JsonArgs {
  readonly path: string;
}

const MAX_KEY_FILE = 4096;

const identityInFile = async (file: string): Promise<FoundIdentity> => {
  const found = identityIn(await readArgumentFile(file, MAX_KEY_FILE));
  if (!found.ok)
    throw rbError('cli.no-key-file', file, { command: 'debug show-onion', reason: found.detail });
  return found.value;
};

/** The files of a HiddenServiceDir that name its address. */
const DIRECTORY_FILES = ['hs_ed25519_secret_key', 'hs_ed25519_public_key', 'hostname'] as const;

const existing = async (files: readonly string[]): Promise<readonly string[]> => {
  const present = await Promise.all(
    files.map((file) =>
      stat(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return files.filter((_, index) => present[index]);
};

const identityInDirectory = async (dir: string): Promise<FoundIdentity> => {
  const files = await existing(DIRECTORY_FILES.map((name) => join(dir, name)));
  const found = await Promise.all(files.map(identityInFile));
  const [first] = found;
  if (first === undefined) {
    const reason = 'the directory holds neither a key nor a hostname file';
    throw rbError('cli.no-key-file', dir, { command: 'debug show-onion', reason });
  }
  const other = found.findIndex(({ address }) => address !== first.address);
  if (other > 0) {
    throw rbError('cli.key-mismatch', dir, { first: files[0] ?? '', second: files[other] ?? '' });
  }
  return first;
};

export const debugShowOnionCommand = defineCommand<ShowOnionArgs>({
  summary: 'Prints the onion address that a key belongs to.',
  explanation: [
    "Takes a HiddenServiceDir (and checks that its files belong together), or one file: Tor's `hs_ed25519_secret_key`, `hs_ed25519_public_key` or `hostname`, a 64-byte expanded key or a 32-byte seed. No daemon is needed.",
    '`--json` prints `onion_address` and `form`.',
  ],
  options: {
    path: {
      kind: 'text',
      presence: 'required',
      positional: true,
      description: 'Key file or HiddenServiceDir.',
    },
    ...jsonOption,
  },
  run: async (args, world) => {
    const path = pathArgument(args.path, world);
    const isDirectory = await stat(path).then(
      (entry) => entry.isDirectory(),
      (error: unknown) => {
        throw rbError('cli.file-unreadable', path, { reason: readFailure(error) }, error);
      },
    );
    const found = isDirectory ? await identityInDirectory(path) : await identityInFile(path);
    const output = { onion_address: `${found.address}.onion`, form: found.form };
    world.print(args.json ? `${JSON.stringify(output)}\n` : `${output.onion_address}\n`);
  },
});
