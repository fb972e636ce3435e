/** The document that HSDirs see (rend-spec-v3 §2.4). */
import type { RevisionCounter } from '../brands.js';
import { decodeBase64, encodeBase64NoPadding } from '../encoding/base64.js';
import { fromLatin1, latin1 } from '../encoding/bytes.js';
import { parseUint64, parseUnsigned } from '../encoding/integer.js';
import { type Result, failure, ok } from '../result.js';
import {
  type ItemRule,
  checkItems,
  encodeObject,
  malformedDocument,
  objectOf,
  parseDocument,
  wordOf,
} from './document.js';
import {
  LARGEST_PARSED_DESCRIPTOR,
  LIFETIME_MINUTES,
  LONGEST_LIFETIME_MINUTES,
  SHORTEST_LIFETIME_MINUTES,
} from './limits.js';

const SIGNATURE_PREFIX = 'Tor onion service descriptor sig v3';
const VERSION = '3';

export interface OuterLayer {
  readonly lifetimeMinutes: number;
  readonly signingKeyCertificate: Uint8Array;
  readonly revisionCounter: RevisionCounter;
  readonly superencrypted: Uint8Array;
  /** What the signature covers, prefix included. */
  readonly signedPart: Uint8Array;
  readonly signature: Uint8Array;
}

export interface OuterContent {
  readonly signingKeyCertificate: Uint8Array;
  readonly revisionCounter: RevisionCounter;
  readonly superencrypted: Uint8Array;
}

const signedPartOf = (document: string): Uint8Array => fromLatin1(SIGNATURE_PREFIX + document);

/** The whole descriptor, signed, with LF line ends. */
export const encodeOuterLayer = (
  content: OuterContent,
  sign: (message: Uint8Array) => Uint8Array,
): string => {
  const unsigned =
    `hs-descriptor ${VERSION}\n` +
    `descriptor-lifetime ${LIFETIME_MINUTES}\n` +
    `descriptor-signing-key-cert\n${encodeObject('ED25519 CERT', content.signingKeyCertificate)}\n` +
    `revision-counter ${content.revisionCounter}\n` +
    `superencrypted\n${encodeObject('MESSAGE', content.superencrypted)}\n`;
  return `${unsigned}signature ${encodeBase64NoPadding(sign(signedPartOf(unsigned)))}\n`;
};

const RULES: readonly ItemRule[] = [
  { keyword: 'hs-descriptor', least: 1, most: 1, words: 1, object: null },
  { keyword: 'descriptor-lifetime', least: 1, most: 1, words: 1, object: null },
  { keyword: 'descriptor-signing-key-cert', least: 1, most: 1, words: 0, object: 'ED25519 CERT' },
  { keyword: 'revision-counter', least: 1, most: 1, words: 1, object: null },
  { keyword: 'superencrypted', least: 1, most: 1, words: 0, object: 'MESSAGE' },
  { keyword: 'signature', least: 1, most: 1, words: 1, object: null },
];

/** Parses without checking the signature (descriptor/decode-descriptor.ts does). */
export const decodeOuterLayer = (descriptor: Uint8Array, maxSize: number): Result<OuterLayer> => {
  if (descriptor.length >= Math.min(maxSize, LARGEST_PARSED_DESCRIPTOR)) {
    return failure('descriptor.too-large', `${descriptor.length} bytes, below ${maxSize} are allowed`);
  }
  const text = latin1(descriptor);
  const parsed = parseDocument(text);
  if (!parsed.ok) return parsed;
  const items = parsed.value;
  const wrong = checkItems(items, RULES);
  if (wrong !== null) return wrong;
  const last = items.at(-1);
  if (items[0]?.keyword !== 'hs-descriptor') return malformedDocument('it does not begin with hs-descriptor');
  if (last?.keyword !== 'signature') return malformedDocument('it does not end with the signature');
  if (items[0].words[0] !== VERSION) {
    return failure('descriptor.wrong-version', `version ${(items[0].words[0] ?? '').slice(0, 20)}`);
  }
  const lifetimeMinutes = parseUnsigned(
    wordOf(items, 'descriptor-lifetime'),
    SHORTEST_LIFETIME_MINUTES,
    LONGEST_LIFETIME_MINUTES,
  );
  if (lifetimeMinutes === null) return malformedDocument('descriptor-lifetime is out of its bounds');
  const revisionCounter = parseUint64(wordOf(items, 'revision-counter'));
  if (revisionCounter === null) return malformedDocument('revision-counter is no 64-bit number');
  const signature = decodeBase64(last.words[0] ?? '');
  if (signature?.length !== 64) return malformedDocument('the signature is not 64 bytes of base64');
  return ok({
    lifetimeMinutes,
    signingKeyCertificate: objectOf(items, 'descriptor-signing-key-cert'),
    revisionCounter: revisionCounter as RevisionCounter,
    superencrypted: objectOf(items, 'superencrypted'),
    signedPart: signedPartOf(text.slice(0, last.start)),
    signature,
  });
};
