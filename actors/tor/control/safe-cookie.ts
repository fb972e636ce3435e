import { createHmac, timingSafeEqual } from 'node:crypto';

export const COOKIE_BYTES = 32;
export const CLIENT_NONCE_BYTES = 32;

const SERVER_KEY = 'Tor safe cookie authentication server-to-controller hash';
const CONTROLLER_KEY = 'Tor safe cookie authentication controller-to-server hash';

interface SafeCookieInput {
  readonly cookie: Uint8Array;
  readonly clientNonce: Uint8Array;
  readonly serverNonce: Uint8Array;
}

const hmac = (key: string, { cookie, clientNonce, serverNonce }: SafeCookieInput): Uint8Array =>
  createHmac('sha256', key).update(cookie).update(clientNonce).update(serverNonce).digest();

/** Whether the server proved that it knows the cookie (control-spec §3.24), in constant time. */
export const serverKnowsCookie = (input: SafeCookieInput, serverHash: Uint8Array): boolean => {
  const expected = hmac(SERVER_KEY, input);
  return serverHash.length === expected.length && timingSafeEqual(expected, serverHash);
};

/** Our own proof, 32 bytes: the argument of AUTHENTICATE. */
export const controllerHash = (input: SafeCookieInput): Uint8Array => hmac(CONTROLLER_KEY, input);
