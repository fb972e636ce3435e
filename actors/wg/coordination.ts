import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { MemberView } from '../election/messages.js';
import {
  memberClientAuthorization,
  tokenClientAuthorization,
  type ClusterSecret,
  type JoinTokenId,
} from '../kernel/cluster-keys.js';
import type { Config } from '../kernel/config/schema.js';
import { nodePublicKey } from '../kernel/node-key.js';
import type { ClientAuthorization } from '../tor/messages.js';
import type { Agreements } from './agreements.js';
import type { CoordinationService } from './messages.js';

/** What opens the doors between the coordination services of a cluster's nodes. */
export interface DoorKeys {
  /** Who may reach this node's service: members first, since a descriptor has room for some 200. */
  readonly clients: CoordinationService['clients'];
  /** With what this node reaches the services of the others. */
  readonly authorizations: readonly ClientAuthorization[];
}

/** Derives the keys of each pair. */
export class Doors {
  readonly #secret: ClusterSecret;
  readonly #seed: Ed25519Seed;
  readonly #agreements: Agreements;

  constructor(secret: ClusterSecret, seed: Ed25519Seed, agreements: Agreements) {
    this.#secret = secret;
    this.#seed = seed;
    this.#agreements = agreements;
  }

  keysFor(members: readonly MemberView[], joinTokens: readonly JoinTokenId[]): DoorKeys {
    const own = nodePublicKey(this.#seed);
    const clients: { name: string; publicKey: CoordinationService['clients'][number]['publicKey'] }[] = [];
    const authorizations: ClientAuthorization[] = [];
    for (const { id, publicKey, addresses } of members) {
      const agreement = this.#agreements.with(publicKey);
      if (agreement === null) continue;
      const theirs = memberClientAuthorization(this.#secret, agreement, own);
      clients.push({ name: `member-${id}`, publicKey: theirs.publicKey });
      if (addresses.coordination === null) continue;
      const ours = memberClientAuthorization(this.#secret, agreement, publicKey);
      authorizations.push({ address: addresses.coordination, secret: ours.secret });
    }
    for (const token of joinTokens) {
      const name = `token-${Buffer.from(token).toString('hex')}`;
      clients.push({ name, publicKey: tokenClientAuthorization(this.#secret, token).publicKey });
    }
    return { clients, authorizations };
  }
}

/** Do members speak over their coordination services in this configuration, always or when a tunnel fails? */
export const speaksOverTor = ({ coordination, resilience }: Config): boolean =>
  coordination.mode === 'tor' || (coordination.mode === 'wireguard' && resilience.tor_fallback_enabled);

/**
 * Is there anybody to serve? In modes tor and wireguard members and joiners, since joins may reach any member; nodes on a
 * network of their own take joins there.
 */
export const isServiceWanted = ({ coordination }: Config, members: number, joinTokens: number): boolean =>
  coordination.mode !== 'direct' && (joinTokens > 0 || members > 0);
