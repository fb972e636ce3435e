/** From introduction points to signed descriptors that look like Tor 0.4.9's own. */
import { x25519 } from '@noble/curves/ed25519.js';
import { type BlindedKeypair, blindKeypair } from '../blinding/blinded-key.js';
import type { Period } from '../blinding/blinding-factor.js';
import { subcredentialOf } from '../blinding/subcredential.js';
import type { Curve25519PublicKey, Ed25519PublicKey, RevisionCounter, UnixSeconds } from '../brands.js';
import { CERTIFICATE_TYPES, type CertificateType, encodeCertificate } from '../certificate/certificate.js';
import { curve25519AsEd25519 } from '../certificate/curve25519-as-ed25519.js';
import { revisionCounter } from '../counter/revision-counter.js';
import { signExpanded } from '../ed25519/expanded-key.js';
import { type NativeSigner, openSigner } from '../ed25519/native.js';
import { fromLatin1 } from '../encoding/bytes.js';
import type { IntroductionPoint } from '../introduction-point.js';
import { identityOf } from '../keys/identity.js';
import { type Failure, type Result, failure, ok } from '../result.js';
import type {
  BuildDescriptorsInput,
  BuiltDescriptor,
  DescriptorRequest,
  IdentityKeys,
} from '../task-types.js';
import {
  deriveSecret,
  descriptorSigningSeed,
  ephemeralSecret,
  fakeAuthClients,
  layerSalt,
} from './derived-secrets.js';
import { type IntroductionPointSection, encodeInnerLayer } from './inner-layer.js';
import { encryptLayer } from './layer.js';
import { CERTIFICATE_LIFETIME_SECONDS, MOST_INTRODUCTION_POINTS } from './limits.js';
import { encodeMiddleLayer, padMiddleLayer } from './middle-layer.js';
import { encodeOuterLayer } from './outer-layer.js';

const SECONDS_PER_HOUR = 3600;

/** Type 8 counts from now, and encodeCertificate rounds up; types 9 and 11 count from the hour that has begun. */
const certificateExpiry = (type: CertificateType, now: UnixSeconds): UnixSeconds => {
  const from = type === CERTIFICATE_TYPES.signingKey ? now : now - (now % SECONDS_PER_HOUR);
  return (from + CERTIFICATE_LIFETIME_SECONDS) as UnixSeconds;
};

const checkPoints = (points: readonly IntroductionPoint[]): Failure | null => {
  if (points.length === 0) {
    return failure(
      'descriptor.no-introduction-points',
      'a descriptor without introduction points makes clients give up',
    );
  }
  if (points.length > MOST_INTRODUCTION_POINTS) {
    return failure('descriptor.too-many-introduction-points', `${points.length} introduction points`);
  }
  const keys = points.flatMap((point) => [point.onionKey, point.authKey, point.encKey]);
  return keys.every((key) => key.length === 32)
    ? null
    : failure('descriptor.malformed', 'a key of an introduction point does not have 32 bytes');
};

/** A point with its two certificates made anew under this descriptor's signing key. */
const sectionOf = (
  point: IntroductionPoint,
  encKeyAsEd25519: Ed25519PublicKey,
  signer: NativeSigner,
  now: UnixSeconds,
): IntroductionPointSection => {
  const certify = (type: CertificateType, certifiedKey: Uint8Array): Uint8Array =>
    encodeCertificate(
      { type, expires: certificateExpiry(type, now), certifiedKey, signingKey: signer.publicKey },
      signer.sign,
    );
  return {
    linkSpecifiers: point.linkSpecifiers,
    onionKey: point.onionKey,
    authKeyCertificate: certify(CERTIFICATE_TYPES.introAuthKey, point.authKey),
    encKey: point.encKey,
    encKeyCertificate: certify(CERTIFICATE_TYPES.introEncKey, encKeyAsEd25519),
  };
};

interface Build {
  readonly input: BuildDescriptorsInput;
  readonly identity: IdentityKeys;
  readonly period: Period;
  readonly blinded: BlindedKeypair;
  readonly counter: RevisionCounter;
}

