import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import type { Result } from '@rustbalance/crypto-worker/result.js';
import type { BuildDescriptorsInput, BuiltDescriptor } from '@rustbalance/crypto-worker/task-types.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const POINTS = 20;
const WARM_UP = 30;

const rawPublicKey = (type: 'ed25519' | 'x25519'): Uint8Array => {
  const { publicKey } = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32));
};

const introductionPoint = (i: number, now: number) => ({
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

/** Both descriptors with twenty introduction points, as one job of the pool, from post to answer. */
export const descriptorFigures = async (runs = 200): Promise<Figure[]> => {
  const pool = new Piscina({
    filename: fileURLToPath(import.meta.resolve('@rustbalance/crypto-worker/pool.js')),
    name: 'run',
    minThreads: 1,
    maxThreads: 1,
  });
  const now = Math.floor(Date.now() / 1000) as UnixSeconds;
  const { secret } = generateIdentity(new Uint8Array(randomBytes(32)));
  const points = Array.from({ length: POINTS }, (_, i) => introductionPoint(i, now));
  const samples: number[] = [];
  for (let i = 0; i < WARM_UP + runs; i++) {
    const requests = (['first', 'second'] as const).map((which, k) => ({
      which,
      timePeriod: (20_000 + k) as BuildDescriptorsInput['requests'][number]['timePeriod'],
      n: 1_000 + i,
      introductionPoints: points,
    }));
    const input: BuildDescriptorsInput = {
      masterSecret: secret,
      periodLength: 1440 as BuildDescriptorsInput['periodLength'],
      now,
      create2Formats: [2],
      flowControl: '1-2 31',
      maxDescriptorSize: 50_000,
      requests,
    };
    const began = performance.now();
    const built = (await pool.run({ task: 'buildDescriptors', input })) as Result<readonly BuiltDescriptor[]>;
    if (!built.ok) throw new Error(`${built.code}: ${built.detail}`);
    if (i >= WARM_UP) samples.push(performance.now() - began);
  }
  await pool.close();
  const measured = spread(samples);
  return [
    {
      what: 'Both descriptors with 20 introduction points, in the pool',
      unit: 'ms',
      spread: measured,
      target: 'median ≤ 8',
      met: measured.median <= 8,
    },
  ];
};
