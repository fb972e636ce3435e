import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint, LinkSpecifier } from '@rustbalance/crypto-worker/introduction-point.js';
import type { ByteReader } from './byte-reader.js';
import { Malformed } from './byte-reader.js';
import { byteWriter } from './byte-writer.js';
import { MAX_LINK_SPECIFIERS, MAX_LINK_SPECIFIER_BYTES } from './message-types.js';

const KEY_BYTES = 32;
const MAX_POINT_BYTES = 1 + MAX_LINK_SPECIFIER_BYTES + 2 * MAX_LINK_SPECIFIERS + 3 * KEY_BYTES + 6;

const specifierBytes = (specifiers: readonly LinkSpecifier[]): number =>
  specifiers.reduce((sum, { data }) => sum + data.length, 0);

/** Whether a point fits the wire format's bounds. Tor's own always do. */
export const isCarriable = (point: IntroductionPoint): boolean =>
  point.linkSpecifiers.length > 0 &&
  point.linkSpecifiers.length <= MAX_LINK_SPECIFIERS &&
  point.linkSpecifiers.every(({ type, data }) => type >= 0 && type <= 255 && data.length <= 255) &&
  specifierBytes(point.linkSpecifiers) <= MAX_LINK_SPECIFIER_BYTES &&
  [point.onionKey, point.authKey, point.encKey].every((key) => key.length === KEY_BYTES) &&
  Number.isInteger(point.expires) &&
  point.expires >= 0 &&
  point.expires < 2 ** 48;

/**
 * Link specifiers (count; type, length and data of each, in order), onion key, auth key, enc key, expiry in seconds.
 * The certificates are not sent: whoever publishes makes them anew (rend-spec-v3 §2.5.2.2).
 */
export const encodePoint = (point: IntroductionPoint): Uint8Array => {
  const writer = byteWriter(MAX_POINT_BYTES).u8(point.linkSpecifiers.length);
  for (const { type, data } of point.linkSpecifiers) writer.u8(type).u8(data.length).bytes(data);
  return writer.bytes(point.onionKey).bytes(point.authKey).bytes(point.encKey).u48(point.expires).done();
};

export const readPoint = (reader: ByteReader): IntroductionPoint => {
  const count = reader.within(reader.u8(), 1, MAX_LINK_SPECIFIERS);
  const linkSpecifiers: LinkSpecifier[] = [];
  for (let index = 0; index < count; index++) {
    const type = reader.u8();
    linkSpecifiers.push({ type, data: reader.bytes(reader.u8()) });
  }
  if (specifierBytes(linkSpecifiers) > MAX_LINK_SPECIFIER_BYTES) throw new Malformed();
  return {
    linkSpecifiers,
    onionKey: reader.bytes(KEY_BYTES) as Curve25519PublicKey,
    authKey: reader.bytes(KEY_BYTES) as Ed25519PublicKey,
    encKey: reader.bytes(KEY_BYTES) as Curve25519PublicKey,
    expires: reader.u48() as UnixSeconds,
  };
};
