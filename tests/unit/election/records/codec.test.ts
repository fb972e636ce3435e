import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeUnverified, encodeUnsigned } from '@rustbalance/actors/election/records/codec.js';
import { MAX_RECORD_BYTES } from '@rustbalance/actors/election/records/record.js';
import type { SignedRecord } from '@rustbalance/actors/election/records/record.js';
import { openRecord, signRecord } from '@rustbalance/actors/election/records/signing.js';
import { CLUSTER, OTHER_CLUSTER, SIGNERS, anyMember, anyRecord } from './example-records.js';

const signer = SIGNERS[0]!;

const reencoded = ({ record, signer: by, signature }: SignedRecord): Uint8Array =>
  new Uint8Array(Buffer.concat([encodeUnsigned(record, by), signature]));

describe('a signed record', () => {
  test('comes back from its bytes, in at most 1,000 of them', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        const signed = signRecord(signer, record);
        expect(signed.bytes.length).toBeLessThanOrEqual(MAX_RECORD_BYTES);
        expect(openRecord(CLUSTER, signed.bytes)).toEqual(signed);
      }),
    );
  });

  test('counts in its own cluster only', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(openRecord(OTHER_CLUSTER, signRecord(signer, record).bytes)).toBeNull();
      }),
      { numRuns: 20 },
    );
  });

  test('is refused when any bit of it is changed, or it is cut short or lengthened', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(), fc.nat(7), fc.nat(), (record, at, bit, cut) => {
        const { bytes } = signRecord(signer, record);
        const changed = new Uint8Array(bytes);
        changed[at % bytes.length]! ^= 1 << bit;
        expect(openRecord(CLUSTER, changed)).toBeNull();
        expect(openRecord(CLUSTER, bytes.subarray(0, cut % bytes.length))).toBeNull();
        expect(openRecord(CLUSTER, new Uint8Array([...bytes, 0]))).toBeNull();
      }),
    );
  });

  test('has one encoding only: whatever is read is written the same', () => {
    fc.assert(
      fc.property(anyRecord, fc.nat(), fc.nat(255), (record, at, value) => {
        const changed = signRecord(signer, record).bytes;
        changed[at % changed.length] = value;
        const read = decodeUnverified(changed);
        if (read !== null) expect(reencoded(read)).toEqual(changed);
      }),
    );
  });

  test('of arbitrary bytes is nothing, and nothing is thrown', () => {
    const begun = fc
      .tuple(fc.constantFrom(0, 1, 2, 3), fc.uint8Array({ maxLength: 1100 }))
      .map(([kind, rest]) => new Uint8Array([1, kind, ...rest]));
    fc.assert(
      fc.property(fc.oneof(begun, fc.uint8Array({ maxLength: 1100 })), (bytes) => {
        expect(openRecord(CLUSTER, bytes)).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    '10.0.0.1',
    '10.0.0.1:0',
    '10.0.0.1:70000',
    'host:1',
    '[::1',
    '1.2.3:5',
    '10.0.0.1:07',
    '[1.2.3.4]:5',
  ])('with the address %s is refused by its reader', (direct) => {
    const [record] = fc.sample(anyMember(), 1);
    expect(openRecord(CLUSTER, signRecord(signer, { ...record!, direct }).bytes)).toBeNull();
  });
});
