import { describe, expect, it } from 'vitest';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { judgeUse } from '@rustbalance/actors/election/join/use-verdict.js';
import type { Grant, UseBook, UseQuestion } from '@rustbalance/actors/election/join/use-verdict.js';
import {
  admission,
  newJoinToken,
  removal,
  revocation,
  tokenUse,
} from '@rustbalance/actors/election/records/issuing.js';
import { EMPTY_SET, withRecords } from '@rustbalance/actors/election/records/record-set.js';
import type { RecordSet } from '@rustbalance/actors/election/records/record-set.js';
import { joinTokenOf } from '@rustbalance/actors/election/records/views.js';
import { keyOf, signerOf } from '../election/records/example-records.js';

const NOW = 1_700_000_000;
const signer = signerOf(1);
const token = new Uint8Array(8).fill(7) as JoinTokenId;

const memberFields = (index: number, id: string, priority: number) => ({
  id: id as NodeId,
  publicKey: keyOf(index),
  priority,
  hasMasterKey: true,
  coordination: null,
  wireguard: null,
  direct: `192.0.2.${String(index)}:7001`,
});

const withToken = (uses: number, notAfter = NOW + 60): RecordSet =>
  withRecords(EMPTY_SET, [
    admission(signer, EMPTY_SET, memberFields(1, 'alpha', 100))!,
    newJoinToken(signer, { tokenId: token, issuer: keyOf(1), notAfter, uses }),
  ]);
const usedBy = (set: RecordSet, index: number): RecordSet =>
  withRecords(set, [tokenUse(signer, joinTokenOf(set, token)!, keyOf(index))!]);
const revoked = (set: RecordSet): RecordSet =>
  withRecords(set, [revocation(signer, joinTokenOf(set, token)!)!]);
const joined = (set: RecordSet, index: number, id: string): RecordSet =>
  withRecords(set, [admission(signer, set, memberFields(index, id, 110))!]);
const removed = (set: RecordSet, index: number): RecordSet =>
  withRecords(set, [removal(signer, set, keyOf(index))!]);

const book = (records: RecordSet, grants: readonly Grant[] = [], nowSecs = NOW): UseBook => ({
  records,
  members: [{ id: 'alpha' as NodeId, publicKey: keyOf(1), priority: 100 }],
  grants,
  maxJoins: 2,
  nowSecs,
});
const question = (index: number, id = 'beta', priority: number | null = null): UseQuestion => ({
  token,
  joiner: keyOf(index),
  nodeId: id as NodeId,
  priority,
});
const grant = (index: number, id: string): Grant => ({
  joiner: keyOf(index),
  nodeId: id as NodeId,
  priority: 110,
  atMs: 0,
});
const outcome = (on: UseBook, asked = question(2)): string => judgeUse(on, asked).verdict.outcome;

describe('the use of a join token', () => {
  it('is granted and counted while the token is good', () => {
    const judged = judgeUse(book(withToken(1)), question(2));
    expect(judged.verdict).toEqual({ outcome: 'granted', nodeId: 'beta', priority: 110 });
    expect(judged.uses?.tokenId).toEqual(token);
  });

  it('is refused for one that is spent, revoked, expired, or not known here yet', () => {
    expect(outcome(book(usedBy(withToken(1), 3)))).toBe('spent');
    expect(outcome(book(usedBy(withToken(2), 3)))).toBe('granted');
    expect(outcome(book(revoked(withToken(1))))).toBe('revoked');
    expect(outcome(book(withToken(1), [], NOW + 60))).toBe('granted');
    expect(outcome(book(withToken(1), [], NOW + 61))).toBe('expired');
    expect(outcome(book(EMPTY_SET))).toBe('undecided');
  });

  it('is free of charge for a node that is in, that was counted, or that was just granted it', () => {
    const member = joined(usedBy(withToken(1), 2), 2, 'beta');
    expect(judgeUse(book(member), question(2, 'another'))).toEqual({
      verdict: { outcome: 'granted', nodeId: 'beta', priority: 110 },
      uses: null,
    });
    expect(judgeUse(book(usedBy(withToken(1), 2)), question(2)).uses).toBeNull();
    expect(judgeUse(book(withToken(1), [grant(2, 'beta-2')]), question(2))).toEqual({
      verdict: { outcome: 'granted', nodeId: 'beta-2', priority: 110 },
      uses: null,
    });
  });

  it('is refused even to such a node once the token is revoked, or the node removed', () => {
    const member = joined(usedBy(withToken(2), 2), 2, 'beta');
    expect(outcome(book(revoked(member)))).toBe('revoked');
    expect(outcome(book(removed(member, 2)))).toBe('removed');
  });

  it('has to wait when as many have joined in the window as may', () => {
    const full = [grant(3, 'gamma'), grant(4, 'delta')];
    expect(outcome(book(withToken(9), full.slice(1)))).toBe('granted');
    expect(outcome(book(withToken(9), full))).toBe('limit');
    expect(outcome(book(withToken(9), full), question(3))).toBe('granted');
  });

  it('gives an id that nobody has, not even one who is still on its way in', () => {
    const named = (on: UseBook, id: string): unknown => judgeUse(on, question(2, id)).verdict;
    const long = 'a'.repeat(63);
    expect(named(book(withToken(1)), 'alpha')).toMatchObject({ nodeId: 'alpha-2' });
    expect(named(book(withToken(1), [grant(3, 'alpha-2')]), 'alpha')).toMatchObject({ nodeId: 'alpha-3' });
    expect(named(book(withToken(1), [grant(3, long)]), long)).toMatchObject({
      nodeId: `${'a'.repeat(61)}-2`,
    });
  });

  it('gives the priority that was asked for, or one behind all others', () => {
    const given = (on: UseBook, priority: number | null): unknown =>
      judgeUse(on, question(2, 'beta', priority)).verdict;
    expect(given(book(withToken(1)), 5)).toMatchObject({ priority: 5 });
    expect(given(book(withToken(1), [grant(3, 'gamma')]), null)).toMatchObject({ priority: 120 });
  });
});
