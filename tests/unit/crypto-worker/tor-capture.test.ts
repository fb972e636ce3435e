import { describe, expect, it } from 'vitest';
import type { ExpandedSecretKey, TimePeriodNumber, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { findCounterInputOf } from '@rustbalance/crypto-worker/counter/find-input.js';
import { buildDescriptors } from '@rustbalance/crypto-worker/descriptor/build-descriptors.js';
import { decodeDescriptor } from '@rustbalance/crypto-worker/descriptor/decode-descriptor.js';
import { decodeInnerLayer, encodeInnerLayer } from '@rustbalance/crypto-worker/descriptor/inner-layer.js';
import {
  decodeMiddleLayer,
  encodeMiddleLayer,
  padMiddleLayer,
} from '@rustbalance/crypto-worker/descriptor/middle-layer.js';
import { introductionPointProblem } from '@rustbalance/crypto-worker/introduction-point-check.js';
import { identityOf } from '@rustbalance/crypto-worker/keys/identity.js';
import { parseNetwork } from '@rustbalance/crypto-worker/network/network-view.js';
import { publicationPlan } from '@rustbalance/crypto-worker/ring/publication-plan.js';
import { TOR_CAPTURE } from '@rustbalance/tests/vectors/tor-0.4.9.11.js';
import { hex, valueOf } from './given.js';
import { openLayers } from './open-layers.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const identity = identityOf(hex(TOR_CAPTURE.secret) as ExpandedSecretKey);
const network = valueOf(
  parseNetwork({
    consensus: bytes(TOR_CAPTURE.consensus),
    microdescriptors: bytes(TOR_CAPTURE.microdescriptors),
    testingTorNetwork: true,
  }),
);
const plan = valueOf(publicationPlan({ identity: identity.publicKey, network }));
const { periodLength, maxDescriptorSize } = network.hsDirParams;
const at = TOR_CAPTURE.at as UnixSeconds;
const decode = (text: string) =>
  valueOf(
    decodeDescriptor({
      descriptor: bytes(text),
      identity: identity.publicKey,
      periodLength,
      timePeriods: [-1, 0, 1].map((step) => (plan.first.timePeriod + step) as TimePeriodNumber),
      now: at,
      maxDescriptorSize,
    }),
  );
const decoded = decode(TOR_CAPTURE.descriptor);
const n = valueOf(
  findCounterInputOf({
    secret: identity.secret,
    timePeriod: plan.first.timePeriod,
    periodLength,
    counter: decoded.revisionCounter,
    maxN: 1000,
  }),
);

describe('a capture from tor 0.4.9.11', () => {
  it('has a network whose HSDirs are all known', () => {
    expect(network.completeness).toEqual({
      relays: 12,
      microdescriptors: 12,
      hsDirs: 12,
      hsDirsWithoutMicrodescriptor: 0,
    });
    expect(network.hsDirParams).toMatchObject({ periodLength: 4, spreadStore: 2, spreadFetch: 1 });
  });

  it("has Tor uploading where our plan says, with our plan's indices and blinded keys", () => {
    const planned = [plan.first, plan.second].flatMap((each) =>
      each.store.map(({ fingerprint, index }) => ({
        fingerprint,
        blindedKey: Buffer.from(each.blindedKey).toString('base64').replace(/=+$/, ''),
        index,
      })),
    );
    const ordered = (uploads: readonly Readonly<Record<'fingerprint' | 'blindedKey' | 'index', string>>[]) =>
      uploads.map(({ fingerprint, blindedKey, index }) => `${blindedKey} ${index} ${fingerprint}`).sort();
    expect(ordered(planned)).toEqual(ordered(TOR_CAPTURE.uploads));
  });

  it('has a descriptor for the period of our first one, with the lines of Tor 0.4.9', () => {
    expect(decoded).toMatchObject({
      timePeriod: plan.first.timePeriod,
      blindedKey: plan.first.blindedKey,
      lifetimeMinutes: 180,
      create2Formats: [2],
      flowControl: '1-2 31',
      powParams: null,
      singleOnionService: false,
      authClients: 16,
      skipped: [],
    });
    expect(decoded.introductionPoints).toHaveLength(3);
  });

  it('has introduction points without a problem', () => {
    for (const point of decoded.introductionPoints) {
      expect(introductionPointProblem(point, { relays: network.relays, now: at })).toBeNull();
    }
  });

  it('has a counter from a second between the upload and the capture', () => {
    const madeAt = plan.first.srvRunStart + n - 1;
    expect(at - madeAt).toBeGreaterThanOrEqual(0);
    expect(at - madeAt).toBeLessThan(60);
  });

  it('has plaintexts that we write again, byte by byte', () => {
    const opened = openLayers(
      TOR_CAPTURE.descriptor,
      identity.publicKey,
      plan.first.timePeriod,
      periodLength,
    );
    const text = (layer: Uint8Array): string => Buffer.from(layer).toString('latin1');
    expect(valueOf(encodeInnerLayer(valueOf(decodeInnerLayer(opened.inner))))).toBe(text(opened.inner));
    expect(text(padMiddleLayer(encodeMiddleLayer(valueOf(decodeMiddleLayer(opened.middle)))))).toBe(
      text(opened.middle),
    );
  });

  it('has a descriptor that ours, made of the same points in the same second, resembles in all that shows', () => {
    const [ours] = valueOf(
      buildDescriptors({
        masterSecret: identity.secret,
        periodLength,
        now: (plan.first.srvRunStart + n - 1) as UnixSeconds,
        create2Formats: decoded.create2Formats,
        flowControl: decoded.flowControl,
        maxDescriptorSize,
        requests: [
          {
            which: 'first',
            timePeriod: plan.first.timePeriod,
            n,
            introductionPoints: decoded.introductionPoints,
          },
        ],
      }),
    );
    const again = decode(ours!.text);
    expect(again).toEqual({ ...decoded, signingKey: again.signingKey, size: ours!.size });
    // The control port took the last newline away.
    expect(ours!.size).toBe(TOR_CAPTURE.descriptor.length + 1);
  });
});
