import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ed25519PublicKey } from '@rustbalance/crypto-worker/brands.js';
import { compareBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import {
  admission,
  newJoinToken,
  removal,
  revocation,
  tokenUse,
} from '@rustbalance/actors/election/records/issuing.js';
import type { MemberFields } from '@rustbalance/actors/election/records/issuing.js';
import type { JoinTokenRecord } from '@rustbalance/actors/election/records/record.js';
import {
  EMPTY_SET,
  MAX_FORKS,
  compareRecords,
  mergedSets,
  recordsOf,
  sizeOf,
  subjectOf,
  withRecords,
  withRecordsUpTo,
} from '@rustbalance/actors/election/records/record-set.js';
import type { RecordSet } from '@rustbalance/actors/election/records/record-set.js';
import {
  joinTokenOf,
  joinTokensOf,
  memberOf,
  presentMembers,
  tokenState,
} from '@rustbalance/actors/election/records/views.js';
import { signRecord } from '@rustbalance/actors/election/records/signing.js';
import { contendingRecords, forkedToken, keyOf, signerOf } from './example-records.js';

const contents = (set: RecordSet): readonly string[] =>
  recordsOf(set).map(({ bytes }) => Buffer.from(bytes).toString('hex'));
const setOf = (records: Parameters<typeof withRecords>[1]): RecordSet => withRecords(EMPTY_SET, records);

describe('merging sets of records', () => {
  test('does not depend on the order of what arrives', () => {
    fc.assert(
      fc.property(
        contendingRecords.chain((records) =>
          fc.tuple(fc.constant(records), fc.shuffledSubarray([...records], { minLength: records.length })),
        ),
        ([records, shuffled]) => {
          expect(contents(setOf(shuffled))).toEqual(contents(setOf(records)));
        },
      ),
    );
  });

  test('does not depend on how sets are grouped, nor on which is merged into which', () => {
    fc.assert(
      fc.property(contendingRecords, contendingRecords, contendingRecords, (a, b, c) => {
        const [x, y, z] = [setOf(a), setOf(b), setOf(c)];
        const whole = contents(mergedSets(mergedSets(x, y), z));
        expect(contents(mergedSets(x, mergedSets(y, z)))).toEqual(whole);
        expect(contents(mergedSets(z, mergedSets(y, x)))).toEqual(whole);
      }),
    );
  });

  test('with what is known already changes nothing, not even the object', () => {
    fc.assert(
      fc.property(contendingRecords, (records) => {
        const set = setOf(records);
        expect(mergedSets(set, set)).toBe(set);
        expect(withRecords(set, records)).toBe(set);
      }),
    );
  });

  test('forgets no removal, no revocation and no use', () => {
    fc.assert(
      fc.property(contendingRecords, (records) => {
        const set = setOf(records);
        for (const { record } of records) {
          if (record.kind === 'member' && record.state === 'removed') {
            expect(memberOf(set, record.publicKey)?.state).toBe('removed');
          }
          if (record.kind === 'join-token') {
            const token = joinTokenOf(set, record.tokenId);
            expect(token?.revoked).toBe(token?.revoked === true || record.revoked);
            const used = token?.usedBy.map((key) => Buffer.from(key).toString('hex'));
            for (const key of record.usedBy) expect(used).toContain(Buffer.from(key).toString('hex'));
          }
        }
      }),
    );
  });
});

describe('a set of records', () => {
  test('keeps a few records of each subject, the highest, whatever anybody signs', () => {
    fc.assert(
      fc.property(forkedToken, (records) => {
        const set = setOf(records);
        const kept = [...set.values()][0]!;
        expect(set.size).toBe(1);
        expect(kept.length).toBeLessThanOrEqual(MAX_FORKS);
        const highest = [...records].sort(compareRecords).at(-1)!;
        expect(kept.at(-1)).toBe(highest);
        expect(withRecords(set, kept)).toBe(set);
        const one = joinTokenOf(
          set,
          records[0]!.record.kind === 'join-token' ? records[0]!.record.tokenId : tokenId,
        );
        expect(one?.revoked).toBe(
          records.some(({ record }) => record.kind === 'join-token' && record.revoked),
        );
      }),
      { numRuns: 30 },
    );
  });

  test('does not grow beyond its bound, whatever comes in whatever order, and still takes every end of what it holds', () => {
    fc.assert(
      fc.property(contendingRecords, forkedToken, fc.integer({ min: 1, max: 6 }), (few, many, most) => {
        let set: RecordSet = EMPTY_SET;
        for (const record of [...few, ...many]) {
          const next = withRecordsUpTo(set, [record], most);
          expect(sizeOf(next.set)).toBeLessThanOrEqual(most);
          expect(next.refused === 0 || next.set === set).toBe(true);
          set = next.set;
        }
        const known = few.flatMap(({ record }) =>
          record.kind === 'member' && set.has(subjectOf(record)) ? record : [],
        );
        for (const { publicKey } of known) {
          const end = removal(one, set, publicKey);
          const next = withRecordsUpTo(set, end === null ? [] : [end], most);
          expect(next.refused).toBe(0);
          expect(memberOf(next.set, publicKey)?.state).toBe('removed');
        }
        for (const held of joinTokensOf(set)) {
          const end = revocation(one, held);
          const next = withRecordsUpTo(set, end === null ? [] : [end], most);
          expect(sizeOf(next.set)).toBeLessThanOrEqual(most);
          expect(joinTokenOf(next.set, held.tokenId)?.revoked).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('that is full takes the next use of a token, and its end', () => {
    const fresh = setOf([token, admission(one, EMPTY_SET, fields(3))!]);
    const next = withRecordsUpTo(fresh, [tokenUse(two, held(fresh), keyOf(5))!], 2);
    expect([next.refused, held(next.set).usedBy]).toEqual([0, [keyOf(5)]]);
    const last = withRecordsUpTo(next.set, [revocation(two, held(next.set))!], 2);
    expect([last.refused, held(last.set).revoked]).toEqual([0, true]);
    const more = withRecordsUpTo(last.set, [admission(one, EMPTY_SET, fields(4))!], 2);
    expect([more.refused, more.set]).toEqual([1, last.set]);
  });

  test('that is full takes the end of a token that more nodes used than a record has room for', () => {
    const users = Array.from(
      { length: 18 },
      (_, index) => new Uint8Array(32).fill(index) as Ed25519PublicKey,
    );
    const forks = [0, 1].map((half) =>
      signRecord(one, {
        ...token.record,
        version: 2,
        usedBy: users.filter((_, index) => index % 2 === half),
      }),
    );
    const full = setOf(forks);
    expect(sizeOf(full)).toBe(2);
    const next = withRecordsUpTo(full, [revocation(two, held(full))!], 2);
    expect([next.refused, sizeOf(next.set), held(next.set).revoked]).toEqual([0, 2, true]);
  });

  test('forgets no use that honest nodes counted, however they were cut off from one another', () => {
    const moves = fc.array(
      fc.record({ at: fc.nat(3), from: fc.nat(3), move: fc.constantFrom('use', 'use', 'hear', 'revoke') }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(moves, (history) => {
        const sets: RecordSet[] = [1, 2, 3, 4].map(() => setOf([token]));
        const counted = new Set<string>();
        let revoked = false;
        for (const [index, { at, from, move }] of history.entries()) {
          const set = sets[at]!;
          const signer = signerOf(at + 1);
          if (move === 'hear') sets[at] = mergedSets(set, sets[from]!);
          if (move === 'revoke') {
            const end = revocation(signer, held(set));
            sets[at] = withRecords(set, end === null ? [] : [end]);
            revoked = true;
          }
          // As whoever counts does: no further than the token allows.
          if (move !== 'use' || held(set).usedBy.length >= held(set).uses) continue;
          const use = tokenUse(signer, held(set), keyOf(10 + index));
          sets[at] = withRecords(set, use === null ? [] : [use]);
          counted.add(Buffer.from(keyOf(10 + index)).toString('hex'));
        }
        const whole = held(sets.reduce(mergedSets));
        expect(whole.usedBy.map((key) => Buffer.from(key).toString('hex')).sort()).toEqual(
          [...counted].sort(),
        );
        expect(whole.revoked).toBe(revoked);
      }),
    );
  });
});

const fields = (index: number): MemberFields => ({
  publicKey: keyOf(index),
  id: `node-${index}` as NodeId,
  priority: index,
  hasMasterKey: true,
  coordination: null,
  wireguard: null,
  direct: `10.0.0.${index}:7001`,
});
const one = signerOf(1);
const two = signerOf(2);

describe('a member', () => {
  test('that says something new of itself is what it said last', () => {
    const before = setOf([admission(one, EMPTY_SET, fields(3))!]);
    const after = withRecords(before, [admission(two, before, { ...fields(3), direct: null })!]);
    expect(memberOf(after, keyOf(3))).toMatchObject({ direct: null, version: 2 });
    expect(recordsOf(after)).toHaveLength(1);
  });

  test('that was removed stays removed, whatever version anybody signs afterwards', () => {
    const present = setOf([admission(one, EMPTY_SET, fields(3))!]);
    const later = withRecords(present, [admission(two, present, fields(3))!]);
    const removed = mergedSets(later, setOf([removal(one, present, keyOf(3))!]));
    expect(presentMembers(removed)).toEqual([]);
    expect(admission(one, removed, fields(3))).toBeNull();
    expect(removal(one, removed, keyOf(3))).toBeNull();
    expect(contents(mergedSets(removed, later))).toEqual(contents(removed));
  });
});

const tokenId = new Uint8Array(8).fill(7) as JoinTokenId;
const token = newJoinToken(one, { tokenId, issuer: keyOf(1), notAfter: 2000, uses: 2 });
const held = (set: RecordSet): JoinTokenRecord => joinTokenOf(set, tokenId)!;
const used = (signer: typeof one, set: RecordSet, user: Ed25519PublicKey): RecordSet =>
  withRecords(set, [tokenUse(signer, held(set), user)!]);

describe('a join token', () => {
  const fresh = setOf([token]);

  test('is live until its uses are spent, its time is over or it is revoked', () => {
    expect(tokenState(held(fresh), 2000)).toBe('live');
    expect(tokenState(held(fresh), 2001)).toBe('expired');
    const spent = used(one, used(one, fresh, keyOf(5)), keyOf(6));
    expect(tokenState(held(spent), 0)).toBe('spent');
    const revoked = withRecords(fresh, [revocation(two, held(fresh))!]);
    expect(tokenState(held(revoked), 0)).toBe('revoked');
    expect(revocation(two, held(revoked))).toBeNull();
  });

  test('whose uses two nodes counted apart keeps both, and one record again after the next change', () => {
    const apart = mergedSets(used(one, fresh, keyOf(5)), used(two, fresh, keyOf(6)));
    expect(held(apart).usedBy).toEqual([keyOf(5), keyOf(6)].sort(compareBytes));
    expect(recordsOf(apart)).toHaveLength(2);
    const next = withRecords(apart, [revocation(one, held(apart))!]);
    expect(recordsOf(next)).toHaveLength(1);
    expect(joinTokensOf(next)).toMatchObject([{ revoked: true, version: 3 }]);
  });

  test('is not used twice by one node key', () => {
    expect(tokenUse(two, held(used(one, fresh, keyOf(5))), keyOf(5))).toBeNull();
  });
});
