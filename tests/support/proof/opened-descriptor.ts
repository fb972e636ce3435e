/** A descriptor taken apart layer by layer, and put together again from its fields alone. */
import type { BlindedKeypair } from '@rustbalance/crypto-worker/blinding/blinded-key.js';
import {
  CERTIFICATE_TYPES,
  type Certificate,
  type CertificateType,
  decodeCertificate,
  encodeCertificate,
} from '@rustbalance/crypto-worker/certificate/certificate.js';
import { curve25519AsEd25519 } from '@rustbalance/crypto-worker/certificate/curve25519-as-ed25519.js';
import { parseDocument } from '@rustbalance/crypto-worker/descriptor/document.js';
import {
  type InnerLayer,
  type IntroductionPointSection,
  decodeInnerLayer,
  encodeInnerLayer,
} from '@rustbalance/crypto-worker/descriptor/inner-layer.js';
import {
  type LayerSecrets,
  SALT_LENGTH,
  decryptLayer,
  encryptLayer,
} from '@rustbalance/crypto-worker/descriptor/layer.js';
import {
  type MiddleLayer,
  decodeMiddleLayer,
  encodeMiddleLayer,
  padMiddleLayer,
} from '@rustbalance/crypto-worker/descriptor/middle-layer.js';
import {
  type OuterLayer,
  decodeOuterLayer,
  encodeOuterLayer,
} from '@rustbalance/crypto-worker/descriptor/outer-layer.js';
import { signExpanded } from '@rustbalance/crypto-worker/ed25519/expanded-key.js';
import { fromLatin1, latin1 } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { PeriodKeys } from '@rustbalance/crypto-worker/task-types.js';
import { valueOf } from '../../unit/crypto-worker/given.js';

const LARGEST = 50_000;

export interface OpenedDescriptor {
  readonly keys: PeriodKeys;
  readonly outer: OuterLayer;
  readonly middle: MiddleLayer;
  readonly inner: InnerLayer;
  /** With its padding. */
  readonly middlePlaintext: Uint8Array;
  readonly innerPlaintext: Uint8Array;
}

const secretsOf = (
  layer: LayerSecrets['layer'],
  keys: PeriodKeys,
  { revisionCounter }: OuterLayer,
): LayerSecrets => ({
  layer,
  secretData: keys.blindedKey,
  subcredential: keys.subcredential,
  revisionCounter,
});

export const openDescriptor = (text: string, keys: PeriodKeys): OpenedDescriptor => {
  const outer = valueOf(decodeOuterLayer(fromLatin1(text), LARGEST));
  const middlePlaintext = valueOf(decryptLayer(outer.superencrypted, secretsOf('outer', keys, outer)));
  const middle = valueOf(decodeMiddleLayer(middlePlaintext));
  const innerPlaintext = valueOf(decryptLayer(middle.encrypted, secretsOf('inner', keys, outer)));
  const inner = valueOf(decodeInnerLayer(innerPlaintext));
  return { keys, outer, middle, inner, middlePlaintext, innerPlaintext };
};

/** A certificate written anew from its fields; only the signature is taken over where its key is Tor's alone. */
const rewriteCertificate = (
  read: Certificate,
  type: CertificateType,
  certifiedKey: Uint8Array,
  signingKey: Uint8Array,
): Uint8Array =>
  encodeCertificate({ type, expires: read.expires, certifiedKey, signingKey }, () => read.signature);

const rewriteSection = (
  section: IntroductionPointSection,
  signingKey: Uint8Array,
): IntroductionPointSection => {
  const auth = valueOf(decodeCertificate(section.authKeyCertificate));
  const enc = valueOf(decodeCertificate(section.encKeyCertificate));
  const [encKey = new Uint8Array()] = curve25519AsEd25519([section.encKey]);
  const { introAuthKey, introEncKey } = CERTIFICATE_TYPES;
  return {
    ...section,
    authKeyCertificate: rewriteCertificate(auth, introAuthKey, auth.certifiedKey, signingKey),
    encKeyCertificate: rewriteCertificate(enc, introEncKey, encKey, signingKey),
  };
};

const saltOf = (blob: Uint8Array): Uint8Array => blob.slice(0, SALT_LENGTH);

/** What our encoders make of a descriptor's fields, layer by layer. */
export interface Rewritten {
  readonly signingKeyCertificate: Uint8Array;
  readonly inner: string;
  readonly middle: string;
  readonly text: string;
}

/**
 * Encodes every layer anew, each out of the one below: certificates from their keys and expiry, the type-8
 * signature with the blinded secret key, plaintexts from their fields, encryption with the salts that were read.
 * Taken over are the signatures of the descriptor-signing key, which only its owner has.
 */
export const rewriteDescriptor = (opened: OpenedDescriptor, blinded: BlindedKeypair): Rewritten => {
  const { outer, keys } = opened;
  const certificate = valueOf(decodeCertificate(outer.signingKeyCertificate));
  const { certifiedKey, expires } = certificate;
  const signingKeyCertificate = encodeCertificate(
    { type: CERTIFICATE_TYPES.signingKey, expires, certifiedKey, signingKey: blinded.publicKey },
    (message) => signExpanded(message, blinded.secret, blinded.publicKey),
  );
  const sections = opened.inner.introductionPoints.map((section) => rewriteSection(section, certifiedKey));
  const inner = valueOf(encodeInnerLayer({ ...opened.inner, introductionPoints: sections }));
  const encrypted = encryptLayer(
    fromLatin1(inner),
    secretsOf('inner', keys, outer),
    saltOf(opened.middle.encrypted),
  );
  const middle = padMiddleLayer(encodeMiddleLayer({ ...opened.middle, encrypted }));
  const superencrypted = encryptLayer(middle, secretsOf('outer', keys, outer), saltOf(outer.superencrypted));
  const { revisionCounter, signature } = outer;
  const text = encodeOuterLayer({ signingKeyCertificate, revisionCounter, superencrypted }, () => signature);
  return { signingKeyCertificate, inner, middle: latin1(middle), text };
};

/** A document's shape: its keywords in order, the length of every other word, and the size of every object. */
export const shapeOf = (document: string): string[] =>
  valueOf(parseDocument(document)).map(({ keyword, words, object }) => {
    const lengths = words.map(({ length }) => length).join(' ');
    return `${keyword} ${lengths} ${object === null ? '' : `${object.label} ${String(object.body.length)}`}`;
  });

/** Without the NULs that fill it up. */
export const withoutPadding = (plaintext: Uint8Array): string => latin1(plaintext).replace(/\0+$/, '');
