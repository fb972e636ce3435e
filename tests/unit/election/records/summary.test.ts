import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeBody } from '@rustbalance/actors/election/wire/decode-message.js';
import { encodeBody } from '@rustbalance/actors/election/wire/encode-message.js';
import type { RecordsSummary } from '@rustbalance/actors/election/wire/message-types.js';
import {
  EMPTY_SET,
  mergedSets,
  recordsOf,
  withRecords,
} from '@rustbalance/actors/election/records/record-set.js';
import type { RecordSet } from '@rustbalance/actors/election/records/record-set.js';
import { signRecord } from '@rustbalance/actors/election/records/signing.js';
import { differenceFrom, summaryPages } from '@rustbalance/actors/election/records/summary.js';
import { SIGNERS, anyRecord, contendingRecords } from './example-records.js';

const carried = (page: RecordsSummary): RecordsSummary => {
  const dated = decodeBody('records-summary', encodeBody({ sentAtMs: 1, message: page }));
  if (dated?.message.kind !== 'records-summary') throw new Error('a page did not survive the wire');
  return dated.message;
};

/** One node sends its summary; both do what the pages ask of them. */
const compared = (asker: RecordSet, asked: RecordSet): readonly [RecordSet, RecordSet] => {
  let [left, right] = [asker, asked];
  for (const page of summaryPages(asker, false).map(carried)) {
    const { lackedByThem, lackedByUs } = differenceFrom(right, page);
    left = withRecords(left, lackedByThem);
    if (!lackedByUs) continue;
    for (const answer of summaryPages(right, true, page).map(carried)) {
      right = withRecords(right, differenceFrom(left, answer).lackedByThem);
    }
  }
  return [left, right];
};

const contents = (set: RecordSet): readonly string[] =>
  recordsOf(set).map(({ bytes }) => Buffer.from(bytes).toString('hex'));
const setOf = (records: Parameters<typeof withRecords>[1]): RecordSet => withRecords(EMPTY_SET, records);

describe('two nodes that compare their records', () => {
  test('hold the union of both afterwards', () => {
    fc.assert(
      fc.property(contendingRecords, contendingRecords, (a, b) => {
        const whole = contents(mergedSets(setOf(a), setOf(b)));
        const [left, right] = compared(setOf(a), setOf(b));
        expect([contents(left), contents(right)]).toEqual([whole, whole]);
      }),
    );
  });

  test('need several datagrams for hundreds of records, and hold the union all the same', () => {
    const many = fc.sample(anyRecord, 300).map((record) => signRecord(SIGNERS[0]!, record));
    const [a, b] = [setOf(many.slice(0, 200)), setOf(many.slice(100))];
    expect(summaryPages(a, false).length).toBeGreaterThan(3);
    const whole = contents(mergedSets(a, b));
    expect(compared(a, b).map(contents)).toEqual([whole, whole]);
  });

  test('send nothing but the summary when they hold the same', () => {
    const set = setOf(fc.sample(anyRecord, 100).map((record) => signRecord(SIGNERS[0]!, record)));
    for (const page of summaryPages(set, false)) {
      expect(differenceFrom(set, page)).toEqual({ lackedByThem: [], lackedByUs: false });
    }
  });
});
