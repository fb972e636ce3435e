import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  Ed25519Seed,
} from '@rustbalance/crypto-worker/brands.js';
import { concatBytes, sameBytes, utf8 } from '@rustbalance/crypto-worker/encoding/bytes.js';
import {
  joinSecret,
  nodeAgreementKey,
  nodeAgreementPublicKey,
  tokenJoinKey,
} from '../../kernel/cluster-keys.js';
import type {
  ClusterSecret,
  ClusterTag,
  Curve25519SecretKey,
  JoinSecret,
  JoinTokenId,
} from '../../kernel/cluster-keys.js';
import type { Random } from '../../kernel/random.js';
import { decodeAnswer, encodeAnswer } from './answer-codec.js';
import type { JoinAnswer } from './answer-codec.js';
import { FRAME_PREFIX_BYTES, LONGEST_JOIN_FRAME } from './limits.js';
import { initiate, respond } from './noise.js';
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
  readonly read: (frame: Uint8Array) => JoinAnswer | null;
}

/** Writes frame 1. Null when the member's key is no usable one. 2.5 ms. */
export const placeCall = (call: Call, random: Random): Placed | null => {
  const responder = nodeAgreementPublicKey(call.member);
  return responder === null ? null : placeCallTo(responder, call, random);
};

/** Writes frame 1 to whoever has the key: the members, with the key of a token. Null when it is no usable one. */
export const placeCallTo = (
  responder: Curve25519PublicKey,
  call: CallToAny,
  random: Random,
): Placed | null => {
  const started = initiate(
    {
      own: nodeAgreementKey(call.seed),
      responder,
      psk: call.secret,
      prologue: prologueOf(call.cluster, call.token),
      ephemeral: freshKey(random),
    },
    encodeRequest(call.request),
  );
  if (started === null) return null;
  return {
    frame: concatBytes(Uint8Array.of(VERSION), call.cluster, call.token, started.message),
    read: (frame) => {
      const payload = started.open(frame);
      return payload === null ? null : decodeAnswer(payload);
    },
  };
};

/** Somebody who proved to hold the token and the node key that the request names. */
export interface TakenCall {
  readonly token: JoinTokenId;
  readonly request: JoinRequest;
  /** Frame 2, once. Null when the caller's ephemeral key is of small order. */
  readonly answer: (answer: JoinAnswer, random: Random) => Uint8Array | null;
}

const isKeyOf = (agreed: Curve25519PublicKey, publicKey: Ed25519PublicKey): boolean => {
  const theirs = nodeAgreementPublicKey(publicKey);
  return theirs !== null && sameBytes(agreed, theirs);
};

/**
 * Reads frame 1. Null for everything but an authentic request with a token of this cluster, whether or not that token is still good.
 * Cheapest first; up to 2 ms.
 */
export const takeCall = (secret: ClusterSecret, seed: Ed25519Seed, frame: Uint8Array): TakenCall | null =>
  takeWith(secret, () => nodeAgreementKey(seed), frame);

/** The same for a frame to the key of its token. */
export const takeMasterCall = (secret: ClusterSecret, frame: Uint8Array): TakenCall | null =>
  takeWith(secret, (token) => tokenJoinKey(secret, token).secret, frame);

const takeWith = (
  secret: ClusterSecret,
  ownKey: (token: JoinTokenId) => Curve25519SecretKey,
  frame: Uint8Array,
): TakenCall | null => {
  if (frame.length <= FRAME_PREFIX_BYTES || frame.length > LONGEST_JOIN_FRAME) return null;
  if (frame[0] !== VERSION || !sameBytes(frame.subarray(1, 1 + ID_BYTES), secret.tag)) return null;
  const token = frame.slice(1 + ID_BYTES, FRAME_PREFIX_BYTES) as JoinTokenId;
  const opened = respond(
    {
      own: ownKey(token),
      psk: joinSecret(secret, token),
      prologue: prologueOf(secret.tag, token),
    },
    frame.subarray(FRAME_PREFIX_BYTES),
  );
  if (opened === null) return null;
  const request = decodeRequest(opened.payload);
  if (request === null || !isKeyOf(opened.initiator, request.publicKey)) return null;
  return {
    token,
    request,
    answer: (answer, random) => opened.answer(freshKey(random), encodeAnswer(answer)),
  };
};
