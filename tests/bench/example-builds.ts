import { createHash, generateKeyPairSync } from 'node:crypto';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  ExpandedSecretKey,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type { BuildDescriptorsInput } from '@rustbalance/crypto-worker/task-types.js';

const POINTS = 20;

const rawPublicKey = (type: 'ed25519' | 'x25519'): Uint8Array => {
  const { publicKey } = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
};

const introductionPoint = (i: number, now: number): IntroductionPoint => ({
  linkSpecifiers: [
    { type: 0, data: new Uint8Array([127, 0, 0, 1, 0x20, i]) },
    { type: 2, data: new Uint8Array(createHash('sha1').update(String(i)).digest()) },
    { type: 3, data: rawPublicKey('ed25519') },
  ],
  onionKey: rawPublicKey('x25519') as Curve25519PublicKey,
  authKey: rawPublicKey('ed25519') as Ed25519PublicKey,
  encKey: rawPublicKey('x25519') as Curve25519PublicKey,
  expires: (now + 54 * 3600) as UnixSeconds,
});

/** Jobs of both descriptors with twenty introduction points, each with a counter above the last. */
export const exampleBuilds = (masterSecret: ExpandedSecretKey): (() => BuildDescriptorsInput) => {
  const now = Math.floor(Date.now() / 1000) as UnixSeconds;
  const introductionPoints = Array.from({ length: POINTS }, (_, i) => introductionPoint(i, now));
  let n = 1_000;
  return () => {
    n++;
    return {
      masterSecret,
      periodLength: 1440 as BuildDescriptorsInput['periodLength'],
      now,
      create2Formats: [2],
      flowControl: '1-2 31',
      maxDescriptorSize: 50_000,
      requests: (['first', 'second'] as const).map((which, k) => ({
        which,
        timePeriod: (20_000 + k) as BuildDescriptorsInput['requests'][number]['timePeriod'],
        n,
        introductionPoints,
      })),
    };
  };
};
