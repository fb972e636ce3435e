import { MAX_SUMMARY_ENTRIES } from '../wire/message-types.js';
import type { RecordsSummary } from '../wire/message-types.js';
import { fingerprintOf } from './record-set.js';
import type { RecordSet } from './record-set.js';
import type { Fingerprint, SignedRecord, SubjectKey } from './record.js';

/** Before and after all subjects: SHA-256 gives the former to nobody. */
export const FIRST_SUBJECT = '0'.repeat(16) as SubjectKey;
export const LAST_SUBJECT = 'f'.repeat(16) as SubjectKey;

type Range = Pick<RecordsSummary, 'after' | 'upTo'>;
type Entry = RecordsSummary['entries'][number];

const inRange = (subject: SubjectKey, { after, upTo }: Range): boolean => subject > after && subject <= upTo;

const subjectsIn = (set: RecordSet, range: Range): readonly SubjectKey[] =>
  [...set.keys()].filter((subject) => inRange(subject, range)).sort();

const entriesOf = (set: RecordSet, subject: SubjectKey): readonly Entry[] =>
  (set.get(subject) ?? [])
    .map((signed) => ({ subject, fingerprint: fingerprintOf(signed) }))
    .slice(-MAX_SUMMARY_ENTRIES);

/** What the set holds within a range, in as many messages as it takes; each stands for a part of the range. */
export const summaryPages = (
  set: RecordSet,
  isAnswer: boolean,
  range: Range = { after: FIRST_SUBJECT, upTo: LAST_SUBJECT },
): readonly RecordsSummary[] => {
  const pages: RecordsSummary[] = [];
  let after = range.after;
  let entries: Entry[] = [];
  for (const subject of subjectsIn(set, range)) {
    const more = entriesOf(set, subject);
    const last = entries.at(-1);
    if (last !== undefined && entries.length + more.length > MAX_SUMMARY_ENTRIES) {
      pages.push({ kind: 'records-summary', isAnswer, after, upTo: last.subject, entries });
      after = last.subject;
      entries = [];
    }
    entries.push(...more);
  }
  return [...pages, { kind: 'records-summary', isAnswer, after, upTo: range.upTo, entries }];
};

export interface Difference {
  /** What the sender of the page lacks, or holds in another state. */
  readonly lackedByThem: readonly SignedRecord[];
  /** Whether the sender holds anything that we lack, or hold in another state. */
  readonly lackedByUs: boolean;
}

export const differenceFrom = (set: RecordSet, page: RecordsSummary): Difference => {
  const theirs = new Set<Fingerprint>(page.entries.map(({ fingerprint }) => fingerprint));
  const ours = subjectsIn(set, page).flatMap((subject) => set.get(subject) ?? []);
  const known = new Set<Fingerprint>(ours.map(fingerprintOf));
  return {
    lackedByThem: ours.filter((signed) => !theirs.has(fingerprintOf(signed))),
    lackedByUs: page.entries.some(({ fingerprint }) => !known.has(fingerprint)),
  };
};
