import { createHash } from 'node:crypto';
import { utf8 } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { PASSPHRASE_KDF } from '@rustbalance/crypto-worker/keys/passphrase-parameters.js';
import type {
  Curve25519PublicKey,
  Curve25519SecretKey,
  Ed25519PublicKey,
  OnionAddress,
} from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '../../kernel/brands.js';
import type { ClusterTag, JoinSecret, JoinTokenId, KeyGrant } from '../../kernel/cluster-keys.js';

/** A member that takes joins, and how to call it. */
export interface TokenOrigin {
  readonly nodeId: NodeId;
  readonly nodeKey: Ed25519PublicKey;
  /** Of its coordination onion service; null in a cluster that does without Tor between its nodes. */
  readonly coordination: OnionAddress | null;
  /** `IP:port` at which it takes joins without Tor; null where it does not. */
  readonly direct: string | null;
  /** Where the nodes meet by WireGuard, which a joiner knows by it; the endpoint is null where it cannot be called. */
  readonly wireguard: { readonly publicKey: Curve25519PublicKey; readonly endpoint: string | null } | null;
}

/**
 * What makes a token enough to become a node without calling anybody: master key, cluster token and records, closed with a
 * passphrase (embedded-key.ts).
 */
export interface SealedPart {
  /** Of the passphrase, 16 bytes. */
  readonly salt: Uint8Array;
  /** 24 bytes. */
  readonly nonce: Uint8Array;
  readonly box: Uint8Array;
}

/** How any member is called by the address that clients use. */
export interface MasterWay {
  readonly address: OnionAddress;
  readonly port: number;
  /** The members' key for this token (kernel/cluster-keys.ts tokenJoinKey): whom the call reaches, nobody chooses. */
  readonly key: Curve25519PublicKey;
}

/** All that a new node is given out of band. Whoever has it can join: it is a secret. */
export interface JoinToken {
  readonly cluster: ClusterTag;
  readonly id: JoinTokenId;
  /** Preshared key of the handshake. */
  readonly secret: JoinSecret;
  /** Opens the door of the coordination service in Tor (rend-spec-v3 appendix G). */
  readonly clientAuthorization: Curve25519SecretKey;
  /** Unix seconds. */
  readonly notAfter: number;
  readonly uses: number;
  /**
   * Brings the master key (key-proof.ts). Not there where a node without that key issued it, or it shall bring none; nor
   * beside `sealed`, since who opens that can make it.
   */
  readonly keyGrant?: KeyGrant;
  /** Who issued it. */
  readonly origin: TokenOrigin;
  /** Members that can be called instead, MAX_OTHERS at most: each of them can derive the secrets of the token. */
  readonly others: readonly TokenOrigin[];
  /** Only where joins are taken at the master address (`[join] via_master`). */
  readonly viaMaster?: MasterWay;
  /** Only of a token with the master key in it (`--embed-key`). */
  readonly sealed?: SealedPart;
}

export const TOKEN_PREFIX = 'rb1:';
export const TOKEN_VERSION = 1;
export const MAX_OTHERS = 3;
/** Characters of the longest token: 2,953 still fit one QR code (version 40, level L). The largest possible has some 2,800. */
export const LONGEST_TOKEN = 2953;
/** Bytes of what is sealed: keys, the longest cluster token, four records of the longest. Tokens from init have some 500. */
export const LARGEST_BOX = 5400;
/** Characters of the longest token with a key in it: its box is base64 within base64. */
export const LONGEST_EMBEDDED_TOKEN = 12_800;
const CHECK_DIGITS = 8;

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

const originFields = (origin: TokenOrigin) => ({
  node_id: origin.nodeId,
  node_key: base64url(origin.nodeKey),
  ...(origin.coordination === null ? {} : { coordination: `${origin.coordination}.onion` }),
  ...(origin.direct === null ? {} : { direct: origin.direct }),
  ...(origin.wireguard === null
    ? {}
    : {
        wg_pubkey: base64url(origin.wireguard.publicKey),
        ...(origin.wireguard.endpoint === null ? {} : { wg_endpoint: origin.wireguard.endpoint }),
      }),
});

const masterFields = ({ address, port, key }: MasterWay) => ({
  address: `${address}.onion`,
  port,
  key: base64url(key),
});

/** The fields of the JSON object, in their one order, without what is sealed and the check. */
const openFields = (token: JoinToken) => ({
  version: TOKEN_VERSION,
  cluster_id: base64url(token.cluster),
  token_id: base64url(token.id),
  secret: base64url(token.secret),
  client_auth: base64url(token.clientAuthorization),
  expires_at: token.notAfter,
  uses: token.uses,
  ...(token.keyGrant === undefined ? {} : { key_grant: base64url(token.keyGrant) }),
  origin: originFields(token.origin),
  ...(token.others.length === 0 ? {} : { others: token.others.map(originFields) }),
  ...(token.viaMaster === undefined ? {} : { via_master: masterFields(token.viaMaster) }),
});

const sealFields = ({ salt, nonce }: Omit<SealedPart, 'box'>) => ({
  kdf: PASSPHRASE_KDF,
  salt: base64url(salt),
  nonce: base64url(nonce),
});

/** What a box is bound to: everything else that the token says. */
export const sealedWith = (token: JoinToken, part: Omit<SealedPart, 'box'>): Uint8Array =>
  utf8(JSON.stringify({ ...openFields(token), sealed: sealFields(part) }));

const tokenFields = (token: JoinToken) => ({
  ...openFields(token),
  ...(token.sealed === undefined
    ? {}
    : { sealed: { ...sealFields(token.sealed), box: base64url(token.sealed.box) } }),
});

/**
 * The text of a token: `rb1:` and base64url of a JSON object. Its last field holds the beginning of a SHA-256 of the rest: a
 * character that was lost or changed in copying is told as that and not as a refusal.
 */
export const encodeTokenText = (token: JoinToken): string => {
  const fields = tokenFields(token);
  const check = createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, CHECK_DIGITS);
  return `${TOKEN_PREFIX}${Buffer.from(JSON.stringify({ ...fields, check })).toString('base64url')}`;
};
