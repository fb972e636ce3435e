/** What both sides of a comparison are brought to, so that a difference shows as one. */
import { decodeCertificate } from '@rustbalance/crypto-worker/certificate/certificate.js';
import type { DecodedDescriptor } from '@rustbalance/crypto-worker/task-types.js';
import { toHex, valueOf } from '../../unit/crypto-worker/given.js';
import type { StemDescriptor } from '../../wire/stem/stem.js';
import type { OpenedDescriptor } from './opened-descriptor.js';

/** A descriptor that we decoded, as stem would tell of it. */
export const inStemsWords = (
  decoded: DecodedDescriptor,
): Omit<StemDescriptor, 'points'> & { points: object[] } => ({
  lifetime: decoded.lifetimeMinutes,
  revisionCounter: String(decoded.revisionCounter),
  blindedKey: toHex(decoded.blindedKey),
  signingKeyExpires: new Date(decoded.signingKeyExpires * 1000).toISOString().replace('.000', ''),
  formats: decoded.create2Formats,
  unrecognized: decoded.flowControl === null ? [] : [`flow-control ${decoded.flowControl}`],
  points: decoded.introductionPoints.map((point) => ({
    linkSpecifiers: point.linkSpecifiers.map(({ type, data }) => [type, toHex(data)]),
    onionKey: toHex(point.onionKey),
    authKey: toHex(point.authKey),
    encKey: toHex(point.encKey),
    encKeyCertType: 11,
  })),
});

/** When each kind of certificate in a descriptor runs out, Unix seconds. */
export interface Expiries {
  /** Type 8. */
  readonly signingKey: number;
  /** Types 9 and 11 of all introduction points. */
  readonly introductionPoints: readonly number[];
}

const expiryOf = (certificate: Uint8Array): number => valueOf(decodeCertificate(certificate)).expires;

export const expiriesOf = ({ outer, inner }: OpenedDescriptor): Expiries => ({
  signingKey: expiryOf(outer.signingKeyCertificate),
  introductionPoints: inner.introductionPoints.flatMap((point) =>
    [point.authKeyCertificate, point.encKeyCertificate].map(expiryOf),
  ),
});
