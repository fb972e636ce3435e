import { createHash, hkdfSync } from 'node:crypto';
import type {
  Brand,
  Curve25519PublicKey,
  Curve25519SecretKey,
  Ed25519PublicKey,
  Ed25519Seed,
  ExpandedSecretKey,
  PairAgreement,
} from '@rustbalance/crypto-worker/brands.js';
import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { Secret } from './redact.js';

/**
 * What the nodes of one cluster derive from the secrets that they share, in pairs or all together. Everything is
 * HKDF-SHA256 (RFC 5869) with a label of its own, so that no derived key tells anything about another.
 */
const KEY_BYTES = 32;
const TAG_BYTES = 8;
const TUNNEL_NETWORK_BYTES = 5;
const TUNNEL_HOST_BYTES = 8;

/** Names a cluster on the wire: 8 bytes that tell nobody which address it serves. */
export type ClusterTag = Brand<Uint8Array, 'ClusterTag'>;
/** WireGuard's preshared key of a pair, 32 bytes. */
export type PresharedKey = Brand<Uint8Array, 'PresharedKey'>;
/** Names a join token, 8 random bytes. */
export type JoinTokenId = Brand<Uint8Array, 'JoinTokenId'>;
/** The one-time secret of a join token, 32 bytes: preshared key of the join handshake. */
export type JoinSecret = Brand<Uint8Array, 'JoinSecret'>;
/** By which a join token brings the master key, 32 bytes: only who has that key can make it. */
export type KeyGrant = Brand<Uint8Array, 'KeyGrant'>;

/** What all nodes of one cluster share, and nobody else has. */
export interface ClusterSecret {
  /** 32 bytes from the token and the master address: a token used for two addresses makes two clusters. */
  readonly key: Uint8Array;
  readonly tag: ClusterTag;
}

/** An X25519 key pair, e.g. of Tor's client authorization (rend-spec-v3 appendix G). */
export interface Curve25519KeyPair {
  readonly secret: Curve25519SecretKey;
  readonly publicKey: Curve25519PublicKey;
}

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8');

const expand = (
  salt: string,
  input: Uint8Array,
  info: readonly Uint8Array[],
  length: number = KEY_BYTES,
): Uint8Array => new Uint8Array(hkdfSync('sha256', input, text(salt), Buffer.concat(info), length));

/** The salt of keys that datagrams are sealed with; part of the wire format. */
const DATAGRAM_SALT = 'rustbalance datagram v1';
/** The salt of everything else. */
const CLUSTER_SALT = 'rustbalance cluster v1';

/** HKDF with the datagrams' salt: for keys of the wire format (election/wire/pair-keys.ts). */
export const expandForDatagrams = (
  input: Uint8Array,
  info: readonly Uint8Array[],
  length: number,
): Uint8Array => expand(DATAGRAM_SALT, input, info, length);

/** @param token the cluster token, any length; @param masterAddress as configured, with or without ".onion" */
export const clusterSecret = (token: Uint8Array, masterAddress: string): ClusterSecret => {
  const address = text(masterAddress.replace(/\.onion$/, ''));
  return {
    key: expand(DATAGRAM_SALT, token, [text('cluster key '), address]),
    tag: expand(DATAGRAM_SALT, token, [text('cluster tag '), address], TAG_BYTES) as ClusterTag,
  };
};

const ofPair = (secret: ClusterSecret, agreement: PairAgreement): Uint8Array =>
  Buffer.concat([agreement, secret.key]);

/** WireGuard's preshared key of a pair: the same for both, so both node keys are needed beside the WireGuard keys. */
export const pairPresharedKey = (secret: ClusterSecret, agreement: PairAgreement): PresharedKey =>
  expand(CLUSTER_SALT, ofPair(secret, agreement), [text('wireguard preshared key')]) as PresharedKey;

const keyPair = (secret: Uint8Array): Curve25519KeyPair => ({
  secret: secret as Curve25519SecretKey,
  publicKey: curve25519PublicKey(secret as Curve25519SecretKey),
});

/**
 * The client authorization by which one member reaches the other's coordination service. Both can derive it, so a
 * member that is removed from the other's list loses the door in Tor itself.
 *
 * @param service node public key of whoever runs the service
 */
