import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterTag } from '../../kernel/cluster-keys.js';
import { errorData } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logging.js';
import { replaceFile } from '../../kernel/replace-file.js';
import { removeLeftovers, temporaryFor } from '../../kernel/temporary-file.js';
import { MAX_RECORD_FILE_BYTES, encodeRecordFile, isRecordFileName, parseRecordFile } from './record-file.js';
import { MAX_RECORDS, finalRecordOf, isFinal, subjectOf } from './record-set.js';
import type { RecordSet } from './record-set.js';
import type { SignedRecord } from './record.js';

interface Anchor {
  readonly path: string;
  readonly signed: SignedRecord;
}

const readText = async (path: string): Promise<string> => {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > MAX_RECORD_FILE_BYTES) throw new Error(`larger than ${String(MAX_RECORD_FILE_BYTES)} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The records that a node was made with (`peers/*.pub`). They are enough to find the others, so they outlive whatever becomes
 * of the state file; hence none may go on saying that a removed member belongs to the cluster, or that a revoked token opens.
 */
export class Anchors {
  readonly #folder: string;
  readonly #cluster: ClusterTag;
  readonly #log: Logger;
  #anchors: readonly Anchor[] = [];
  /** Files that could not be replaced, which was said. */
  readonly #stuck = new Set<string>();

  constructor(folder: string, cluster: ClusterTag, log: Logger) {
    this.#folder = folder;
    this.#cluster = cluster;
    this.#log = log;
  }

  /** All that can be used; the rest costs a warning each. Never rejects. */
  async read(): Promise<readonly SignedRecord[]> {
    this.#anchors = [];
    let names: readonly string[];
    try {
      names = (await readdir(this.#folder)).filter(isRecordFileName).sort().slice(0, MAX_RECORDS);
    } catch (error) {
      this.#refuse(this.#folder, reasonOf(error));
      return [];
    }
    const anchors: Anchor[] = [];
    for (const name of names) {
      const path = join(this.#folder, name);
      try {
        const reading = parseRecordFile(this.#cluster, await readText(path));
        if (reading.ok) anchors.push({ path, signed: reading.signed });
        else this.#refuse(path, reading.problem);
      } catch (error) {
        this.#refuse(path, reasonOf(error));
      }
    }
    this.#anchors = anchors;
    return anchors.map(({ signed }) => signed);
  }

  /** Whether a file says something that the set has ended. */
  isOutdated(set: RecordSet): boolean {
    return this.#anchors.some((anchor) => this.#endOf(set, anchor) !== null);
  }

  /**
   * Puts the record of a removal (or revocation) into the place of the file that it ends. A file that was merely deleted would
   * leave a node that lost its state file without a memory of the removal: this way it keeps it. Never rejects.
   */
  async bringUpToDate(set: RecordSet): Promise<void> {
    const kept: Anchor[] = [];
    for (const anchor of this.#anchors) {
      const end = this.#endOf(set, anchor);
      kept.push(
        end !== null && (await this.#replace(anchor.path, end)) ? { ...anchor, signed: end } : anchor,
      );
    }
    this.#anchors = kept;
  }

  #endOf(set: RecordSet, { path, signed }: Anchor): SignedRecord | null {
    return isFinal(signed.record) || this.#stuck.has(path)
      ? null
      : finalRecordOf(set, subjectOf(signed.record));
  }

  async #replace(path: string, end: SignedRecord): Promise<boolean> {
    try {
      await removeLeftovers(path);
      await replaceFile(path, temporaryFor(path), encodeRecordFile(end));
      return true;
    } catch (error) {
      this.#stuck.add(path);
      const data = errorData('cluster.anchor-outdated', path, { reason: reasonOf(error) });
      this.#log.warn(data.what, {}, data);
      return false;
    }
  }

  #refuse(path: string, reason: string): void {
    this.#log.warn('member file not used', {}, errorData('cluster.anchor-unusable', path, { reason }));
  }
}
