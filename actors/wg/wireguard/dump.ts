import { decodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import { Secret } from '../../kernel/redact.js';

/** A peer as `wg show <interface> dump` tells it. */
export interface FoundPeer {
  /** Base64. */
  readonly publicKey: string;
  readonly presharedKey: Secret | null;
  readonly endpoint: string | null;
  readonly allowedIps: readonly string[];
  /** Unix seconds; 0: never. */
  readonly latestHandshake: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Seconds; 0: off. */
  readonly keepalive: number;
}

/** What a WireGuard device holds. The private key, which the dump begins with, is not kept. */
export interface WireguardDump {
  /** Base64; null for a device that has no key yet. */
  readonly publicKey: string | null;
  readonly listenPort: number;
  readonly peers: readonly FoundPeer[];
}

const KEY_BYTES = 32;
const MOST_PEERS = 4096;

const keyOf = (text: string | undefined): Uint8Array | null => {
  if (text?.length !== 44) return null;
  const bytes = decodeBase64(text);
  return bytes?.length === KEY_BYTES ? bytes : null;
};

const numberOf = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : null;

const keepaliveOf = (text: string | undefined): number | null => (text === 'off' ? 0 : numberOf(text));

const peerOf = (line: string): FoundPeer | null => {
  const fields = line.split('\t');
  const [publicKey, preshared, endpoint, allowed, handshake, received, sent, alive] = fields;
  if (fields.length !== 8 || publicKey === undefined || keyOf(publicKey) === null) return null;
  const presharedKey = preshared === '(none)' ? null : keyOf(preshared);
  const [latestHandshake, receivedBytes, sentBytes] = [
    numberOf(handshake),
    numberOf(received),
    numberOf(sent),
  ];
  const keepalive = keepaliveOf(alive);
  if (preshared !== '(none)' && presharedKey === null) return null;
  if (latestHandshake === null || receivedBytes === null || sentBytes === null || keepalive === null)
    return null;
  return {
    publicKey,
    presharedKey: presharedKey === null ? null : new Secret(presharedKey),
    endpoint: endpoint === undefined || endpoint === '(none)' ? null : endpoint,
    allowedIps: allowed === undefined || allowed === '(none)' ? [] : allowed.split(','),
    latestHandshake,
    receivedBytes,
    sentBytes,
    keepalive,
  };
};

/**
 * Reads the output of `wg show <interface> dump` (wg(8)): a line of the interface, then one for each peer, fields
 * separated by tabs.
 *
 * @returns null for anything that is no such output
 */
export const parseDump = (text: string): WireguardDump | null => {
  const [first = '', ...rest] = text.replace(/\n$/, '').split('\n');
  const fields = first.split('\t');
  const [privateKey, publicKey, port] = fields;
  const listenPort = numberOf(port);
  if (fields.length !== 4 || listenPort === null || listenPort > 65_535 || rest.length > MOST_PEERS)
    return null;
  if (publicKey === undefined || (publicKey === '(none)') !== (privateKey === '(none)')) return null;
  if (publicKey !== '(none)' && (keyOf(publicKey) === null || keyOf(privateKey) === null)) return null;
  const peers = rest.map(peerOf);
  return peers.every((peer) => peer !== null)
    ? { publicKey: publicKey === '(none)' ? null : publicKey, listenPort, peers }
    : null;
};
