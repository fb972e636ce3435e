import { nodeAgreementKey, nodeAgreementPublicKey } from '@rustbalance/crypto-worker/x25519.js';
import type {
  Curve25519PublicKey,
  Curve25519SecretKey,
  Ed25519PublicKey,
  Ed25519Seed,
} from '@rustbalance/crypto-worker/brands.js';
import type { RunTask } from '@rustbalance/crypto-worker/tasks.js';
import { concatBytes, sameBytes, utf8 } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { joinSecret, tokenJoinKey } from '../../kernel/cluster-keys.js';
import type { ClusterSecret, ClusterTag, JoinSecret, JoinTokenId } from '../../kernel/cluster-keys.js';
import type { Random } from '../../kernel/random.js';
import { decodeAnswer, encodeAnswer } from './answer-codec.js';
import type { JoinAnswer } from './answer-codec.js';
import { FRAME_PREFIX_BYTES, LONGEST_JOIN_FRAME } from './limits.js';
import { decodeRequest, encodeRequest } from './request-codec.js';
import type { JoinRequest } from './request-codec.js';

/**
 * The two frames of a join.
 *
 *     frame 1: version 1, cluster id 8, token id 8, Noise message 1 over the request
 *     frame 2: Noise message 2 over the answer
 */
const VERSION = 1;
const ID_BYTES = 8;
const EPHEMERAL_BYTES = 32;

const prologueOf = (cluster: ClusterTag, token: JoinTokenId): Uint8Array =>
  concatBytes(utf8('rustbalance join v1'), cluster, token);

/** The second call throws: each state of a handshake is good for one message. */
const onlyOnce = (): (() => void) => {
  let used = false;
  return () => {
    if (used) throw new Error('a message of a handshake is taken once');
    used = true;
  };
};

const freshKey = (random: Random): Curve25519SecretKey =>
  random.bytes(EPHEMERAL_BYTES) as Curve25519SecretKey;

/** What a call says, whoever is called. */
export interface CallToAny {
  readonly cluster: ClusterTag;
  readonly token: JoinTokenId;
  readonly secret: JoinSecret;
  /** Node key of the one that calls. */
  readonly seed: Ed25519Seed;
  readonly request: JoinRequest;
}

/** A call to one member. */
export interface Call extends CallToAny {
  /** Node key of the member that is called. */
  readonly member: Ed25519PublicKey;
}

export interface Placed {
  readonly frame: Uint8Array;
  /** Null for everything that is not the member's own answer to this frame: noise, for instance. Once. */
  readonly read: (frame: Uint8Array) => Promise<JoinAnswer | null>;
}

/** Writes frame 1. Null when the member's key is no usable one. */
export const placeCall = async (call: Call, random: Random, run: RunTask): Promise<Placed | null> => {
  const responder = nodeAgreementPublicKey(call.member);
  return responder === null ? null : placeCallTo(responder, call, random, run);
};

/** Writes frame 1 to whoever has the key: the members, with the key of a token. Null when it is no usable one. */
export const placeCallTo = async (
  responder: Curve25519PublicKey,
  call: CallToAny,
  random: Random,
  run: RunTask,
): Promise<Placed | null> => {
  const keys = {
    own: nodeAgreementKey(call.seed),
    responder,
    psk: call.secret,
    prologue: prologueOf(call.cluster, call.token),
    ephemeral: freshKey(random),
  };
  const started = await run('noiseInitiate', { keys, payload: encodeRequest(call.request) });
  if (!started.ok) return null;
  const { message, state } = started.value;
  const once = onlyOnce();
  return {
    frame: concatBytes(Uint8Array.of(VERSION), call.cluster, call.token, message),
    read: async (answer) => {
      once();
      const opened = await run('noiseOpenAnswer', { state, answer });
      return opened.ok ? decodeAnswer(opened.value) : null;
    },
  };
};

/** Somebody who proved to hold the token and the node key that the request names. */
export interface TakenCall {
  readonly token: JoinTokenId;
  readonly request: JoinRequest;
  /** Frame 2, once. Null when the caller's ephemeral key is of small order. */
  readonly answer: (answer: JoinAnswer, random: Random) => Promise<Uint8Array | null>;
}

const isKeyOf = (agreed: Curve25519PublicKey, publicKey: Ed25519PublicKey): boolean => {
  const theirs = nodeAgreementPublicKey(publicKey);
  return theirs !== null && sameBytes(agreed, theirs);
};

/**
 * Reads frame 1. Null for everything but an authentic request with a token of this cluster, whether or not that token is still good.
 * Cheapest first.
 */
export const takeCall = (
  secret: ClusterSecret,
  seed: Ed25519Seed,
  frame: Uint8Array,
  run: RunTask,
): Promise<TakenCall | null> => takeWith(secret, () => nodeAgreementKey(seed), frame, run);

/** The same for a frame to the key of its token. */
export const takeMasterCall = (
  secret: ClusterSecret,
  frame: Uint8Array,
  run: RunTask,
): Promise<TakenCall | null> => takeWith(secret, (token) => tokenJoinKey(secret, token).secret, frame, run);

const takeWith = async (
  secret: ClusterSecret,
  ownKey: (token: JoinTokenId) => Curve25519SecretKey,
  frame: Uint8Array,
  run: RunTask,
): Promise<TakenCall | null> => {
  if (frame.length <= FRAME_PREFIX_BYTES || frame.length > LONGEST_JOIN_FRAME) return null;
  if (frame[0] !== VERSION || !sameBytes(frame.subarray(1, 1 + ID_BYTES), secret.tag)) return null;
  const token = frame.slice(1 + ID_BYTES, FRAME_PREFIX_BYTES) as JoinTokenId;
  const keys = {
    own: ownKey(token),
    psk: joinSecret(secret, token),
    prologue: prologueOf(secret.tag, token),
  };
  const opened = await run('noiseRespond', { keys, message: frame.slice(FRAME_PREFIX_BYTES) });
  if (!opened.ok) return null;
  const { payload, initiator, state } = opened.value;
  const request = decodeRequest(payload);
  if (request === null || !isKeyOf(initiator, request.publicKey)) return null;
  const once = onlyOnce();
  return {
    token,
    request,
    answer: async (answer, random) => {
      once();
      const reply = encodeAnswer(answer);
      const written = await run('noiseWriteAnswer', { state, ephemeral: freshKey(random), reply });
      return written.ok ? written.value : null;
    },
  };
};
