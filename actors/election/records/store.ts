import type { Clock } from '../../kernel/clock.js';
import type { ClusterTag } from '../../kernel/cluster-keys.js';
import { errorData } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logging.js';
import { openStateFile } from '../../kernel/state-file.js';
import type { StateSchema } from '../../kernel/state-file.js';
import { Anchors } from './anchors.js';
import { encodeRecordText, parseRecordText } from './record-file.js';
import { EMPTY_SET, MAX_RECORDS, recordsOf, withRecords } from './record-set.js';
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
  value.records.every((record) => typeof record === 'string');

const schema: StateSchema<Kept> = {
  safeParse: (value) =>
    isKept(value)
      ? { success: true, data: value }
      : { success: false, error: { issues: [{ path: ['records'] }] } },
};

/** What must least be forgotten first: who was removed, then who belongs to the cluster, then tokens. */
const rankOf = ({ record }: SignedRecord): number =>
  record.kind === 'join-token' ? 2 : record.state === 'present' ? 1 : 0;

/** As many as a set may hold; of a file with more, which no honest history makes, the rest is left. */
const firstOf = (kept: readonly SignedRecord[]): readonly SignedRecord[] =>
  kept.length <= MAX_RECORDS ? kept : [...kept].sort((a, b) => rankOf(a) - rankOf(b)).slice(0, MAX_RECORDS);

/**
 * The anchors in `folder` (`<id>.pub`) and the whole set in a state file. The file is a help: whatever is wrong with it
 * costs a warning, the anchors are enough to find the others, and these have the rest.
 * What ends is written to the state file first and to its anchor then: after a crash in between, the next start does the rest.
 */
export const fileRecordStore = (options: {
  readonly folder: string;
  readonly path: string;
  readonly cluster: ClusterTag;
  readonly log: Logger;
  readonly clock: Pick<Clock, 'after'>;
}): RecordStore => {
  const { folder, path, cluster, log, clock } = options;
  const file = openStateFile({ path, version: VERSION, schema, log, clock });
  const anchors = new Anchors(folder, cluster, log);
  let updating: Promise<void> = Promise.resolve();
  return {
    load: async () => {
      const anchored = await anchors.read();
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
      const loaded = [...anchored, ...firstOf(kept)];
      await anchors.bringUpToDate(withRecords(EMPTY_SET, loaded));
      return loaded;
    },
    save: (set) => {
      file.save({ records: recordsOf(set).map(encodeRecordText) });
      if (!anchors.isOutdated(set)) return;
      updating = updating.then(() => file.flush()).then(() => anchors.bringUpToDate(set));
    },
    flush: async () => {
      await file.flush();
      await updating;
    },
  };
};
