import type { Origin } from '@rustbalance/actors/proxy/http/origin.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';

const onionOf = (seedByte: number): string =>
  `${encodeOnionAddress(generateIdentity(new Uint8Array(32).fill(seedByte)).publicKey)}.onion`;

/** Two valid onion addresses, the same in every run. */
export const MASTER = onionOf(1);
export const TARGET_ONION = onionOf(2);

export const MASTER_ORIGIN: Origin = { scheme: 'http', host: MASTER, port: 80 };
export const ONION_TARGET: Origin = { scheme: 'http', host: TARGET_ONION, port: 80 };
export const LOCAL_TARGET: Origin = { scheme: 'http', host: '127.0.0.1', port: 9101 };
export const TLS_TARGET: Origin = { scheme: 'https', host: 'www.example.org', port: 443 };
