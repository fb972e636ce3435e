/** Tor's Ed25519 certificates (cert-spec §2.1), as far as descriptors use them. */
import type { Ed25519PublicKey, UnixSeconds } from '../brands.js';
import { assertLength, concatBytes } from '../encoding/bytes.js';
import { type Result, failure, ok } from '../result.js';

/** CERT_TYPE of the certificates in a descriptor (rend-spec-v3 appendix E). */
export const CERTIFICATE_TYPES = {
  /** Descriptor-signing key, signed with the blinded key. */
  signingKey: 8,
  /** Introduction point's authentication key, signed with the descriptor-signing key. */
  introAuthKey: 9,
  /** Introduction point's encryption key as an Ed25519 key, signed with the descriptor-signing key. */
  introEncKey: 11,
} as const;
export type CertificateType = (typeof CERTIFICATE_TYPES)[keyof typeof CERTIFICATE_TYPES];

const VERSION = 1;
const KEY_TYPE_ED25519 = 1;
const EXTENSION_SIGNED_WITH_KEY = 4;
const FLAG_AFFECTS_VALIDATION = 1;
const SIGNATURE_LENGTH = 64;
const HEADER_LENGTH = 40;
const SECONDS_PER_HOUR = 3600;
/** Tor's own have 140 bytes; this leaves room for unknown extensions and none for abuse. */
const LONGEST = 1024;

export interface Certificate {
  readonly type: number;
  /** A multiple of 3600. */
  readonly expires: UnixSeconds;
  readonly certifiedKey: Ed25519PublicKey;
  /** The signed-with-ed25519-key extension, or null when it is absent. */
  readonly signingKey: Ed25519PublicKey | null;
  /** What the signature covers. */
  readonly signedPart: Uint8Array;
  readonly signature: Uint8Array;
}

export interface CertificateContent {
  readonly type: CertificateType;
  /** Rounded up to the hour, as C Tor rounds. */
  readonly expires: UnixSeconds;
  readonly certifiedKey: Uint8Array;
  readonly signingKey: Uint8Array;
}

/** A certificate with its signing-key extension, 140 bytes. */
export const encodeCertificate = (
  content: CertificateContent,
  sign: (message: Uint8Array) => Uint8Array,
): Uint8Array => {
  assertLength(content.certifiedKey, 32, 'certified key');
  assertLength(content.signingKey, 32, 'signing key');
  const header = new Uint8Array(HEADER_LENGTH);
  const fields = new DataView(header.buffer);
  fields.setUint8(0, VERSION);
  fields.setUint8(1, content.type);
  fields.setUint32(2, Math.ceil(content.expires / SECONDS_PER_HOUR));
  fields.setUint8(6, KEY_TYPE_ED25519);
  header.set(content.certifiedKey, 7);
  fields.setUint8(39, 1);
  const extension = Uint8Array.of(0, 32, EXTENSION_SIGNED_WITH_KEY, 0);
  const signedPart = concatBytes(header, extension, content.signingKey);
  return concatBytes(signedPart, sign(signedPart));
};

const malformed = (detail: string) => failure('certificate.malformed', detail);

/** The signing key among the extensions; everything up to the signature must be used up exactly. */
const readExtensions = (bytes: Uint8Array, count: number): Result<Ed25519PublicKey | null> => {
  let signingKey: Ed25519PublicKey | null = null;
  let at = HEADER_LENGTH;
  const end = bytes.length - SIGNATURE_LENGTH;
  for (let number = 0; number < count; number++) {
    if (at + 4 > end) return malformed('an extension is cut off');
    const length = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    const type = bytes[at + 2] ?? 0;
    const flags = bytes[at + 3] ?? 0;
    const data = bytes.slice(at + 4, at + 4 + length);
    at += 4 + length;
    if (at > end) return malformed('an extension is cut off');
    if (type === EXTENSION_SIGNED_WITH_KEY) {
      if (length !== 32 || signingKey !== null) return malformed('the signing-key extension is wrong');
      signingKey = data as Ed25519PublicKey;
    } else if ((flags & FLAG_AFFECTS_VALIDATION) !== 0) {
      return malformed(`extension ${type} is unknown and decides about validity`);
    }
  }
  return at === end ? ok(signingKey) : malformed('bytes are left over before the signature');
};

/** Parses without checking the signature (certificate/verify.ts does). */
export const decodeCertificate = (bytes: Uint8Array): Result<Certificate> => {
  if (bytes.length < HEADER_LENGTH + SIGNATURE_LENGTH || bytes.length > LONGEST) {
    return malformed(`a certificate of ${bytes.length} bytes`);
  }
  const fields = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (fields.getUint8(0) !== VERSION) return malformed(`version ${fields.getUint8(0)}`);
  const signingKey = readExtensions(bytes, fields.getUint8(39));
  if (!signingKey.ok) return signingKey;
  return ok({
    type: fields.getUint8(1),
    expires: (fields.getUint32(2) * SECONDS_PER_HOUR) as UnixSeconds,
    certifiedKey: bytes.slice(7, 39) as Ed25519PublicKey,
    signingKey: signingKey.value,
    signedPart: bytes.slice(0, -SIGNATURE_LENGTH),
    signature: bytes.slice(-SIGNATURE_LENGTH),
  });
};