/** Both encryption layers around the inner document. */
const encryptLayers = (
  { input, identity, period, blinded, counter }: Build,
  innerDocument: string,
): Uint8Array => {
  const saltKey = deriveSecret(input.masterSecret, period, 'salt-key', 32);
  const encrypt = (layer: 'inner' | 'outer', plaintext: Uint8Array): Uint8Array =>
    encryptLayer(
      plaintext,
      {
        layer,
        secretData: blinded.publicKey,
        subcredential: subcredentialOf(identity.publicKey, blinded.publicKey),
        revisionCounter: counter,
      },
      layerSalt(saltKey, layer, counter, plaintext),
    );
  const middle = encodeMiddleLayer({
    ephemeralKey: x25519.getPublicKey(ephemeralSecret(input.masterSecret, period)) as Curve25519PublicKey,
    authClients: fakeAuthClients(input.masterSecret, period),
    encrypted: encrypt('inner', fromLatin1(innerDocument)),
  });
  return encrypt('outer', padMiddleLayer(middle));
};

const signDescriptor = (build: Build, superencrypted: Uint8Array, signer: NativeSigner): string => {
  const { blinded, counter, input } = build;
  const signingKeyCertificate = encodeCertificate(
    {
      type: CERTIFICATE_TYPES.signingKey,
      expires: certificateExpiry(CERTIFICATE_TYPES.signingKey, input.now),
      certifiedKey: signer.publicKey,
      signingKey: blinded.publicKey,
    },
    (message) => signExpanded(message, blinded.secret, blinded.publicKey),
  );
  return encodeOuterLayer({ signingKeyCertificate, revisionCounter: counter, superencrypted }, signer.sign);
};

const buildOne = (
  input: BuildDescriptorsInput,
  identity: IdentityKeys,
  request: DescriptorRequest,
): Result<BuiltDescriptor> => {
  const { introductionPoints, n, timePeriod, which } = request;
  const unusable = checkPoints(introductionPoints);
  if (unusable !== null) return unusable;
  const period = { number: timePeriod, length: input.periodLength };
  const blinded = blindKeypair(input.masterSecret, identity.publicKey, period);
  const counter = revisionCounter(blinded.secret, n);
  if (!counter.ok) return counter;
  const build: Build = { input, identity, period, blinded, counter: counter.value };
  const signer = openSigner(descriptorSigningSeed(input.masterSecret, period));
  const encKeys = curve25519AsEd25519(introductionPoints.map((point) => point.encKey));
  const inner = encodeInnerLayer({
    create2Formats: input.create2Formats,
    introAuthRequired: [],
    singleOnionService: false,
    flowControl: input.flowControl,
    powParams: null,
    introductionPoints: introductionPoints.map((point, at) =>
      sectionOf(point, encKeys[at] ?? point.authKey, signer, input.now),
    ),
  });
  if (!inner.ok) return inner;
  const text = signDescriptor(build, encryptLayers(build, inner.value), signer);
  if (text.length >= input.maxDescriptorSize) {
    return failure(
      'descriptor.too-large',
      `${text.length} bytes, below ${input.maxDescriptorSize} are allowed`,
    );
  }
  const { publicKey: blindedKey } = blinded;
  return ok({ which, timePeriod, blindedKey, n, revisionCounter: counter.value, text, size: text.length });
};

/**
 * Task: one descriptor for each request. The same input gives the same bytes on every node. Two requests of 20
 * points each take 5 to 7 ms: 80 signatures of certificates are 2 of them, nine multiplications of the base point
 * another 2.
 */
export const buildDescriptors = (input: BuildDescriptorsInput): Result<readonly BuiltDescriptor[]> => {
  const identity = identityOf(input.masterSecret);
  const built: BuiltDescriptor[] = [];
  for (const request of input.requests) {
    const result = buildOne(input, identity, request);
    if (!result.ok) return result;
    built.push(result.value);
  }
  return ok(built);
};
