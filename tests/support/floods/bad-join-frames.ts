import type { Ed25519PublicKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import { placeCall } from '@rustbalance/actors/election/join/join-frame.js';
import { keyProof } from '@rustbalance/actors/election/join/key-proof.js';
import { LONGEST_JOIN_FRAME } from '@rustbalance/actors/election/join/limits.js';
import type { JoinRequest } from '@rustbalance/actors/election/join/request-codec.js';
import type { JoinToken } from '@rustbalance/actors/election/join/token-text.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { encodeFrame } from '@rustbalance/actors/wg/tor-transport/frames.js';

const OLD_SECS = 3600;
/** Where frame 1 names its cluster. */
const CLUSTER_AT = 1;

export interface BadJoinFrames {
  readonly what: string;
  /** How the listener counts a stream that brings one. */
  readonly counted: 'malformed' | 'refused' | 'answered';
  /** As they go on the stream, length and all. */
  readonly bytes: Uint8Array;
}

/** A member whose key the adversary has, or who is recorded. */
export interface Joined {
  readonly seed: Ed25519Seed;
  readonly id: NodeId;
  readonly direct: string;
}

/**
 * Joins that admit nobody, made with a true token from frames that would.
 *
 * @param called the member that is flooded
 * @param joined whoever's join is recorded: it is in already
 */
export const badJoinFrames = async (
  token: JoinToken,
  called: Ed25519PublicKey,
  { seed, id, direct }: Joined,
): Promise<readonly BadJoinFrames[]> => {
  const frameOf = async (agedSecs: number): Promise<Uint8Array> => {
    const request: JoinRequest = {
      publicKey: nodePublicKey(seed),
      nodeId: id,
      atSecs: Math.floor(Date.now() / 1000) - agedSecs,
      wantsMasterKey: true,
      keyProof:
        token.keyGrant === undefined ? null : keyProof(token.keyGrant, token.notAfter, nodePublicKey(seed)),
      priority: null,
      coordination: null,
      wireguard: null,
      direct,
    };
    const call = {
      cluster: token.cluster,
      token: token.id,
      secret: token.secret,
      member: called,
      seed,
      request,
    };
    const placed = await placeCall(call, systemRandom, (task, input) => runHere(task, input));
    if (placed === null) throw new Error('the member has no usable key');
    return placed.frame;
  };
  const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
    const result = Uint8Array.from(bytes);
    result[at] = (result[at] ?? 0) ^ 0x40;
    return result;
  };
  const frame = await frameOf(0);
  return [
    { what: 'truncated', counted: 'refused', bytes: encodeFrame(frame.subarray(0, frame.length - 20)) },
    { what: 'mutated', counted: 'refused', bytes: encodeFrame(flipped(frame, frame.length - 5)) },
    { what: 'of another cluster', counted: 'refused', bytes: encodeFrame(flipped(frame, CLUSTER_AT)) },
    { what: 'empty', counted: 'malformed', bytes: encodeFrame(new Uint8Array()) },
    {
      what: 'oversized',
      counted: 'malformed',
      bytes: encodeFrame(systemRandom.bytes(LONGEST_JOIN_FRAME + 1)),
    },
    // Who holds a token is told what became of it, sealed for the handshake that the replayer does not have.
    { what: 'replayed', counted: 'answered', bytes: encodeFrame(frame) },
    { what: 'replayed an hour later', counted: 'answered', bytes: encodeFrame(await frameOf(OLD_SECS)) },
  ];
};
