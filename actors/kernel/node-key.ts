import { decodeBase64, encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import type { Ed25519PublicKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { openSigner } from '@rustbalance/crypto-worker/ed25519/native.js';
import type { Random } from './random.js';

/**
 * A node's own Ed25519 key: what its peers know it by. The file holds the 32-byte seed (RFC 8032's private key),
 * base64, one line; whoever writes it gives it mode 0600.
 */
const KEY_BYTES = 32;

/** A new node key, from 32 random bytes. */
export const generateNodeKey = (random: Random): Ed25519Seed => random.bytes(KEY_BYTES) as Ed25519Seed;

/** The content of node.key: base64 and a newline. */
export const encodeNodeKeyFile = (seed: Ed25519Seed): string => `${encodeBase64(seed)}\n`;

/** Reads what encodeNodeKeyFile wrote; blanks around it are ignored. Null when it is no 32 bytes in base64. */
export const parseNodeKeyFile = (text: string): Ed25519Seed | null => {
  const bytes = decodeBase64(text.trim());
  return bytes?.length === KEY_BYTES ? (bytes as Ed25519Seed) : null;
};

/** The public half, 32 bytes. */
export const nodePublicKey = (seed: Ed25519Seed): Ed25519PublicKey => openSigner(seed).publicKey;

/** A public key as it stands in `[[direct.peers]] public_key`: base64 with padding. */
export const encodeNodePublicKey = (key: Ed25519PublicKey): string => encodeBase64(key);

/** Null when the text is no 32 bytes in base64. Whether the bytes are a point of the curve shows when a key is agreed. */
export const parseNodePublicKey = (text: string): Ed25519PublicKey | null => {
  const bytes = decodeBase64(text);
  return bytes?.length === KEY_BYTES ? (bytes as Ed25519PublicKey) : null;
};
