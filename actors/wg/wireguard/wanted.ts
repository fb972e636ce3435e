import type { Agreements } from '../agreements.js';
import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { encodeBase64 } from '@rustbalance/crypto-worker/encoding/base64.js';
import type {
  Curve25519PublicKey,
  Curve25519SecretKey,
  Ed25519PublicKey,
  Ed25519Seed,
} from '@rustbalance/crypto-worker/brands.js';
import type { MemberView } from '../../election/messages.js';
import { pairPresharedKey, tunnelAddress, tunnelNetwork } from '../../kernel/cluster-keys.js';
import type { ClusterSecret } from '../../kernel/cluster-keys.js';
import { nodePublicKey } from '../../kernel/node-key.js';
import type { NodeId } from '../../kernel/brands.js';
import { Secret } from '../../kernel/redact.js';
import { parseHostPort } from '../../kernel/stream-address.js';

/** A peer as it must stand in the device. */
export interface WantedPeer {
  readonly id: NodeId;
  /** Base64. */
  readonly publicKey: string;
  readonly presharedKey: Secret;
  /** `IP:PORT`; null for a node that calls others and cannot be called. */
  readonly endpoint: string | null;
  /** Its tunnel address, which alone may come out of its tunnel. */
  readonly address: string;
}

export interface WantedTunnel {
  readonly interfaceName: string;
  readonly listenPort: number;
  readonly privateKey: Secret;
  /** Base64. */
  readonly publicKey: string;
  readonly address: string;
  /** With its length, e.g. `fd…::/64`. */
  readonly network: string;
  /** By public key. */
  readonly peers: ReadonlyMap<string, WantedPeer>;
}

/** Who this node is, for tunnels. */
export interface TunnelIdentity {
  readonly interfaceName: string;
  readonly listenPort: number;
  readonly nodeSeed: Ed25519Seed;
  readonly agreements: Agreements;
  readonly secret: ClusterSecret;
  readonly privateKey: Secret;
}

const keyText = (key: Uint8Array): string => encodeBase64(key);

/** Derives the tunnel to build, from agreements that are computed elsewhere. */
export const tunnelWanted = (
  identity: TunnelIdentity,
): ((members: readonly MemberView[]) => WantedTunnel) => {
  const { interfaceName, listenPort, nodeSeed, agreements, secret, privateKey } = identity;
  const own = nodePublicKey(nodeSeed);
  const publicKey = keyText(curve25519PublicKey(privateKey.reveal() as Curve25519SecretKey));

  const presharedKey = (peer: Ed25519PublicKey): Secret | null => {
    const agreement = agreements.with(peer);
    return agreement === null ? null : new Secret(pairPresharedKey(secret, agreement));
  };

  const peerOf = (
    { id, publicKey: nodeKey }: MemberView,
    wireguard: { readonly publicKey: Curve25519PublicKey; readonly endpoint: string | null },
  ): WantedPeer | null => {
    const preshared = presharedKey(nodeKey);
    const name = keyText(wireguard.publicKey);
    if (preshared === null || name === publicKey) return null;
    const { endpoint } = wireguard;
    return {
      id,
      publicKey: name,
      presharedKey: preshared,
      // A host name could block `wg` for 20 s, and asks somebody: addresses only.
      endpoint: endpoint !== null && parseHostPort(endpoint) !== null ? endpoint : null,
      address: tunnelAddress(secret.tag, nodeKey),
    };
  };

  const address = tunnelAddress(secret.tag, own);
  const network = tunnelNetwork(secret.tag);
  return (members) => {
    const peers = new Map<string, WantedPeer>();
    for (const member of members) {
      const peer = member.addresses.wireguard === null ? null : peerOf(member, member.addresses.wireguard);
      // Of two nodes that claim one WireGuard key neither can push the other out: the first stays.
      if (peer !== null && !peers.has(peer.publicKey)) peers.set(peer.publicKey, peer);
    }
    return { interfaceName, listenPort, privateKey, publicKey, address, network, peers };
  };
};
