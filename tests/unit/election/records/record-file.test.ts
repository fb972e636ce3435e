import { describe, expect, test } from 'vitest';
import { isNodeId } from '@rustbalance/actors/kernel/brands.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { admission, newJoinToken } from '@rustbalance/actors/election/records/issuing.js';
import {
  encodeRecordFile,
  isRecordFileName,
  parseRecordFile,
  recordFileName,
} from '@rustbalance/actors/election/records/record-file.js';
import { EMPTY_SET } from '@rustbalance/actors/election/records/record-set.js';
import { CLUSTER, OTHER_CLUSTER, keyOf, signerOf } from './example-records.js';

const signer = signerOf(1);
const signed = admission(signer, EMPTY_SET, {
  publicKey: keyOf(1),
  id: 'alpha' as NodeId,
  priority: 10,
  hasMasterKey: true,
  coordination: null,
  wireguard: null,
  direct: '10.0.0.1:7001',
})!;
const file = encodeRecordFile(signed);

describe('the file of a member', () => {
  test('is named after it and holds its record among comments', () => {
    expect(recordFileName(signed.record)).toBe('alpha.pub');
    expect(parseRecordFile(CLUSTER, file)).toEqual({ ok: true, signed });
    expect(parseRecordFile(CLUSTER, `\r\n${file.replaceAll('\n', '\r\n')}\n# more`)).toEqual({
      ok: true,
      signed,
    });
  });

  test.each([
    ['is empty', '', 'it holds no line that begins with rbm1:'],
    ['holds something else', 'rb1:abc', 'it holds no line that begins with rbm1:'],
    ['holds two records', `${file}\n${file}`, 'it holds more than one record'],
    [
      'is damaged',
      file.replace(
        /(rbm1:.{40})(.)/,
        (_all, kept: string, digit: string) => `${kept}${digit === 'A' ? 'B' : 'A'}`,
      ),
      'its record is damaged, forged or of another cluster',
    ],
    [
      'has foreign letters',
      file.replace('rbm1:', 'rbm1:+'),
      'its record is damaged, forged or of another cluster',
    ],
  ])('that %s is refused with a reason', (_what, content, problem) => {
    expect(parseRecordFile(CLUSTER, content)).toEqual({ ok: false, problem });
  });

  test('of a join token is named as no node can be, and holds its record', () => {
    const token = newJoinToken(signer, {
      tokenId: new Uint8Array(8).fill(0xab) as JoinTokenId,
      issuer: keyOf(1),
      notAfter: 1,
      uses: 1,
    });
    expect(recordFileName(token.record)).toBe('join.abababababababab.pub');
    expect(isNodeId('join.abababababababab')).toBe(false);
    expect(isRecordFileName(recordFileName(token.record))).toBe(true);
    expect(parseRecordFile(CLUSTER, encodeRecordFile(token))).toEqual({ ok: true, signed: token });
  });

  test('of another cluster is refused', () => {
    expect(parseRecordFile(OTHER_CLUSTER, file).ok).toBe(false);
  });
});
