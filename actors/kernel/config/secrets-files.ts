import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import { errorData } from '../errors.js';
import type { ErrorCode, ErrorData, ErrorDetail } from '../errors.js';
import { Secret } from '../redact.js';
import type { ActorSecrets } from '../secrets.js';
import { readFailure } from './load.js';
import type { FileFacts } from './read-file.js';
import type { Config } from './schema.js';
import { clusterTokenIn, nodeKeyIn, wireguardKeyIn } from './secret-texts.js';

/** What reading secrets needs of the world. */
export interface SecretsWorld {
  /** Rejects with an Error that has a system `code`. */
  readFacts(path: string, maxBytes: number): Promise<FileFacts>;
  /** Effective user id of this process. */
  readonly uid: number;
  /** Its name, for the chown line to run. */
  readonly userName: string;
  /** $CREDENTIALS_DIRECTORY of systemd, whose files have owners and modes of their own; null without it. */
  readonly credentialsDirectory: string | null;
}

export type SecretsOutcome =
  | { readonly ok: true; readonly secrets: ActorSecrets; readonly warnings: readonly ErrorData[] }
  | { readonly ok: false; readonly problems: readonly ErrorData[] };

/** No key or token file is larger. */
const MAX_SECRET_BYTES = 4096;

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorData };

const refuse = <T>(code: ErrorCode, file: string, key: string, detail: ErrorDetail = {}): Read<T> => ({
  ok: false,
  error: errorData(code, file, { key, file, ...detail }),
});

const isCredential = (world: SecretsWorld, file: string): boolean =>
  world.credentialsDirectory !== null &&
  file.startsWith(`${world.credentialsDirectory.replace(/\/+$/, '')}/`) &&
  !file.includes('/../');

/**
 * The content of a file that only we may read. Root may also own it, and root itself may read anybody's; what
 * systemd put into its credentials directory is not judged (252 and 257 give it different owners and modes).
 */
const readPrivate = async (world: SecretsWorld, key: string, file: string): Promise<Read<Uint8Array>> => {
  let facts: FileFacts;
  try {
    facts = await world.readFacts(file, MAX_SECRET_BYTES);
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return refuse('secret.unreadable', file, key, { reason: readFailure(error), missing });
  }
  if (isCredential(world, file)) return { ok: true, value: facts.bytes };
  if ((facts.mode & 0o077) !== 0) {
    return refuse('secret.too-open', file, key, { mode: facts.mode.toString(8).padStart(4, '0') });
  }
  if (world.uid !== 0 && facts.uid !== world.uid && facts.uid !== 0) {
    return refuse('secret.wrong-owner', file, key, { uid: facts.uid, owner: world.userName });
  }
  return { ok: true, value: facts.bytes };
};

const NOTHING: Read<Secret | null> = { ok: true, value: null };

const masterKeyIn = async (
  world: SecretsWorld,
  config: Config,
  key: string,
  file: string,
): Promise<Read<Secret | null>> => {
  const { onion_address: address } = config.master;
  const read = await readPrivate(world, key, file);
  if (!read.ok) return read;
  const imported = importIdentity(read.value);
  if (!imported.ok) return refuse('secret.bad-master-key', file, key, { reason: imported.detail });
  if (`${imported.value.address}.onion` !== address) return refuse('secret.foreign-master-key', file, key);
  return { ok: true, value: new Secret(imported.value.secret) };
};

/** Lost or damaged. One that is open to others, or another's, is somebody's mistake, which a copy would only hide. */
const isLost = ({ code, detail }: ErrorData): boolean =>
  code === 'secret.bad-master-key' || (code === 'secret.unreadable' && detail['missing'] === true);

