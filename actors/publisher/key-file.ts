import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ExpandedSecretKey } from '@rustbalance/crypto-worker/brands.js';
import type { ActorContext } from '../kernel/actor.js';
import { readFileFacts } from '../kernel/config/read-file.js';
import { errorData } from '../kernel/errors.js';
import { replaceFile } from '../kernel/replace-file.js';
import { rewriteKeyFile } from '../kernel/rewrite-key-file.js';
import { systemReason } from '../kernel/system-reason.js';
import { removeLeftovers, temporaryFor } from '../kernel/temporary-file.js';
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

  /** Whole copies of the key that an earlier process was ended over. Once, before anything is written. */
  async removeLeftovers(): Promise<void> {
    if (this.#path === '') return;
    const { backup_key_path: backup } = this.#means.config.master;
    for (const path of [this.#path, ...(backup === '' ? [] : [backup])]) await removeLeftovers(path);
  }

  async look(): Promise<KeyFileStatus> {
    const found = await this.#lookAtFile();
    const backupFault = found.state === 'good' ? await this.#keepBackup() : null;
    return { ...found, backupFault };
  }

  async #lookAtFile(): Promise<Omit<KeyFileStatus, 'backupFault'>> {
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

  /**
   * Writes the copy where it is missing or differs. Never where it would be less closely kept than the key: not beside one
   * that systemd keeps encrypted (there is no path then), and not into a folder that others may write to.
   */
  async #keepBackup(): Promise<string | null> {
    const backup = this.#means.config.master.backup_key_path;
    if (backup === '') return null;
    try {
      const wanted = await this.#contents();
      const found = await readFileFacts(backup, MAX_BYTES).catch(() => null);
      if (found !== null && Buffer.compare(found.bytes, wanted) === 0) return null;
      const folder = dirname(backup);
      if (((await stat(folder)).mode & 0o022) !== 0) return 'others may write to its folder';
      await replaceFile(backup, temporaryFor(backup), wanted);
      this.#means.log.info('wrote the backup of the master key', { file: backup });
      return null;
    } catch (error) {
      return systemReason(error);
    }
  }

  async #contents(): Promise<Uint8Array> {
    const { crypto, secrets } = this.#means;
    if (secrets.masterKey === null) throw new Error('no key');
    const secret = secrets.masterKey.reveal() as ExpandedSecretKey;
    const made = await crypto('hiddenServiceFiles', { secret });
    if (!made.ok) throw new Error(made.detail);
    return made.value.hs_ed25519_secret_key;
  }

  /** Writes the file again where it is missing or damaged; what was there is kept beside it, as closely kept. */
  async restore(): Promise<void> {
    const { log } = this.#means;
    const { state } = await this.#lookAtFile();
    if (state !== 'missing' && state !== 'damaged') return;
    try {
      await rewriteKeyFile(this.#path, state, await this.#contents());
      log.warn('the master key file was restored from memory', { file: this.#path, was: state });
    } catch (error) {
      const detail = { file: this.#path, reason: systemReason(error) };
      log.error('the master key file', {}, errorData('publisher.key-not-restored', this.#path, detail));
    }
  }
}
