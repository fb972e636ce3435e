import { encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { ActorContext } from '../kernel/actor.js';
import { readFileFacts } from '../kernel/config/read-file.js';
import { clusterTokenIn, nodeKeyIn, wireguardKeyIn } from '../kernel/config/secret-texts.js';
import { errorData } from '../kernel/errors.js';
import { encodeNodeKeyFile } from '../kernel/node-key.js';
import type { Secret } from '../kernel/redact.js';
import { rewriteKeyFile } from '../kernel/rewrite-key-file.js';
import { systemReason } from '../kernel/system-reason.js';
import { removeLeftovers } from '../kernel/temporary-file.js';
import type { KeyFileFault } from './messages.js';

/** No key file is larger. */
const MAX_BYTES = 4096;

interface HeldFile {
  /** What names it in the configuration. */
  readonly key: string;
  readonly path: string;
  readonly secret: Secret | null;
  /** The secret that a file holds; null: it is damaged. */
  readonly read: (bytes: Uint8Array) => Uint8Array | null;
  readonly write: (secret: Uint8Array) => string | Uint8Array;
}

/** A token is any line of text: one that is the beginning of ours was cut off, and nobody chose it. */
const isCut = (token: Uint8Array, ours: Secret | null): boolean => {
  const whole = ours?.reveal() ?? token;
  return token.length < whole.length && token.every((byte, index) => byte === whole[index]);
};

/** What systemd keeps in its credentials directory nobody can write, and it is there as long as the process. */
const heldFiles = (
  { config, secrets }: Pick<ActorContext<'wg'>, 'config' | 'secrets'>,
  credentialsDirectory: string | null,
): readonly HeldFile[] => {
  const { node, coordination, wireguard } = config;
  const all: readonly HeldFile[] = [
    {
      key: 'node.key_path',
      path: node.key_path,
      secret: secrets.nodeKey,
      read: nodeKeyIn,
      write: (seed) => encodeNodeKeyFile(seed as Ed25519Seed),
    },
    {
      key: 'coordination.cluster_token_file',
      path: coordination.cluster_token_file,
      secret: secrets.clusterToken,
      read: (bytes) => {
        const token = clusterTokenIn(bytes);
        return token !== null && isCut(token, secrets.clusterToken) ? null : token;
      },
      write: (token) => `${Buffer.from(token).toString()}\n`,
    },
    {
      key: 'wireguard.private_key_path',
      path: coordination.mode === 'wireguard' ? wireguard.private_key_path : '',
      secret: secrets.wireguardKey,
      read: wireguardKeyIn,
      write: (key) => `${encodeBase64(key)}\n`,
    },
  ];
  return all.filter(
    ({ path, secret }) =>
      path !== '' && secret !== null && !path.startsWith(`${credentialsDirectory ?? '\0'}/`),
  );
};

/**
 * The files of the secrets that this thread holds for as long as the daemon lives: what is lost or damaged meanwhile can be
 * written again before the next start needs it. Another valid secret is somebody's decision, and no fault.
 */
export class KeyFiles {
  readonly #log: ActorContext<'wg'>['log'];
  readonly #held: readonly HeldFile[];

  constructor(
    context: Pick<ActorContext<'wg'>, 'config' | 'secrets' | 'log'>,
    credentialsDirectory: string | null,
  ) {
    this.#log = context.log;
    this.#held = heldFiles(context, credentialsDirectory);
  }

  /** Whole copies of the secrets that an earlier process was ended over. Once, before anything is written. */
  async removeLeftovers(): Promise<void> {
    await Promise.all(this.#held.map(({ path }) => removeLeftovers(path)));
  }

  async faults(): Promise<readonly KeyFileFault[]> {
    const found = await Promise.all(this.#held.map((file) => this.#look(file)));
    return found.filter((fault) => fault !== null);
  }

  async #look({ key, path, read }: HeldFile): Promise<KeyFileFault | null> {
    try {
      const { bytes } = await readFileFacts(path, MAX_BYTES);
      return read(bytes) === null ? { key, path, state: 'damaged', reason: 'no valid content' } : null;
    } catch (error) {
      const reason = systemReason(error);
      return { key, path, state: reason === 'ENOENT' ? 'missing' : 'unreadable', reason };
    }
  }

  /** Writes the file of this name again, where it is missing or damaged. */
  async restore(key: string): Promise<void> {
    const file = this.#held.find((one) => one.key === key);
    if (file === undefined || file.secret === null) return;
    const fault = await this.#look(file);
    if (fault === null || fault.state === 'unreadable') return;
    const { path, secret, write } = file;
    try {
      await rewriteKeyFile(path, fault.state, write(secret.reveal()));
      this.#log.warn('a key file was restored from memory', { file: path, was: fault.state });
    } catch (error) {
      const detail = { file: path, reason: systemReason(error) };
      this.#log.error('a key file', {}, errorData('wg.key-not-restored', path, detail));
    }
  }
}
