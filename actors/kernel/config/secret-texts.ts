import { decodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { parseNodeKeyFile } from '../node-key.js';

const WIREGUARD_KEY_BYTES = 32;

const textOf = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
  } catch {
    return null;
  }
};

/** The seed in a node key file; null where it holds none. */
export const nodeKeyIn = (bytes: Uint8Array): Ed25519Seed | null => parseNodeKeyFile(textOf(bytes) ?? '');

/** The token in a cluster token file: one line of text; null where it holds none. */
export const clusterTokenIn = (bytes: Uint8Array): Uint8Array | null => {
  const text = textOf(bytes);
  if (text === null || text === '' || /[\u0000-\u001f\u007f]/.test(text)) return null;
  return new TextEncoder().encode(text);
};

/** The X25519 key in a WireGuard key file, as `wg genkey` writes it; null where it holds none. */
export const wireguardKeyIn = (bytes: Uint8Array): Uint8Array | null => {
  const key = decodeBase64(textOf(bytes) ?? '');
  return key?.length === WIREGUARD_KEY_BYTES ? key : null;
};
