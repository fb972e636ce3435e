import type { Curve25519SecretKey } from '@rustbalance/crypto-worker/brands.js';
import { clamp } from '@rustbalance/crypto-worker/ed25519/scalar.js';
import { encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import type { NodeTransport } from '@rustbalance/actors/election/join/pending-join.js';
import { isIpPort } from '@rustbalance/actors/election/records/ip-port.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import { UsageError, usageError } from '../failure.js';

export type TransportName = 'wireguard' | 'tor' | 'direct';

export type NewTransport = NodeTransport;

interface TransportArguments {
  readonly transport: TransportName | undefined;
  readonly listen: string | undefined;
  readonly endpoint: string | undefined;
}

const COMMAND = 'rustbalance init';

/** A new WireGuard private key, clamped as `wg genkey` does (RFC 7748 §5). */
export const newWireguardKey = (random: Random): Curve25519SecretKey =>
  clamp(random.bytes(32)) as Curve25519SecretKey;

/** The content of wg_private.key: as `wg genkey` writes it. */
export const encodeWireguardKeyFile = (key: Curve25519SecretKey): string => `${encodeBase64(key)}\n`;

/**
 * What the arguments ask for. An endpoint means WireGuard and a listening address means direct; with neither, the nodes meet
 * over Tor: nobody's address is handed out unasked.
 *
 * @throws UsageError for arguments that do not go together, and an endpoint that is no IP:PORT
 */
export const chosenTransport = (args: TransportArguments, random: Random): NewTransport => {
  const { endpoint, listen } = args;
  const mode =
    args.transport ?? (endpoint !== undefined ? 'wireguard' : listen !== undefined ? 'direct' : 'tor');
  if (endpoint !== undefined && mode !== 'wireguard') {
    throw usageError(COMMAND, `--endpoint is for --transport wireguard, not ${mode}`);
  }
  if (listen !== undefined && mode !== 'direct') {
    throw usageError(COMMAND, `--listen is for --transport direct, not ${mode}`);
  }
  if (mode === 'tor') return { mode };
  if (mode === 'direct') return { mode, listen };
  if (endpoint === undefined) throw usageError(COMMAND, '--transport wireguard needs --endpoint');
  // A host name would be resolved while the tunnel is configured, which can block for 20 s.
  if (!isIpPort(endpoint)) {
    throw new UsageError([errorData('config.bad-endpoint', '--endpoint', { key: 'wireguard.endpoint' })]);
  }
  return { mode, endpoint, privateKey: newWireguardKey(random) };
};
