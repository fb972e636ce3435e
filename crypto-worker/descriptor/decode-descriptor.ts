/** From a descriptor's bytes to its introduction points, with every signature and MAC checked on the way. */
import { periodKeys } from '../blinding/period-keys.js';
import type { Ed25519PublicKey, UnixSeconds } from '../brands.js';
import { CERTIFICATE_TYPES, type CertificateType } from '../certificate/certificate.js';
import { type VerifiedCertificate, verifyCertificate } from '../certificate/verify.js';
import { type Verifier, openVerifier } from '../ed25519/native.js';
import { sameBytes } from '../encoding/bytes.js';
import type { IntroductionPoint } from '../introduction-point.js';
import { type Failure, type Result, failure, ok } from '../result.js';
import type { DecodeDescriptorInput, DecodedDescriptor, PeriodKeys } from '../task-types.js';
import { type InnerLayer, type IntroductionPointSection, decodeInnerLayer } from './inner-layer.js';
import { type LayerSecrets, decryptLayer } from './layer.js';
import { type MiddleLayer, decodeMiddleLayer } from './middle-layer.js';
import { type OuterLayer, decodeOuterLayer } from './outer-layer.js';

interface SigningKey {
  readonly key: Ed25519PublicKey;
  readonly verify: Verifier;
}

const findPeriod = (input: DecodeDescriptorInput, blindedKey: Uint8Array): Result<PeriodKeys> => {
  for (const timePeriod of input.timePeriods) {
    const keys = periodKeys(input.identity, timePeriod, input.periodLength);
    if (sameBytes(keys.blindedKey, blindedKey)) return ok(keys);
  }
  return failure('descriptor.wrong-key', 'it belongs to another address or to another time period');
};

const usePoint = (
  section: IntroductionPointSection,
  signedWith: SigningKey,
  now: UnixSeconds | null,
): Result<IntroductionPoint> => {
  const check = (bytes: Uint8Array, type: CertificateType): Result<VerifiedCertificate> =>
    verifyCertificate(bytes, { type, signedWith, now });
  const authKey = check(section.authKeyCertificate, CERTIFICATE_TYPES.introAuthKey);
  if (!authKey.ok) return authKey;
  const encKey = check(section.encKeyCertificate, CERTIFICATE_TYPES.introEncKey);
  if (!encKey.ok) return encKey;
  return ok({
    linkSpecifiers: section.linkSpecifiers,
    onionKey: section.onionKey,
    authKey: authKey.value.certifiedKey,
    encKey: section.encKey,
    expires: Math.min(authKey.value.expires, encKey.value.expires) as UnixSeconds,
  });
};

interface Decrypted {
  readonly middle: MiddleLayer;
  readonly inner: InnerLayer;
}

const decryptLayers = (outer: OuterLayer, keys: PeriodKeys): Result<Decrypted> => {
  const secrets = (layer: LayerSecrets['layer']): LayerSecrets => ({
    layer,
    secretData: keys.blindedKey,
    subcredential: keys.subcredential,
    revisionCounter: outer.revisionCounter,
  });
  const middlePlaintext = decryptLayer(outer.superencrypted, secrets('outer'));
  if (!middlePlaintext.ok) return middlePlaintext;
  const middle = decodeMiddleLayer(middlePlaintext.value);
  if (!middle.ok) return middle;
  const innerPlaintext = decryptLayer(middle.value.encrypted, secrets('inner'));
  if (!innerPlaintext.ok) {
    return innerPlaintext.code === 'descriptor.bad-mac'
      ? failure(
          'descriptor.client-authorization',
          'its inner layer opens with a client authorization key only',
        )
      : innerPlaintext;
  }
  const inner = decodeInnerLayer(innerPlaintext.value);
  return inner.ok ? ok({ middle: middle.value, inner: inner.value }) : inner;
};

/**
 * Task: decodes and verifies a descriptor of a known identity. Introduction points with faulty or expired
 * certificates are skipped and reported, as clients skip them.
 */
export const decodeDescriptor = (input: DecodeDescriptorInput): Result<DecodedDescriptor> => {
  const outer = decodeOuterLayer(input.descriptor, input.maxDescriptorSize);
  if (!outer.ok) return outer;
  const certificate = verifyCertificate(outer.value.signingKeyCertificate, {
    type: CERTIFICATE_TYPES.signingKey,
    signedWith: null,
    now: input.now,
  });
  if (!certificate.ok) return certificate;
  const signingKey = certificate.value.certifiedKey;
  const verify = openVerifier(signingKey);
  if (!verify(outer.value.signedPart, outer.value.signature)) {
    return failure('descriptor.bad-signature', 'its signature is wrong');
  }
  const keys = findPeriod(input, certificate.value.signingKey);
  if (!keys.ok) return keys;
  const layers = decryptLayers(outer.value, keys.value);
  if (!layers.ok) return layers;
  const { inner, middle } = layers.value;
  const points = inner.introductionPoints.map((section) =>
    usePoint(section, { key: signingKey, verify }, input.now),
  );
  return ok({
    ...keys.value,
    revisionCounter: outer.value.revisionCounter,
    lifetimeMinutes: outer.value.lifetimeMinutes,
    signingKey,
    signingKeyExpires: certificate.value.expires,
    create2Formats: inner.create2Formats,
    flowControl: inner.flowControl,
    powParams: inner.powParams,
    singleOnionService: inner.singleOnionService,
    authClients: middle.authClients.length,
    introductionPoints: points.flatMap((point) => (point.ok ? [point.value] : [])),
    skipped: [...inner.skipped, ...points.filter((point): point is Failure => !point.ok)],
    size: input.descriptor.length,
  });
};
