import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterTag } from '../../kernel/cluster-keys.js';
import { errorData } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logging.js';
import { openStateFile } from '../../kernel/state-file.js';
import type { StateSchema } from '../../kernel/state-file.js';
import {
  MAX_RECORD_FILE_BYTES,
  encodeRecordText,
  isRecordFileName,
  parseRecordFile,
  parseRecordText,
} from './record-file.js';
import { MAX_RECORDS, recordsOf } from './record-set.js';
import type { RecordSet } from './record-set.js';
import type { SignedRecord } from './record.js';

/** Where a node keeps its records across restarts. */
export interface RecordStore {
  /** The anchors and what was kept, as far as either can be used. Never rejects. */
  load(): Promise<readonly SignedRecord[]>;
  save(set: RecordSet): void;
  flush(): Promise<void>;
}

const VERSION = 1;

interface Kept {
  readonly records: readonly string[];
}

const isKept = (value: unknown): value is Kept =>
  typeof value === 'object' &&
  value !== null &&
  'records' in value &&
  Array.isArray(value.records) &&
  value.records.length <= MAX_RECORDS &&
  value.records.every((record) => typeof record === 'string');

const schema: StateSchema<Kept> = {
  safeParse: (value) =>
    isKept(value)
      ? { success: true, data: value }
      : { success: false, error: { issues: [{ path: ['records'] }] } },
};

const readAnchor = async (path: string): Promise<string> => {
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

const readAnchors = async (
  folder: string,
  cluster: ClusterTag,
  log: Logger,
): Promise<readonly SignedRecord[]> => {
  const refuse = (path: string, reason: string): readonly SignedRecord[] => {
    log.warn('member file not used', {}, errorData('cluster.anchor-unusable', path, { reason }));
    return [];
  };
  let names: readonly string[];
  try {
    names = (await readdir(folder)).filter(isRecordFileName).sort().slice(0, MAX_RECORDS);
  } catch (error) {
    return refuse(folder, reasonOf(error));
  }
  const anchors: SignedRecord[] = [];
  for (const name of names) {
    const path = join(folder, name);
    try {
      const reading = parseRecordFile(cluster, await readAnchor(path));
      anchors.push(...(reading.ok ? [reading.signed] : refuse(path, reading.problem)));
    } catch (error) {
      refuse(path, reasonOf(error));
    }
  }
  return anchors;
};

/**
 * The anchors in `folder` (`<id>.pub`) and the whole set in a state file. The file is a help: whatever is wrong with it
 * costs a warning, the anchors are enough to find the others, and these have the rest.
 */
export const fileRecordStore = (options: {
  readonly folder: string;
  readonly path: string;
  readonly cluster: ClusterTag;
  readonly log: Logger;
}): RecordStore => {
  const { folder, path, cluster, log } = options;
  const file = openStateFile({ path, version: VERSION, schema, log });
  return {
    load: async () => {
      const anchors = await readAnchors(folder, cluster, log);
      const texts = (await file.read())?.records ?? [];
      const kept = texts.flatMap((text) => parseRecordText(cluster, text) ?? []);
      if (kept.length < texts.length) {
        const reason = `${String(texts.length - kept.length)} of ${String(texts.length)} records`;
        log.warn(
          'some kept records are damaged or of another cluster',
          {},
          errorData('cluster.anchor-unusable', path, { reason }),
        );
      }
      return [...anchors, ...kept];
    },
    save: (set) => {
      file.save({ records: recordsOf(set).map(encodeRecordText) });
    },
    flush: () => file.flush(),
  };
};
