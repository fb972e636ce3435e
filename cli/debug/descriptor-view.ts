import { encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import { describeLinkSpecifier, relayOf } from '@rustbalance/crypto-worker/link-specifiers.js';
import type { LinkSpecifier } from '@rustbalance/crypto-worker/introduction-point.js';
import type { DecodedDescriptor } from '@rustbalance/crypto-worker/task-types.js';
import { hostPortText } from '@rustbalance/actors/kernel/stream-address.js';

/** `debug descriptor --json`: a decoded descriptor for people and scripts. */
export interface DescriptorOutput {
  readonly time_period: number;
  readonly blinded_key: string;
  /** Decimal digits: it may exceed 2^53. */
  readonly revision_counter: string;
  readonly lifetime_minutes: number;
  readonly size_bytes: number;
  readonly signing_key_expires: string;
  readonly create2_formats: readonly number[];
  readonly flow_control: string | null;
  readonly pow_params: string | null;
  readonly single_onion_service: boolean;
  readonly auth_clients: number;
  readonly intro_points: readonly IntroPointOutput[];
}

interface IntroPointOutput {
  /** Fingerprint of the relay's RSA identity, as Tor writes it; null when the descriptor names none. */
  readonly relay: string | null;
  readonly addresses: readonly string[];
  readonly auth_key: string;
  readonly enc_key: string;
  readonly onion_key: string;
  /** When the earlier of its two certificates runs out. */
  readonly expires: string;
}

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

const addressText = (specifier: LinkSpecifier): readonly string[] => {
  const described = describeLinkSpecifier(specifier);
  return described.kind === 'ipv4' || described.kind === 'ipv6'
    ? [hostPortText(described.address, described.port)]
    : [];
};

/** A decoded descriptor in the documented shape. */
export const descriptorOutput = (decoded: DecodedDescriptor): DescriptorOutput => ({
  time_period: decoded.timePeriod,
  blinded_key: encodeBase64(decoded.blindedKey),
  revision_counter: String(decoded.revisionCounter),
  lifetime_minutes: decoded.lifetimeMinutes,
  size_bytes: decoded.size,
  signing_key_expires: isoTime(decoded.signingKeyExpires),
  create2_formats: decoded.create2Formats,
  flow_control: decoded.flowControl,
  pow_params: decoded.powParams,
  single_onion_service: decoded.singleOnionService,
  auth_clients: decoded.authClients,
  intro_points: decoded.introductionPoints.map((point) => ({
    relay: relayOf(point),
    addresses: point.linkSpecifiers.flatMap(addressText),
    auth_key: encodeBase64(point.authKey),
    enc_key: encodeBase64(point.encKey),
    onion_key: encodeBase64(point.onionKey),
    expires: isoTime(point.expires),
  })),
});
