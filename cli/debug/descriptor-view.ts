import { encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import type { LinkSpecifier } from '@rustbalance/crypto-worker/introduction-point.js';
import type { DecodedDescriptor } from '@rustbalance/crypto-worker/task-types.js';

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

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();

const portOf = (data: Uint8Array, at: number): string => String(((data[at] ?? 0) << 8) | (data[at + 1] ?? 0));

/** The address of a link specifier of type 0 or 1 (tor-spec §5.1.2). */
const addressText = ({ type, data }: LinkSpecifier): readonly string[] => {
  if (type === 0 && data.length === 6) return [`${data.subarray(0, 4).join('.')}:${portOf(data, 4)}`];
  if (type === 1 && data.length === 18) {
    const groups = Array.from({ length: 8 }, (_, group) =>
      (((data[2 * group] ?? 0) << 8) | (data[2 * group + 1] ?? 0)).toString(16),
    );
    return [`[${groups.join(':')}]:${portOf(data, 16)}`];
  }
  return [];
};

const LEGACY_IDENTITY = 2;

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
  intro_points: decoded.introductionPoints.map((point) => {
    const legacy = point.linkSpecifiers.find(({ type }) => type === LEGACY_IDENTITY);
    return {
      relay: legacy === undefined ? null : hex(legacy.data),
      addresses: point.linkSpecifiers.flatMap(addressText),
      auth_key: encodeBase64(point.authKey),
      enc_key: encodeBase64(point.encKey),
      onion_key: encodeBase64(point.onionKey),
      expires: isoTime(point.expires),
    };
  }),
});
