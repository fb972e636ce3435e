/** The plaintext of the first encryption layer (rend-spec-v3 §2.5.1.2). */
import type { Curve25519PublicKey } from '../brands.js';
import { decodeBase64, encodeBase64, encodeBase64NoPadding } from '../encoding/base64.js';
import { fromLatin1, latin1 } from '../encoding/bytes.js';
import { type Result, ok } from '../result.js';
import {
  type Item,
  type ItemRule,
  checkItems,
  encodeObject,
  malformedDocument,
  objectOf,
  parseDocument,
  wordOf,
} from './document.js';
import { MOST_AUTH_CLIENTS, PADDING_MULTIPLE } from './limits.js';

/** An auth-client line: real ones belong to restricted discovery, ours are fakes. */
export interface AuthClient {
  /** 8 bytes. */
  readonly clientId: Uint8Array;
  /** 16 bytes. */
  readonly iv: Uint8Array;
  /** 16 bytes. */
  readonly encryptedCookie: Uint8Array;
}

export interface MiddleLayer {
  readonly ephemeralKey: Curve25519PublicKey;
  readonly authClients: readonly AuthClient[];
  /** The inner layer, encrypted. */
  readonly encrypted: Uint8Array;
}

const RULES: readonly ItemRule[] = [
  { keyword: 'desc-auth-type', least: 1, most: 1, words: 1, object: null },
  { keyword: 'desc-auth-ephemeral-key', least: 1, most: 1, words: 1, object: null },
  { keyword: 'auth-client', least: 1, most: MOST_AUTH_CLIENTS, words: 3, object: null },
  { keyword: 'encrypted', least: 1, most: 1, words: 0, object: 'MESSAGE' },
];

const authClientLine = ({ clientId, iv, encryptedCookie }: AuthClient): string =>
  `auth-client ${[clientId, iv, encryptedCookie].map(encodeBase64NoPadding).join(' ')}\n`;

/** The document without padding. It ends without a newline, as C Tor's does. */
export const encodeMiddleLayer = (layer: MiddleLayer): string =>
  'desc-auth-type x25519\n' +
  `desc-auth-ephemeral-key ${encodeBase64(layer.ephemeralKey)}\n` +
  layer.authClients.map(authClientLine).join('') +
  `encrypted\n${encodeObject('MESSAGE', layer.encrypted)}`;

/** Filled up with NUL to a multiple of 10000 bytes (rend-spec-v3 §2.5.1.1). */
export const padMiddleLayer = (document: string): Uint8Array => {
  const padded = new Uint8Array(Math.ceil(document.length / PADDING_MULTIPLE) * PADDING_MULTIPLE);
  padded.set(fromLatin1(document));
  return padded;
};

const sized = (text: string | undefined, length: number): Uint8Array | null => {
  const bytes = decodeBase64(text ?? '');
  return bytes?.length === length ? bytes : null;
};

const decodeAuthClient = (item: Item): AuthClient | null => {
  const clientId = sized(item.words[0], 8);
  const iv = sized(item.words[1], 16);
  const encryptedCookie = sized(item.words[2], 16);
  return clientId && iv && encryptedCookie ? { clientId, iv, encryptedCookie } : null;
};

/** Parses the decrypted layer; everything from the first NUL on is padding. */
export const decodeMiddleLayer = (plaintext: Uint8Array): Result<MiddleLayer> => {
  const end = plaintext.indexOf(0);
  const parsed = parseDocument(latin1(end < 0 ? plaintext : plaintext.subarray(0, end)));
  if (!parsed.ok) return parsed;
  const items = parsed.value;
  const wrong = checkItems(items, RULES);
  if (wrong !== null) return wrong;
  if (items[0]?.keyword !== 'desc-auth-type' || items[0].words[0] !== 'x25519') {
    return malformedDocument('the middle layer does not begin with "desc-auth-type x25519"');
  }
  const ephemeralKey = sized(wordOf(items, 'desc-auth-ephemeral-key'), 32);
  if (ephemeralKey === null) return malformedDocument('desc-auth-ephemeral-key is no key');
  const authClients: AuthClient[] = [];
  for (const item of items) {
    if (item.keyword !== 'auth-client') continue;
    const client = decodeAuthClient(item);
    if (client === null) return malformedDocument('an auth-client line has fields of wrong sizes');
    authClients.push(client);
  }
  return ok({
    ephemeralKey: ephemeralKey as Curve25519PublicKey,
    authClients,
    encrypted: objectOf(items, 'encrypted'),
  });
};
