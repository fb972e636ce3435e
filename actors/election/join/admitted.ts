import { sameBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { Ed25519PublicKey, ExpandedSecretKey, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import type { JoinAdmission } from './answer-codec.js';
import type { JoinToken } from './token-text.js';
import { recordFileName } from '../records/record-file.js';
import type { SignedRecord } from '../records/record.js';
import { openRecord } from '../records/signing.js';
import { clusterSecret } from '../../kernel/cluster-keys.js';
import { rbError } from '../../kernel/errors.js';

/** What a new node was given, checked. */
export interface Admitted {
  /** The address, and its key where this node was given it. */
  readonly master: { readonly address: OnionAddress; readonly secret: ExpandedSecretKey | null };
  /** Of the members, the new one's own among them; one for each file of peers/. */
  readonly records: readonly SignedRecord[];
}

const contradiction = (problem: string): Error => rbError('join.bad-answer', 'join', { problem });

/**
 * Holds what a member answered against itself: a member that is authentic can still be of another version, or of
 * a cluster that was made anew.
 *
 * @throws RbError join.token-foreign, join.bad-answer
 */
export const checkAdmission = (
  admission: JoinAdmission,
  token: JoinToken,
  publicKey: Ed25519PublicKey,
): Admitted => {
  const address = encodeOnionAddress(admission.master);
  const { tag } = clusterSecret(Buffer.from(admission.clusterToken, 'utf8'), address);
  if (!sameBytes(tag, token.cluster)) throw rbError('join.token-foreign', 'join');
  if (admission.masterKey !== null) {
    const imported = importIdentity(admission.masterKey);
    if (!imported.ok || imported.value.address !== address) {
      throw contradiction('the master key is not that of the master address');
    }
  }
  const names = new Set<string>();
  const records = admission.records.flatMap((bytes) => {
    const signed = openRecord(tag, bytes);
    if (signed?.record.kind !== 'member' || signed.record.state !== 'present') return [];
    const name = recordFileName(signed.record);
    if (names.has(name)) return [];
    names.add(name);
    return [signed];
  });
  const isOwn = ({ record }: SignedRecord): boolean =>
    record.kind === 'member' && sameBytes(record.publicKey, publicKey) && record.id === admission.nodeId;
  if (!records.some(isOwn)) throw contradiction('it has no record of this node');
  return { master: { address, secret: admission.masterKey }, records };
};
