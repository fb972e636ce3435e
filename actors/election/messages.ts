import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  OnionAddress,
  TimePeriodNumber,
} from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type { PassphraseKey } from '@rustbalance/crypto-worker/keys/passphrase-parameters.js';
import type { NodeId } from '../kernel/brands.js';
import type { JoinTokenId } from '../kernel/cluster-keys.js';
import type { ErrorCode } from '../kernel/errors.js';
import { fact, order, request } from '../kernel/message-declaration.js';
import type { TransportName } from '../wg/messages.js';

export type Role = 'publisher' | 'standby';

export type Lifecycle = 'joining' | 'initializing' | 'healthy' | 'unhealthy' | 'dead';

/**
 * Why a member's part in the descriptor is in doubt. unheard: since this node started it has said nothing. arriving: it
 * is heard, for the first time or again, and has not said yet whether it claims the lease, or which introduction points
 * it has. silent: it is not heard any more, and no other node confirms its end. gone: another node does, or it said goodbye.
 */
export type Absence = 'unheard' | 'arriving' | 'silent' | 'gone';

export interface AbsentMember {
  readonly id: NodeId;
  readonly how: Absence;
}

export interface RoleView {
  readonly role: Role;
  /** Who holds the lease as far as this node knows. */
  readonly publisher: NodeId | null;
  readonly sinceMs: number;
  /** The members that are not in contact: another publisher may be among them. */
  readonly absent: readonly AbsentMember[];
}

/**
 * How far a node is with leaving the service (`rustbalance drain`). leaving: its introduction points are on their way out
 * of the descriptor. emptying: they are out everywhere, and its circuits go as each carries nothing. drained: none is left.
 */
export type DrainPhase = 'no' | 'leaving' | 'emptying' | 'drained';

export interface DrainView {
  readonly phase: DrainPhase;
  /** Rises with every change of phase; what others say of a phase names it. */
  readonly version: number;
  /** Its own introduction points stay out of the descriptor: another node's are in. */
  readonly leavesOwnOut: boolean;
  /** Wall clock (ms) of its deadline. */
  readonly untilMs: number;
  /** The last drain ended at its deadline with this node still in the descriptor. */
  readonly failed: boolean;
}

export interface PeerView {
  readonly id: NodeId;
  readonly lifecycle: Lifecycle;
  readonly role: Role;
  readonly priority: number;
  /** Seconds since the last authentic message; null when there was none. */
  readonly lastSeenSecs: number | null;
  readonly transport: TransportName | null;
  readonly introPoints: number;
  readonly draining: 'no' | 'draining' | 'drained';
  /** Its clock minus ours, seconds, round-trip corrected; null while unknown. */
  readonly clockOffsetSecs: number | null;
  readonly roundTripMs: number | null;
}

/** Another node's introduction points, as authenticated from its own messages; not yet held against the consensus. */
export interface NodeIntroductionPoints {
  readonly node: NodeId;
  readonly points: readonly IntroductionPoint[];
  readonly create2Formats: readonly number[];
  readonly flowControl: string | null;
  /** Tor's event behind the change, by this node's wall clock, ms. */
  readonly causedAtMs: number;
}

/** The highest counter input n that any node was seen to use, per time period: the fence between publishers. */
export interface SeenCounter {
  readonly timePeriod: TimePeriodNumber;
  readonly n: number;
}

/** Where a node can be reached; what it did not tell is null. All of it is public among members. */
export interface MemberAddresses {
  /** `host:port` of the direct transport. */
  readonly direct: string | null;
  readonly wireguard: {
    readonly publicKey: Curve25519PublicKey;
    /** `host:port`; null for a node that calls others and cannot be called. */
    readonly endpoint: string | null;
  } | null;
  /** Of its coordination onion service. */
  readonly coordination: OnionAddress | null;
}

/** Another node that belongs to the cluster, alive or not. */
export interface MemberView {
  readonly id: NodeId;
  readonly publicKey: Ed25519PublicKey;
  readonly addresses: MemberAddresses;
}

/** A join token as an operator sees it. */
export interface JoinTokenView {
  /** Hex. */
  readonly id: string;
  readonly state: 'live' | 'spent' | 'expired' | 'revoked';
  readonly issuer: NodeId | null;
  /** Unix seconds. */
  readonly notAfter: number;
  readonly uses: number;
  readonly usedBy: readonly NodeId[];
}

/** What the operator does with join tokens (`rustbalance token …`). */
export type TokenCommand =
  | {
      readonly action: 'create';
      readonly lifetimeSecs: number;
      readonly uses: number;
      /** Nodes that join with it may be given the master key, where this node has it. */
      readonly bringsKey: boolean;
      /** The token shall hold the master key, sealed with this; null: it shall not. */
      readonly seal: { readonly key: PassphraseKey; readonly salt: Uint8Array } | null;
    }
  | { readonly action: 'list' }
  | { readonly action: 'revoke'; readonly id: string };

export interface TokenAnswer {
  readonly tokens: readonly JoinTokenView[];
  /** The text of the token that was made, a secret; null unless one was. */
  readonly created: string | null;
}

export const electionMessages = {
  /** Not told while a starting node still listens for a publisher (three probes at most). */
  'election.role': fact<RoleView>(),
  'election.peers': fact<{ readonly peers: readonly PeerView[] }>(),
  /** The points of every peer that belongs into the descriptor now (dead and removed ones are left out). */
  'election.introduction-points': fact<{ readonly nodes: readonly NodeIntroductionPoints[] }>(),
  'election.counters': fact<{ readonly counters: readonly SeenCounter[] }>(),
  /** Everybody else who belongs to the cluster, and the tokens that still open a door: spent ones too, for a joiner whose answer was lost. */
  'election.members': fact<{
    readonly members: readonly MemberView[];
    readonly joinTokens: readonly JoinTokenId[];
  }>(),
  /**
   * SHA-256 of the path secrets by which joins are taken at the master address: of the tokens that open a door, while
   * `[join] via_master` is on.
   */
  'election.join-paths': fact<{ readonly hashes: readonly Uint8Array[] }>(),
  /**
   * A frame of a join stream; its answer, or null for whoever proved nothing. `admitOnly`: null for whoever is refused, too,
   * and the frame is one to the key of the token instead of this node's.
   */
  'election.join': request<
    { readonly frame: Uint8Array; readonly admitOnly: boolean },
    { readonly frame: Uint8Array | null }
  >(),
  /** Answers with all tokens as they are after the command. */
  'election.tokens': request<TokenCommand, TokenAnswer>(),
  /** Removes a member for ever, by its id. False when there is none of that id, or it is this node itself. */
  'election.remove-member': request<{ readonly id: NodeId }, { readonly removed: boolean }>(),
  /** A repair: forgets what was measured of the way to this peer, and probes it at once. Nothing that guards against replay goes. */
  'election.reconnect-peer': order<{ readonly id: NodeId }>(),
  /** A repair: forgets who holds the lease and listens anew, as after a start. */
  'election.reset': order<{ readonly reason: string }>(),
  /** How far this node is with draining. */
  'election.drain-state': fact<DrainView>(),
  /**
   * Takes this node out of service, or back into it. Refused with the code of an error (drain.alone, drain.no-heir) where it
   * cannot be spared.
   */
  'election.drain': request<
    { readonly on: boolean; readonly timeoutMs: number },
    { readonly phase: DrainPhase; readonly refusal: ErrorCode | null }
  >(),
  /** Gives the lease back if another node can publish, e.g. by a repair; a shutdown does so by itself. */
  'election.step-down': order<{ readonly reason: string }>(),
} as const;
