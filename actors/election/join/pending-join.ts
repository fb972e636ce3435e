import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import type { Curve25519SecretKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import type { NodeId } from '../../kernel/brands.js';
import { coordinationIdentitySeed } from '../../kernel/cluster-keys.js';
import { nodePublicKey } from '../../kernel/node-key.js';
import { keyProof } from './key-proof.js';
import type { JoinRequest } from './request-codec.js';
import type { JoinToken } from './token-text.js';

/** How a node is reached by the others. */
export type NodeTransport =
  | { readonly mode: 'tor' }
  | { readonly mode: 'direct'; readonly listen: string | undefined }
  | {
      readonly mode: 'wireguard';
      /** Null: it calls others and cannot be called. */
      readonly endpoint: string | null;
      readonly privateKey: Curve25519SecretKey;
    };

/** What the files of a node are made of once it is admitted. */
export interface NodeToMake {
  readonly target: string;
  readonly stateDir: string | undefined;
  readonly runDir: string | undefined;
  /** The Tor that reaches the members, and lines for its torrc. */
  readonly torBinary: string;
  readonly extraTorrc: readonly string[];
  /** Directories that were made for this join, the deepest first: they go again if nothing comes of it. */
  readonly madeDirectories: readonly string[];
}

/** How often it was tried, and what came of the last attempt. */
export interface JoinProgress {
  readonly attempts: number;
  readonly member: NodeId;
  /** For people; nothing secret. */
  readonly problem: string;
  /** Unix seconds. */
  readonly atSecs: number;
}

/**
 * A join that was asked for and is not done. It lies on disk before the first member is called: every attempt, in
 * whatever process, then shows the same node key, which a token counts as one use.
 */
export interface PendingJoin {
  readonly token: JoinToken;
  readonly nodeSeed: Ed25519Seed;
  /** As it would like to be called. */
  readonly nodeId: NodeId;
  readonly priority: number | null;
  readonly wantsMasterKey: boolean;
  readonly transport: NodeTransport;
  /** Members are called by the address that clients use. */
  readonly viaMaster: boolean;
  /** Null: the node's files are there already, and only its cluster does not know of it yet. */
  readonly node: NodeToMake | null;
  readonly progress: JoinProgress | null;
}

/** Whether the members are asked for the key. A node whose files are there was made with it, or does without. */
const asksForKey = ({ wantsMasterKey, node }: Pick<PendingJoin, 'wantsMasterKey' | 'node'>): boolean =>
  wantsMasterKey && node !== null;

/** What the members are asked, now. */
export const requestOf = (pending: PendingJoin, nowMs: number): JoinRequest => {
  const { token, transport, nodeSeed, nodeId, priority } = pending;
  const wantsMasterKey = asksForKey(pending);
  const publicKey = nodePublicKey(nodeSeed);
  return {
    publicKey,
    nodeId,
    atSecs: Math.floor(nowMs / 1000),
    wantsMasterKey,
    keyProof:
      wantsMasterKey && token.keyGrant !== undefined
        ? keyProof(token.keyGrant, token.notAfter, publicKey)
        : null,
    priority,
    coordination:
      transport.mode === 'direct' ? null : generateIdentity(coordinationIdentitySeed(nodeSeed)).publicKey,
    wireguard:
      transport.mode === 'wireguard'
        ? { publicKey: curve25519PublicKey(transport.privateKey), endpoint: transport.endpoint }
        : null,
    direct: transport.mode === 'direct' ? (transport.listen ?? null) : null,
  };
};

/** It asks for a key that its token cannot bring. */
export const lacksKeyGrant = (pending: PendingJoin): boolean =>
  asksForKey(pending) && pending.token.keyGrant === undefined;

/** The token as one that brings no master key: what a node will not use does not lie on its disk. */
export const withoutKeyGrant = (token: JoinToken): JoinToken => {
  const less = { ...token };
  delete less.keyGrant;
  return less;
};

/** The same node asks for the same cluster: whatever was counted for it then still counts. */
export const isSameJoin = (pending: PendingJoin, token: JoinToken): boolean =>
  Buffer.compare(pending.token.cluster, token.cluster) === 0;
