import { describe, expect, it } from 'vitest';
import { blindingParameter } from '@rustbalance/crypto-worker/blinding/blinding-factor.js';
import type { UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { buildDescriptors } from '@rustbalance/crypto-worker/descriptor/build-descriptors.js';
import { decodeDescriptor } from '@rustbalance/crypto-worker/descriptor/decode-descriptor.js';
import { relayIdentity } from '@rustbalance/crypto-worker/link-specifiers.js';
import {
  PERIOD,
  PERIOD_LENGTH,
  bytesOf,
  identityNamed,
  orderOf,
  pointsNamed,
  toHex,
  valueOf,
} from '../../unit/crypto-worker/given.js';
import { stemDecodes, stemEncodes, stemIsInstalled } from './stem.js';

const installed = await stemIsInstalled();
if (!installed) console.warn('skipped: descriptors against stem (python3-stem is not installed)');

const identity = identityNamed('stem');
const isoOf = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000', '');

describe.runIf(installed)('stem', { timeout: 200_000 }, () => {
  it.each([1, 9, 20])(
    'validates and reads a descriptor of ours with %i introduction points',
    async (count) => {
      // Stem checks expiry against the present, so this one is made now.
      const now = Math.floor(Date.now() / 1000) as UnixSeconds;
      const points = pointsNamed('p', count);
      for (const built of valueOf(buildDescriptors({ ...orderOf(identity, points), now }))) {
        const read = await stemDecodes(built.text, identity.address);
        expect(read).toMatchObject({
          lifetime: 180,
          revisionCounter: String(built.revisionCounter),
          blindedKey: toHex(built.blindedKey),
          signingKeyExpires: isoOf(Math.ceil(now / 3600 + 54) * 3600),
          formats: [2],
          unrecognized: ['flow-control 1-2 31'],
        });
        expect(read.points).toEqual(
          points.map((point) => ({
            linkSpecifiers: point.linkSpecifiers.map(({ type, data }) => [type, toHex(data)]),
            onionKey: toHex(point.onionKey),
            authKey: toHex(point.authKey),
            authKeyExpires: isoOf((Math.floor(now / 3600) + 54) * 3600),
            encKey: toHex(point.encKey),
            encKeyCertType: 11,
          })),
        );
      }
    },
  );

  it('refuses a descriptor of ours that was changed, so its reading proves something', async () => {
    const now = Math.floor(Date.now() / 1000) as UnixSeconds;
    const [built] = valueOf(buildDescriptors({ ...orderOf(identity, pointsNamed('p', 1)), now }));
    const changed = built!.text.replace('descriptor-lifetime 180', 'descriptor-lifetime 181');
    await expect(stemDecodes(changed, identity.address)).rejects.toThrow();
    await expect(stemDecodes(built!.text, identityNamed('other').address)).rejects.toThrow();
  });

  it('makes a descriptor that ours verifies, opens and reads', async () => {
    const points = pointsNamed('p', 3);
    const period = { number: PERIOD, length: PERIOD_LENGTH };
    const text = await stemEncodes({
      seed: toHex(bytesOf('stem')),
      blindingParameter: toHex(blindingParameter(identity.publicKey, period)),
      revisionCounter: 123_456,
      points: points.map((point) => ({
        fingerprint: relayIdentity(point.linkSpecifiers)!.fingerprint,
        ed25519Id: toHex(relayIdentity(point.linkSpecifiers)!.ed25519Id!),
        onionKey: toHex(point.onionKey),
        authKey: toHex(point.authKey),
        encKey: toHex(point.encKey),
      })),
    });
    const decoded = valueOf(
      decodeDescriptor({
        descriptor: new TextEncoder().encode(text),
        identity: identity.publicKey,
        periodLength: PERIOD_LENGTH,
        timePeriods: [PERIOD],
        now: Math.floor(Date.now() / 1000) as UnixSeconds,
        maxDescriptorSize: 50_000,
      }),
    );
    expect(decoded).toMatchObject({
      revisionCounter: 123_456n,
      skipped: [],
      flowControl: null,
      authClients: 16,
    });
    expect(decoded.introductionPoints.map((point) => [point.onionKey, point.authKey, point.encKey])).toEqual(
      points.map((point) => [point.onionKey, point.authKey, point.encKey]),
    );
  });
});
