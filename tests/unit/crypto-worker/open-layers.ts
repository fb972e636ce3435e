/** Opens a descriptor layer by layer, so that tests can look at each plaintext and put other ones in. */
import { blindKeypair } from '@rustbalance/crypto-worker/blinding/blinded-key.js';
import { periodKeys } from '@rustbalance/crypto-worker/blinding/period-keys.js';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  IdentityPublicKey,
  TimePeriodLength,
  TimePeriodNumber,
} from '@rustbalance/crypto-worker/brands.js';
import { decodeCertificate } from '@rustbalance/crypto-worker/certificate/certificate.js';
import { descriptorSigningSeed } from '@rustbalance/crypto-worker/descriptor/derived-secrets.js';
import {
  type IntroductionPointSection,
  decodeInnerLayer,
} from '@rustbalance/crypto-worker/descriptor/inner-layer.js';
import {
  type LayerSecrets,
  decryptLayer,
  encryptLayer,
} from '@rustbalance/crypto-worker/descriptor/layer.js';
import {
  type AuthClient,
  decodeMiddleLayer,
  encodeMiddleLayer,
  padMiddleLayer,
} from '@rustbalance/crypto-worker/descriptor/middle-layer.js';
import { decodeOuterLayer, encodeOuterLayer } from '@rustbalance/crypto-worker/descriptor/outer-layer.js';
import { openSigner } from '@rustbalance/crypto-worker/ed25519/native.js';
import { PERIOD_LENGTH, identityNamed, valueOf } from './given.js';

export interface OpenedLayers {
  readonly signingKey: Ed25519PublicKey;
  readonly ephemeralKey: Curve25519PublicKey;
  readonly authClients: readonly AuthClient[];
  readonly sections: readonly IntroductionPointSection[];
  readonly outerSalt: Uint8Array;
  readonly innerSalt: Uint8Array;
  readonly middle: Uint8Array;
  readonly inner: Uint8Array;
  /** The descriptor again, its inner layer closed with a descriptor cookie (identity "master" only). */
  resealWithCookie(): string;
  /** The descriptor again with other plaintexts inside, rightly encrypted and signed (identity "master" only). */
  reseal(inner: string, middle?: (document: string) => string): string;
}

export const openLayers = (
  text: string,
  identity: IdentityPublicKey,
  period: TimePeriodNumber,
  periodLength: TimePeriodLength = PERIOD_LENGTH,
): OpenedLayers => {
  const keys = periodKeys(identity, period, periodLength);
  const outer = valueOf(decodeOuterLayer(new TextEncoder().encode(text), 50_000));
  const secrets = (layer: LayerSecrets['layer'], cookie = new Uint8Array()): LayerSecrets => ({
    layer,
    secretData: new Uint8Array(Buffer.concat([keys.blindedKey, cookie])),
    subcredential: keys.subcredential,
    revisionCounter: outer.revisionCounter,
  });
  const middle = valueOf(decryptLayer(outer.superencrypted, secrets('outer')));
  const decodedMiddle = valueOf(decodeMiddleLayer(middle));
  const inner = valueOf(decryptLayer(decodedMiddle.encrypted, secrets('inner')));
  const salt = new Uint8Array(16).fill(5);

  const close = (
    innerBytes: Uint8Array,
    innerSecrets: LayerSecrets,
    change = (document: string) => document,
  ): string => {
    const master = identityNamed('master');
    const when = { number: period, length: periodLength };
    if (Buffer.compare(blindKeypair(master.secret, identity, when).publicKey, keys.blindedKey) !== 0) {
      throw new Error('only descriptors of "master" can be closed again');
    }
    const signer = openSigner(descriptorSigningSeed(master.secret, when));
    const document = encodeMiddleLayer({
      ...decodedMiddle,
      encrypted: encryptLayer(innerBytes, innerSecrets, salt),
    });
    const superencrypted = encryptLayer(padMiddleLayer(change(document)), secrets('outer'), salt);
    return encodeOuterLayer({ ...outer, superencrypted }, signer.sign);
  };

  return {
    signingKey: valueOf(decodeCertificate(outer.signingKeyCertificate)).certifiedKey,
    ephemeralKey: decodedMiddle.ephemeralKey,
    authClients: decodedMiddle.authClients,
    sections: valueOf(decodeInnerLayer(inner)).introductionPoints,
    outerSalt: outer.superencrypted.slice(0, 16),
    innerSalt: decodedMiddle.encrypted.slice(0, 16),
    middle,
    inner,
    resealWithCookie: () => close(inner, secrets('inner', new Uint8Array(16).fill(9))),
    reseal: (innerText, change) =>
      close(new Uint8Array(Buffer.from(innerText, 'latin1')), secrets('inner'), change),
  };
};
