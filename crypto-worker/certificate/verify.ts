import type { Ed25519PublicKey, UnixSeconds } from '../brands.js';
import { type Verifier, openVerifier } from '../ed25519/native.js';
import { sameBytes } from '../encoding/bytes.js';
import { type Result, failure, ok } from '../result.js';
import { type Certificate, type CertificateType, decodeCertificate } from './certificate.js';

export interface CertificateExpectation {
  readonly type: CertificateType;
  /** The key that must have signed it; null when the certificate itself is to tell. */
  readonly signedWith: { readonly key: Uint8Array; readonly verify: Verifier } | null;
  /** Refuse it when it ran out before this; null skips the check. */
  readonly now: UnixSeconds | null;
}

export interface VerifiedCertificate extends Certificate {
  readonly signingKey: Ed25519PublicKey;
}

/**
 * Parses and checks as C Tor's cert_is_valid does: type, signing key included, signature, expiry; and that
 * the included key is the expected one.
 */
export const verifyCertificate = (
  bytes: Uint8Array,
  expected: CertificateExpectation,
): Result<VerifiedCertificate> => {
  const decoded = decodeCertificate(bytes);
  if (!decoded.ok) return decoded;
  const certificate = decoded.value;
  const { signingKey } = certificate;
  if (certificate.type !== expected.type) {
    return failure('certificate.wrong-type', `type ${certificate.type} where ${expected.type} belongs`);
  }
  if (signingKey === null) return failure('certificate.no-signing-key', 'the signing key is not included');
  if (expected.signedWith !== null && !sameBytes(signingKey, expected.signedWith.key)) {
    return failure('certificate.wrong-signing-key', 'it is signed with another key');
  }
  const verify = expected.signedWith?.verify ?? openVerifier(signingKey);
  if (!verify(certificate.signedPart, certificate.signature)) {
    return failure('certificate.bad-signature', 'the signature is wrong');
  }
  if (expected.now !== null && expected.now > certificate.expires) {
    return failure('certificate.expired', `it ran out at ${certificate.expires}`);
  }
  return ok({ ...certificate, signingKey });
};
