import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type {
  ExpandedSecretKey,
  IdentityPublicKey,
  OnionAddress,
} from '@rustbalance/crypto-worker/brands.js';
import type { HiddenServiceFiles, IdentityKeys } from '@rustbalance/crypto-worker/task-types.js';
import type { ActorContext } from '../kernel/actor.js';
import { errorData, RbError, rbError, type ErrorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import type { Random } from '../kernel/random.js';
import { Secret } from '../kernel/redact.js';
import { removeLeftovers } from '../kernel/temporary-file.js';
import { readIfThere } from './private-files.js';
import {
  makeServiceDirectory,
  reasonOf,
  SECRET_FILE,
  serviceFault,
  writeDiffering,
} from './service-files.js';

/** What the rest of the actor knows of the instance. */
export interface Instance {
  readonly address: OnionAddress;
  readonly publicKey: IdentityPublicKey;
  /** Expanded secret key: the counters of Tor's own descriptors are dated with it. */
  readonly secret: Secret;
  /** Changes whenever identity or master address change, and discloses neither. */
  readonly mark: string;
}

export interface InstanceFilesOptions {
  readonly directory: string;
  readonly masterAddress: OnionAddress;
  readonly crypto: ActorContext<'tor'>['crypto'];
  readonly random: Random;
  readonly log: Logger;
}

const OB_CONFIG = 'ob_config';
const SEED_BYTES = 32;
/** Tor's tagged file: 32 bytes of header, 64 of expanded key. */
const SECRET_FILE_BYTES = 96;

const pooled = <T>(where: string, result: { ok: true; value: T } | { ok: false; detail: string }): T => {
  if (result.ok) return result.value;
  throw rbError('tor.instance-key-damaged', where, { problem: result.detail });
};

const importSecret = async (
  path: string,
  bytes: Uint8Array,
  crypto: InstanceFilesOptions['crypto'],
): Promise<IdentityKeys> => {
  if (bytes.length !== SECRET_FILE_BYTES) {
    const problem = `it has ${String(bytes.length)} bytes instead of ${String(SECRET_FILE_BYTES)}`;
    throw rbError('tor.instance-key-damaged', path, { problem });
  }
  return pooled(path, await crypto('importIdentity', { bytes }));
};

const fileList = (
  files: HiddenServiceFiles,
  masterAddress: OnionAddress,
): (readonly [string, Uint8Array])[] => [
  [SECRET_FILE, files.hs_ed25519_secret_key],
  ['hs_ed25519_public_key', files.hs_ed25519_public_key],
  ['hostname', files.hostname],
  // Tor reads this when the service is first loaded, and an empty file crashes it: it is whole or absent.
  [OB_CONFIG, Buffer.from(`MasterOnionAddress ${masterAddress}.onion\n`)],
];

const markOf = (publicKey: Uint8Array, masterAddress: string): string =>
  createHash('sha256').update('instance').update(publicKey).update(masterAddress).digest('hex').slice(0, 32);

const prepare = async (options: InstanceFilesOptions): Promise<Instance> => {
  const { directory, masterAddress, crypto, random, log } = options;
  const secretPath = join(directory, SECRET_FILE);
  const owner = await makeServiceDirectory(directory);
  await removeLeftovers(secretPath);
  const found = await readIfThere(secretPath);
  const identity =
    found === null
      ? pooled(secretPath, await crypto('generateIdentity', { seed: random.bytes(SEED_BYTES) }))
      : await importSecret(secretPath, found, crypto);
  // A key that this process made cannot be it.
  if (identity.address === masterAddress) throw rbError('tor.instance-is-master', directory);
  const files = pooled(secretPath, await crypto('hiddenServiceFiles', { secret: identity.secret }));
  const written = await writeDiffering(directory, fileList(files, masterAddress), owner);
  if (found === null) log.info("made the identity of this node's instance", { directory });
  else if (written.length > 0)
    log.warn("restored files of this node's instance", { directory, files: written.join(', ') });
  return {
    address: identity.address,
    publicKey: identity.publicKey,
    secret: new Secret(identity.secret),
    mark: markOf(identity.publicKey, masterAddress),
  };
};

/** The names of the instance's files that are missing or not what this process has in memory. */
export const differingFiles = async (
  { directory, masterAddress, crypto }: Omit<InstanceFilesOptions, 'random' | 'log'>,
  { secret }: Pick<Instance, 'secret'>,
): Promise<readonly string[]> => {
  const bytes = secret.reveal() as ExpandedSecretKey;
  const files = pooled(directory, await crypto('hiddenServiceFiles', { secret: bytes }));
  const names = await Promise.all(
    fileList(files, masterAddress).map(async ([name, wanted]) => {
      const found = await readIfThere(join(directory, name));
      return found !== null && Buffer.compare(found, wanted) === 0 ? [] : [name];
    }),
  );
  return names.flat();
};

/** Writes the instance's files again that are missing or differ, from what this process has in memory. */
export const rewriteInstance = async (
  { directory, masterAddress, crypto, log }: Omit<InstanceFilesOptions, 'random'>,
  { secret }: Pick<Instance, 'secret'>,
): Promise<readonly string[]> => {
  const bytes = secret.reveal() as ExpandedSecretKey;
  const owner = await makeServiceDirectory(directory);
  const files = pooled(directory, await crypto('hiddenServiceFiles', { secret: bytes }));
  const written = await writeDiffering(directory, fileList(files, masterAddress), owner);
  if (written.length > 0) {
    log.warn("restored files of this node's instance", { directory, files: written.join(', ') });
  }
  return written;
};

/**
 * Why a Tor that loads this directory now would fail, or would serve another address: what is missing or unfit. Null
 * when all is there. For the moments after the start, when somebody may have changed it.
 */
export const instanceFault = async (directory: string, torUid: number): Promise<ErrorData | null> => {
  const fault = await serviceFault(directory, [SECRET_FILE, OB_CONFIG], torUid);
  if (fault?.kind === 'file') return errorData('tor.instance-files', directory, { reason: fault.reason });
  return fault?.error ?? null;
};

/**
 * The identity of this node's instance, made at the first start: keys, hostname, and the ob_config that names the
 * master address, in a directory of mode 0700. What is missing or damaged beside the secret key is restored from it;
 * a damaged secret key is never overwritten.
 *
 * Throws RbError `tor.directory-unusable`, `tor.instance-key-damaged`, `tor.instance-is-master` or
 * `tor.instance-files`.
 */
export const prepareInstance = async (options: InstanceFilesOptions): Promise<Instance> => {
  try {
    return await prepare(options);
  } catch (error) {
    if (error instanceof RbError) throw error;
    throw rbError('tor.instance-files', options.directory, { reason: reasonOf(error) }, error);
  }
};