export const memberClientAuthorization = (
  secret: ClusterSecret,
  agreement: PairAgreement,
  service: Ed25519PublicKey,
): Curve25519KeyPair =>
  keyPair(expand(CLUSTER_SALT, ofPair(secret, agreement), [text('client authorization '), service]));

/** The client authorization that a join token carries. Every member can derive it and open its door to the token. */
export const tokenClientAuthorization = (secret: ClusterSecret, token: JoinTokenId): Curve25519KeyPair =>
  keyPair(expand(CLUSTER_SALT, secret.key, [text('token client authorization '), token]));

/** The one-time secret of a join token. Every member can derive it, so every member can take a join. */
export const joinSecret = (secret: ClusterSecret, token: JoinTokenId): JoinSecret =>
  expand(CLUSTER_SALT, secret.key, [text('join secret '), token]) as JoinSecret;

/**
 * The key that a joiner encrypts to where it cannot choose which member answers, at the master address. Every member can derive
 * it, and nobody else: not even whoever has the token.
 */
export const tokenJoinKey = (secret: ClusterSecret, token: JoinTokenId): Curve25519KeyPair =>
  keyPair(expand(CLUSTER_SALT, secret.key, [text('token join key '), token]));

const END_BYTES = 8;

/**
 * What lets a join token bring the master key. The other secrets of a token follow from the cluster secret, which members without
 * that key have too: what opens the way to the key must follow from the key. So does its end, which any member could sign anew
 * in the token's record.
 *
 * @param notAfter end of the token, Unix seconds
 */
export const joinKeyGrant = (
  masterKey: ExpandedSecretKey,
  cluster: ClusterTag,
  token: JoinTokenId,
  notAfter: number,
): KeyGrant => {
  const end = Buffer.alloc(END_BYTES);
  end.writeBigUInt64BE(BigInt(notAfter));
  return expand(CLUSTER_SALT, masterKey, [text('join key grant '), cluster, token, end]) as KeyGrant;
};

const PATH_BYTES = 16;

/** What follows `/.rb/` where joins are taken at the master address; whoever has the token can derive it. */
export const joinPath = (secret: JoinSecret): string =>
  Buffer.from(expand(CLUSTER_SALT, secret, [text('join path')], PATH_BYTES)).toString('hex');

/** By which a path is known without being told. */
export const joinPathHash = (secret: JoinSecret): Uint8Array =>
  new Uint8Array(createHash('sha256').update(joinPath(secret)).digest());

/**
 * What the nodes of a cluster sign their self-tests with (self-test-token.ts); null without any secret.
 *
 * @param secret the cluster token; where there is none, the node is alone, and its own key serves
 */
export const selfTestKey = (secret: Secret | null, masterAddress: string): Secret | null =>
  secret === null
    ? null
    : new Secret(
        expand(CLUSTER_SALT, clusterSecret(secret.reveal(), masterAddress).key, [text('self-test')]),
      );

/** The identity of a node's coordination service: known as soon as the node key is, before any Tor has run. */
export const coordinationIdentitySeed = (seed: Ed25519Seed): Ed25519Seed =>
  expand(CLUSTER_SALT, seed, [text('coordination onion service')]) as Ed25519Seed;

/** IPv6 groups (RFC 5952 without its shortening, which nothing here needs). */
const groupsOf = (bytes: Uint8Array): string =>
  Array.from({ length: bytes.length / 2 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  ).join(':');

const networkBytes = (tag: ClusterTag): Uint8Array =>
  Buffer.concat([
    Uint8Array.of(0xfd),
    expand(CLUSTER_SALT, tag, [text('tunnel network')], TUNNEL_NETWORK_BYTES),
    new Uint8Array(2),
  ]);

/** The network of the tunnels: a unique local prefix (RFC 4193 §3.1) of the cluster's own, e.g. `fd12:…:0/64`. */
export const tunnelNetwork = (tag: ClusterTag): string => `${groupsOf(networkBytes(tag))}::/64`;

/**
 * A node's address in it. Made from its key: nobody hands out addresses, so nobody can hand out one twice (64 bits: two
 * of a million nodes meet with a chance of 1 in 37 million).
 */
export const tunnelAddress = (tag: ClusterTag, publicKey: Ed25519PublicKey): string => {
  const host = expand(CLUSTER_SALT, publicKey, [text('tunnel address'), tag], TUNNEL_HOST_BYTES);
  return groupsOf(Buffer.concat([networkBytes(tag), host]));
};
