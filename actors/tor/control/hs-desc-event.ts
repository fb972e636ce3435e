import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { ReplyArguments } from './arguments.js';
import { parseAddress } from './circuit.js';
import { parseRelayReference, type RelayReference } from './relay-reference.js';

/** One step in the life of an onion service descriptor (control-spec §4.1.25). */
export interface HsDescEvent {
  readonly type: 'HS_DESC';
  /** REQUESTED, UPLOAD, RECEIVED, UPLOADED, IGNORE, FAILED, CREATED, or what a later Tor adds. */
  readonly action: string;
  /** Null where Tor says UNKNOWN. */
  readonly address: OnionAddress | null;
  readonly hsDir: RelayReference | null;
  /**
   * Blinded key in base64 without padding. UPLOADED never has one: it does not tell which descriptor it means. FAILED
   * has one, for uploads too (measured on tor 0.4.9.11).
   */
  readonly descriptorId: string | null;
  /** With FAILED: NOT_FOUND, UPLOAD_REJECTED, UNEXPECTED … */
  readonly reason: string | null;
  readonly replica: number | null;
  /** With REQUESTED and UPLOAD: the HSDir's own index, 64 hexadecimal digits as Tor writes them. */
  readonly hsDirIndex: string | null;
}

/** The document that a fetch brought (control-spec §4.1.26). */
export interface HsDescContentEvent {
  readonly type: 'HS_DESC_CONTENT';
  readonly address: OnionAddress | null;
  readonly descriptorId: string | null;
  readonly hsDir: RelayReference | null;
  /** LF line ends; null when the fetch failed, which HS_DESC FAILED explains. */
  readonly descriptor: Uint8Array | null;
}

const known = (word: string | undefined): string | null =>
  word === undefined || word === 'UNKNOWN' ? null : word;
const relay = (word: string | undefined): RelayReference | null =>
  word === undefined ? null : parseRelayReference(word);

/** From the words after HS_DESC; null when there is not even an action and an address. */
export const parseHsDesc = ({ positional, keywords }: ReplyArguments): HsDescEvent | null => {
  const [action, address, , hsDir, descriptorId] = positional;
  if (action === undefined || address === undefined) return null;
  const replica = keywords.get('REPLICA');
  const index = keywords.get('HSDIR_INDEX');
  return {
    type: 'HS_DESC',
    action,
    address: parseAddress(address),
    hsDir: relay(hsDir),
    descriptorId: known(descriptorId),
    reason: keywords.get('REASON') ?? null,
    replica: replica !== undefined && /^[0-9]{1,3}$/.test(replica) ? Number(replica) : null,
    hsDirIndex: index !== undefined && /^[0-9A-Fa-f]{64}$/.test(index) ? index : null,
  };
};

/** From the words after HS_DESC_CONTENT and the data section; null without an address or a section. */
export const parseHsDescContent = (
  { positional }: ReplyArguments,
  body: Uint8Array | null,
): HsDescContentEvent | null => {
  const [address, descriptorId, hsDir] = positional;
  if (address === undefined || body === null) return null;
  return {
    type: 'HS_DESC_CONTENT',
    address: parseAddress(address),
    descriptorId: known(descriptorId),
    hsDir: relay(hsDir),
    // Tor writes an empty document as one empty line.
    descriptor: body.length > 1 ? body : null,
  };
};
