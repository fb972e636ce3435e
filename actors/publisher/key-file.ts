import { createHash, randomBytes } from 'node:crypto';
import { chmod, rename } from 'node:fs/promises';
import { dirname, basename, join } from 'node:path';
import type { ExpandedSecretKey } from '@rustbalance/crypto-worker/brands.js';
import type { ActorContext } from '../kernel/actor.js';
import { readFileFacts } from '../kernel/config/read-file.js';
import { errorData } from '../kernel/errors.js';
import { replaceFile } from '../kernel/replace-file.js';
import { systemReason } from '../kernel/system-reason.js';
import type { KeyFileStatus } from './messages.js';

/** No key file is larger. */
const MAX_BYTES = 4096;

type Means = Pick<ActorContext<'publisher'>, 'config' | 'crypto' | 'log' | 'secrets'>;

/**
 * The file that the master key was read from. This thread holds the key for as long as the daemon lives, so a file that
 * is lost or damaged meanwhile is written again before the next start needs it. A file with another, valid key is
 * somebody's decision and is left alone.
 */
export class KeyFile {
  readonly #means: Means;
  readonly #path: string;
  /** SHA-256 of contents that were this key: not every look costs a curve operation. */
  #good: string | null = null;

  constructor(means: Means, credentialsDirectory: string | null) {
    this.#means = means;
    const path = means.config.master.identity_key_path;
    // What systemd keeps there nobody can write, and it is there as long as the process.
    const isCredential = credentialsDirectory !== null && path.startsWith(`${credentialsDirectory}/`);
    this.#path = isCredential || means.secrets.masterKey === null ? '' : path;
  }

  async look(): Promise<KeyFileStatus> {
    if (this.#path === '') return { state: 'none', reason: null };
    let bytes: Uint8Array;
    try {
      ({ bytes } = await readFileFacts(this.#path, MAX_BYTES));
    } catch (error) {
      const reason = systemReason(error);
      return reason === 'ENOENT' ? { state: 'missing', reason } : { state: 'unreadable', reason };
    }
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (digest === this.#good) return { state: 'good', reason: null };
    const imported = await this.#means.crypto('importIdentity', { bytes });
    if (!imported.ok) return { state: 'damaged', reason: imported.detail };
    if (`${imported.value.address}.onion` !== this.#means.config.master.onion_address) {
      return { state: 'foreign', reason: null };
    }
    this.#good = digest;
    return { state: 'good', reason: null };
  }

  /** Writes the file again where it is missing or damaged; what was there is kept beside it, as closely kept. */
  async restore(): Promise<void> {
    const { crypto, log, secrets } = this.#means;
    const { state } = await this.look();
    if ((state !== 'missing' && state !== 'damaged') || secrets.masterKey === null) return;
    try {
      const made = await crypto('hiddenServiceFiles', {
        secret: secrets.masterKey.reveal() as ExpandedSecretKey,
      });
      if (!made.ok) throw new Error(made.detail);
      const temporary = join(
        dirname(this.#path),
        `.${basename(this.#path)}.${randomBytes(6).toString('hex')}.tmp`,
      );
      if (state === 'damaged') {
        await chmod(this.#path, 0o600);
        await rename(this.#path, `${this.#path}.damaged`);
      }
      await replaceFile(this.#path, temporary, made.value.hs_ed25519_secret_key);
      log.warn('the master key file was restored from memory', { file: this.#path, was: state });
    } catch (error) {
      const detail = { file: this.#path, reason: systemReason(error) };
      log.error('the master key file', {}, errorData('publisher.key-not-restored', this.#path, detail));
    }
  }
}