/** The key, or its copy where the key is lost; the running daemon then writes the file again (publisher/key-file.ts). */
const masterKey = async (
  world: SecretsWorld,
  config: Config,
): Promise<Read<Secret | null> & { readonly warning?: ErrorData }> => {
  const { identity_key_path: file, backup_key_path: backup } = config.master;
  if (file === '') return NOTHING;
  const first = await masterKeyIn(world, config, 'master.identity_key_path', file);
  if (first.ok || backup === '' || !isLost(first.error)) return first;
  const copy = await masterKeyIn(world, config, 'master.backup_key_path', backup);
  if (!copy.ok) return first;
  const detail = { file, backup, reason: first.error.what };
  return { ...copy, warning: errorData('secret.master-key-from-backup', file, detail) };
};

const nodeKey = async (world: SecretsWorld, config: Config): Promise<Read<Secret | null>> => {
  const key = 'node.key_path';
  const file = config.node.key_path;
  const read = await readPrivate(world, key, file);
  if (!read.ok) return read;
  const seed = nodeKeyIn(read.value);
  return seed === null ? refuse('secret.bad-node-key', file, key) : { ok: true, value: new Secret(seed) };
};

const secretText = (text: string): Secret => new Secret(new TextEncoder().encode(text));

const clusterToken = async (world: SecretsWorld, config: Config): Promise<Read<Secret | null>> => {
  const { cluster_token: token, cluster_token_file: file } = config.coordination;
  const key = 'coordination.cluster_token_file';
  if (file === '') return token === '' ? NOTHING : { ok: true, value: secretText(token) };
  const read = await readPrivate(world, key, file);
  if (!read.ok) return read;
  const found = clusterTokenIn(read.value);
  return found === null ? refuse('secret.bad-token', file, key) : { ok: true, value: new Secret(found) };
};

const wireguardKey = async (world: SecretsWorld, config: Config): Promise<Read<Secret | null>> => {
  const key = 'wireguard.private_key_path';
  if (config.coordination.mode !== 'wireguard') return NOTHING;
  const file = config.wireguard.private_key_path;
  const read = await readPrivate(world, key, file);
  if (!read.ok) return read;
  const found = wireguardKeyIn(read.value);
  return found === null
    ? refuse('secret.bad-wireguard-key', file, key)
    : { ok: true, value: new Secret(found) };
};

/**
 * Reads every secret that a configuration names, and proves that the master key is that of the master address.
 * All that is wrong is reported at once; no report holds a byte of any file.
 */
export const loadSecrets = async (config: Config, world: SecretsWorld): Promise<SecretsOutcome> => {
  const [master, node, token, wireguard] = await Promise.all([
    masterKey(world, config),
    nodeKey(world, config),
    clusterToken(world, config),
    wireguardKey(world, config),
  ]);
  if (master.ok && node.ok && token.ok && wireguard.ok) {
    const password = config.tor.control_password;
    return {
      ok: true,
      secrets: {
        masterKey: master.value,
        nodeKey: node.value,
        clusterToken: token.value,
        wireguardKey: wireguard.value,
        controlPassword: password === '' ? null : secretText(password),
      },
      warnings: master.warning === undefined ? [] : [master.warning],
    };
  }
  return {
    ok: false,
    problems: [master, node, token, wireguard].flatMap((read) => (read.ok ? [] : [read.error])),
  };
};

/** The configuration as actors and dumps may see it: the secrets written into it are blank. */
export const withoutSecrets = (config: Config): Config => ({
  ...config,
  tor: { ...config.tor, control_password: '' },
  coordination: { ...config.coordination, cluster_token: '' },
});

/** A warning where secrets stand in a configuration file that others can read. */
export const readableSecrets = (config: Config, file: string, mode: number): readonly ErrorData[] => {
  if ((mode & 0o077) === 0) return [];
  const written: readonly (readonly [string, string])[] = [
    ['tor.control_password', config.tor.control_password],
    ['coordination.cluster_token', config.coordination.cluster_token],
  ];
  return written.flatMap(([key, value]) =>
    value === ''
      ? []
      : [errorData('config.readable-secret', file, { key, file, mode: mode.toString(8).padStart(4, '0') })],
  );
};
