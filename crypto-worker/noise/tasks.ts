import type { Curve25519SecretKey, Ed25519PublicKey, Ed25519Seed, PairAgreement } from '../brands.js';
import { failure, ok } from '../result.js';
import type { Result } from '../result.js';
import { pairAgreement } from '../x25519.js';
import { initiate, openAnswer, respond, writeAnswer } from './ik-psk1.js';
import type { CalledState, CallerState, Initiated, Initiator, Responded, Responder } from './ik-psk1.js';

/** The handshake and the agreements of pairs as tasks of the pool: what fails says no more than that it does. */

const orRefused = <T>(value: T | null): Result<T> =>
  value === null ? failure('noise.refused', 'the handshake comes to nothing') : ok(value);

export const noiseInitiate = (input: {
  readonly keys: Initiator;
  readonly payload: Uint8Array;
}): Result<Initiated> => orRefused(initiate(input.keys, input.payload));

export const noiseOpenAnswer = (input: {
  readonly state: CallerState;
  readonly answer: Uint8Array;
}): Result<Uint8Array> => orRefused(openAnswer(input.state, input.answer));

export const noiseRespond = (input: {
  readonly keys: Responder;
  readonly message: Uint8Array;
}): Result<Responded> => orRefused(respond(input.keys, input.message));

export const noiseWriteAnswer = (input: {
  readonly state: CalledState;
  readonly ephemeral: Curve25519SecretKey;
  readonly reply: Uint8Array;
}): Result<Uint8Array> => orRefused(writeAnswer(input.state, input.ephemeral, input.reply));

/** In the order of the peers; null for a key that is no usable point. 0.3 ms each. */
export const pairAgreements = (input: {
  readonly seed: Ed25519Seed;
  readonly peers: readonly Ed25519PublicKey[];
}): Result<readonly (PairAgreement | null)[]> =>
  ok(input.peers.map((peer) => pairAgreement(input.seed, peer)));
