import type {
  Brand,
  Curve25519PublicKey,
  Ed25519PublicKey,
  IdentityPublicKey,
} from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '../../kernel/brands.js';
import type { JoinTokenId } from '../../kernel/cluster-keys.js';

/**
 * What all nodes of a cluster must agree on: a set of small records, each signed by a member. A record says all about
 * its subject, and its version rises with every change, so a set is merged record by record.
 */
export type ClusterRecord = MemberRecord | JoinTokenRecord;

/** A node that belongs to the cluster, or did once. The subject is its node key. */
export interface MemberRecord {
  readonly kind: 'member';
  readonly publicKey: Ed25519PublicKey;
  /** 1 … 2^32 − 1. */
  readonly version: number;
  /** Removed is for ever: a machine that shall return needs a new node key. */
  readonly state: 'present' | 'removed';
  readonly id: NodeId;
  /** 1 … 1,000,000. */
  readonly priority: number;
  readonly hasMasterKey: boolean;
  /** Identity key of its coordination onion service. */
  readonly coordination: IdentityPublicKey | null;
  readonly wireguard: {
    readonly publicKey: Curve25519PublicKey;
    /** `IP:port`; null for a node that calls others and cannot be called. */
    readonly endpoint: string | null;
  } | null;
  /** `IP:port` of the direct transport. */
  readonly direct: string | null;
}

/** The permission to join, a number of times and until some moment. The subject is its id. */
export interface JoinTokenRecord {
  readonly kind: 'join-token';
  readonly tokenId: JoinTokenId;
  /** 1 … 2^32 − 1. */
  readonly version: number;
  /** Node key of the member that the token tells a joiner to call. */
  readonly issuer: Ed25519PublicKey;
  /** Unix seconds. */
  readonly notAfter: number;
  /** How many nodes may join with it, 1 … MAX_TOKEN_USES. */
  readonly uses: number;
  /** Node keys of those that did, each once, in the order of their bytes. */
  readonly usedBy: readonly Ed25519PublicKey[];
  readonly revoked: boolean;
}

/** A record with the proof of who said it. `bytes` is all of it as it travels and is stored. */
export interface SignedRecord<R extends ClusterRecord = ClusterRecord> {
  readonly record: R;
  readonly signer: Ed25519PublicKey;
  readonly signature: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Names the subject of a record among all kinds: hex of the first 8 bytes of a SHA-256. */
export type SubjectKey = Brand<string, 'SubjectKey'>;
/** Names one signed record: the first 8 bytes of the SHA-256 of its bytes, in hex. */
export type Fingerprint = Brand<string, 'Fingerprint'>;

/** Keeps a record within one datagram with room to spare. The largest token takes 665 bytes, the largest member 365. */
export const MAX_RECORD_BYTES = 1000;
export const MAX_TOKEN_USES = 16;
export const HIGHEST_VERSION = 2 ** 32 - 1;
export const HIGHEST_PRIORITY = 1_000_000;
