import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Brand, Ed25519PublicKey, ExpandedSecretKey } from '@rustbalance/crypto-worker/brands.js';
import { joinKeyGrant } from '../../kernel/cluster-keys.js';
import type { ClusterTag, JoinTokenId, KeyGrant } from '../../kernel/cluster-keys.js';

/**
 * Why a joiner may be given the master key: a node that holds it made the token. Records cannot tell, since any member signs
 * what it likes of itself, nor can the token's secret, which any member can derive.
 */

/** HMAC-SHA256 over the joiner's node key, 32 bytes: whoever reads it can ask for nothing with another node key. */
export type GrantMac = Brand<Uint8Array, 'GrantMac'>;

export interface KeyProof {
  /** End of the token as its grant was made for it, Unix seconds. */
  readonly notAfter: number;
  readonly mac: GrantMac;
}

export const GRANT_MAC_BYTES = 32;
const PURPOSE = 'rustbalance join key proof v1';

const macOf = (grant: KeyGrant, joiner: Ed25519PublicKey): GrantMac =>
  new Uint8Array(createHmac('sha256', grant).update(PURPOSE).update(joiner).digest()) as GrantMac;

/** @param notAfter end of the token, Unix seconds */
export const keyProof = (grant: KeyGrant, notAfter: number, joiner: Ed25519PublicKey): KeyProof => ({
  notAfter,
  mac: macOf(grant, joiner),
});

/** Who asks for the key, and with which token. */
export interface KeyClaim {
  readonly cluster: ClusterTag;
  readonly token: JoinTokenId;
  readonly joiner: Ed25519PublicKey;
  readonly proof: KeyProof | null;
}

/**
 * Why the key is not given; null where a holder of it made the token, and the token has not ended.
 *
 * @param nowSecs Unix time
 */
export const keyRefusal = (
  masterKey: ExpandedSecretKey,
  { cluster, token, joiner, proof }: KeyClaim,
  nowSecs: number,
): 'ungranted' | 'expired' | null => {
  if (proof === null) return 'ungranted';
  const expected = macOf(joinKeyGrant(masterKey, cluster, token, proof.notAfter), joiner);
  if (!timingSafeEqual(expected, proof.mac)) return 'ungranted';
  return nowSecs > proof.notAfter ? 'expired' : null;
};
