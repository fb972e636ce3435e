import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { ExpandedSecretKey } from '@rustbalance/crypto-worker/brands.js';
import type { PassphraseKey } from '@rustbalance/crypto-worker/keys/passphrase-parameters.js';
import type { Random } from '../../kernel/random.js';
import { MAX_RECORD_BYTES } from '../records/record.js';
import { decodeWith, Malformed } from '../wire/byte-reader.js';
import { byteWriter } from '../wire/byte-writer.js';
import { LARGEST_BOX, MAX_OTHERS, sealedWith } from './token-text.js';
import type { JoinToken } from './token-text.js';

/** All that a node needs to be one, beside what it makes itself. */
export interface EmbeddedKey {
  /** Of the master address, expanded. */
  readonly masterKey: ExpandedSecretKey;
  /** The text of the cluster token. */
  readonly clusterToken: string;
  /** Signed records of members that the token names: by these it finds the others afterwards. */
  readonly records: readonly Uint8Array[];
}

/** A passphrase made into a key, and the salt that it was made with. */
export interface PassphraseSeal {
  readonly key: PassphraseKey;
  readonly salt: Uint8Array;
}

export const SEAL_NONCE_BYTES = 24;
const SEAL_TAG_BYTES = 16;
const SECRET_KEY_BYTES = 64;
const LONGEST_CLUSTER_TOKEN = 1024;
const MAX_EMBEDDED_RECORDS = 1 + MAX_OTHERS;

const encode = ({ masterKey, clusterToken, records }: EmbeddedKey): Uint8Array => {
  const writer = byteWriter(LARGEST_BOX - SEAL_TAG_BYTES);
  const text = Buffer.from(clusterToken, 'utf8');
  writer.bytes(masterKey).u16(text.length).bytes(text).u8(records.length);
  for (const record of records) writer.u16(record.length).bytes(record);
  return writer.done();
};

const decode = (bytes: Uint8Array): EmbeddedKey | null =>
  decodeWith(bytes, (reader) => {
    const masterKey = reader.bytes(SECRET_KEY_BYTES) as ExpandedSecretKey;
    const text = reader.bytes(reader.within(reader.u16(), 1, LONGEST_CLUSTER_TOKEN));
    const clusterToken = Buffer.from(text).toString('utf8');
    if (/[\u0000-\u001f\u007f\ufffd]/.test(clusterToken)) throw new Malformed();
    const records = Array.from({ length: reader.within(reader.u8(), 0, MAX_EMBEDDED_RECORDS) }, () =>
      reader.bytes(reader.within(reader.u16(), 1, MAX_RECORD_BYTES)),
    );
    return { masterKey, clusterToken, records };
  });

/** The token with the key in it: XChaCha20-Poly1305, bound to all that the token says openly. 0.1 ms. */
export const embedKey = (
  token: JoinToken,
  { key, salt }: PassphraseSeal,
  embedded: EmbeddedKey,
  random: Random,
): JoinToken => {
  const nonce = random.bytes(SEAL_NONCE_BYTES);
  const bound = sealedWith(token, { salt, nonce });
  const few = { ...embedded, records: embedded.records.slice(0, MAX_EMBEDDED_RECORDS) };
  return {
    ...token,
    sealed: { salt, nonce, box: xchacha20poly1305(key, nonce, bound).encrypt(encode(few)) },
  };
};

/** What is in the token; null for another key, that is another passphrase, or a token that somebody changed. */
export const openEmbedded = (token: JoinToken, key: PassphraseKey): EmbeddedKey | null => {
  const { sealed } = token;
  if (sealed === undefined) return null;
  try {
    return decode(xchacha20poly1305(key, sealed.nonce, sealedWith(token, sealed)).decrypt(sealed.box));
  } catch {
    return null;
  }
};

/** The token as one that calls members, without the key. */
export const withoutKey = (token: JoinToken): JoinToken => {
  const open = { ...token };
  delete open.sealed;
  return open;
};
