import { createHash } from 'node:crypto';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';

const bytes = (label: string, length: number): Uint8Array =>
  new Uint8Array(createHash('shake256', { outputLength: length }).update(label).digest());

/** An introduction point of the size that Tor makes: IPv4, fingerprint and Ed25519 identity. No real keys. */
export const examplePoint = (label: string): IntroductionPoint => ({
  linkSpecifiers: [
    { type: 0, data: bytes(`${label} ip`, 6) },
    { type: 2, data: bytes(`${label} fingerprint`, 20) },
    { type: 3, data: bytes(`${label} identity`, 32) },
  ],
  onionKey: bytes(`${label} onion`, 32) as Curve25519PublicKey,
  authKey: bytes(`${label} auth`, 32) as Ed25519PublicKey,
  encKey: bytes(`${label} enc`, 32) as Curve25519PublicKey,
  expires: 1_900_000_000 as UnixSeconds,
});

export const examplePoints = (label: string, count: number): readonly IntroductionPoint[] =>
  Array.from({ length: count }, (_, index) => examplePoint(`${label} ${index}`));
