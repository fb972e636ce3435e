import type { RelayEd25519Id, RelayFingerprint } from './brands.js';
import { concatBytes, upperHex } from './encoding/bytes.js';
import type { IntroductionPoint, LinkSpecifier } from './introduction-point.js';
import { type Result, failure, ok } from './result.js';

/** LSTYPE (tor-spec §5.1.2) with the length that each known type must have. */
export const LINK_SPECIFIER_TYPES = { ipv4: 0, ipv6: 1, legacyId: 2, ed25519Id: 3 } as const;
const KNOWN_LENGTHS: Readonly<Record<number, number>> = { 0: 6, 1: 18, 2: 20, 3: 32 };
const HIGHEST_BYTE = 255;

const bad = (detail: string) => failure('descriptor.bad-link-specifiers', detail);

const check = (specifiers: readonly LinkSpecifier[]): Result<readonly LinkSpecifier[]> => {
  if (specifiers.length === 0 || specifiers.length > HIGHEST_BYTE)
    return bad(`${specifiers.length} specifiers`);
  const seen = new Set<number>();
  for (const { type, data } of specifiers) {
    const length = KNOWN_LENGTHS[type];
    if (!Number.isInteger(type) || type < 0 || type > HIGHEST_BYTE) return bad(`type ${type}`);
    if (data.length > HIGHEST_BYTE) return bad(`type ${type} has ${data.length} bytes`);
    if (length === undefined) continue;
    if (data.length !== length) return bad(`type ${type} has ${data.length} bytes, not ${length}`);
    if (type >= LINK_SPECIFIER_TYPES.legacyId && seen.has(type)) return bad(`type ${type} stands twice`);
    seen.add(type);
  }
  if (!seen.has(LINK_SPECIFIER_TYPES.legacyId)) return bad('the relay has no legacy fingerprint');
  return ok(specifiers);
};

/** NSPEC and the specifiers in order (rend-spec-v3 §0.4). Refuses what decodeLinkSpecifiers would refuse. */
export const encodeLinkSpecifiers = (specifiers: readonly LinkSpecifier[]): Result<Uint8Array> => {
  const checked = check(specifiers);
  if (!checked.ok) return checked;
  const parts = specifiers.flatMap(({ type, data }) => [Uint8Array.of(type, data.length), data]);
  return ok(concatBytes(Uint8Array.of(specifiers.length), ...parts));
};

/**
 * The inverse. Unknown types are kept, since clients pass them on verbatim; the legacy fingerprint must be
 * there, since C clients find a relay's introduction point by it.
 */
export const decodeLinkSpecifiers = (bytes: Uint8Array): Result<readonly LinkSpecifier[]> => {
  const specifiers: LinkSpecifier[] = [];
  let at = 1;
  for (let number = 0; number < (bytes[0] ?? 0); number++) {
    const type = bytes[at];
    const length = bytes[at + 1];
    if (type === undefined || length === undefined || at + 2 + length > bytes.length)
      return bad('they are cut off');
    specifiers.push({ type, data: bytes.slice(at + 2, at + 2 + length) });
    at += 2 + length;
  }
  return at === bytes.length ? check(specifiers) : bad('bytes are left over');
};

const dataOf = (specifiers: readonly LinkSpecifier[], type: number): Uint8Array | null =>
  specifiers.find((specifier) => specifier.type === type)?.data ?? null;

/** Who the relay is. */
export interface RelayIdentity {
  readonly fingerprint: RelayFingerprint;
  readonly ed25519Id: RelayEd25519Id | null;
}

/** The relay that link specifiers lead to, or null when they name no legacy fingerprint of 20 bytes. */
export const relayIdentity = (specifiers: readonly LinkSpecifier[]): RelayIdentity | null => {
  const legacy = dataOf(specifiers, LINK_SPECIFIER_TYPES.legacyId);
  if (legacy?.length !== 20) return null;
  const id = dataOf(specifiers, LINK_SPECIFIER_TYPES.ed25519Id);
  return {
    fingerprint: upperHex(legacy) as RelayFingerprint,
    ed25519Id: id?.length === 32 ? (id as RelayEd25519Id) : null,
  };
};

/** The fingerprint of the relay that serves an introduction point; null when its link specifiers do not say. */
export const relayOf = ({ linkSpecifiers }: IntroductionPoint): RelayFingerprint | null =>
  relayIdentity(linkSpecifiers)?.fingerprint ?? null;

/** A specifier for people: `debug descriptor` prints it. */
export type DescribedLinkSpecifier =
  | { readonly kind: 'ipv4' | 'ipv6'; readonly address: string; readonly port: number }
  | { readonly kind: 'legacy-id' | 'ed25519-id'; readonly hex: string }
  | { readonly kind: 'unknown'; readonly type: number; readonly hex: string };

const groups = (data: Uint8Array): string =>
  Array.from({ length: 8 }, (_, at) =>
    (((data[2 * at] ?? 0) << 8) | (data[2 * at + 1] ?? 0)).toString(16),
  ).join(':');

export const describeLinkSpecifier = ({ type, data }: LinkSpecifier): DescribedLinkSpecifier => {
  const hex = upperHex(data);
  if (KNOWN_LENGTHS[type] !== data.length) return { kind: 'unknown', type, hex };
  const port = ((data[data.length - 2] ?? 0) << 8) | (data[data.length - 1] ?? 0);
  switch (type) {
    case LINK_SPECIFIER_TYPES.ipv4:
      return { kind: 'ipv4', address: data.subarray(0, 4).join('.'), port };
    case LINK_SPECIFIER_TYPES.ipv6:
      return { kind: 'ipv6', address: groups(data), port };
    case LINK_SPECIFIER_TYPES.legacyId:
      return { kind: 'legacy-id', hex };
    default:
      return { kind: 'ed25519-id', hex };
  }
};
