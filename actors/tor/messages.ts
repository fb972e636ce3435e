import type {
  Curve25519SecretKey,
  OnionAddress,
  RelayFingerprint,
  TimePeriodNumber,
} from '@rustbalance/crypto-worker/brands.js';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { fact, order, request, signal } from '../kernel/message-declaration.js';

/**
 * unanswered: it has not answered for seconds, and is ended if that lasts. bootstrap-stuck, circuits-stuck: it answers and
 * does not get on, though it reaches relays. no-network: it reaches none. refused: it runs and does not let us in.
 */
export type TorTrouble = 'unanswered' | 'bootstrap-stuck' | 'circuits-stuck' | 'no-network' | 'refused';

/** The Tor that the configuration names, or the one beside it ([tor] standby). */
export type TorName = 'first' | 'standby';

/** Life of this node's Tor, as the operator sees it in `status`. */
export interface TorStatus {
  readonly state: 'down' | 'launching' | 'connecting' | 'bootstrapping' | 'configuring' | 'up';
  readonly version: string | null;
  /** Bootstrap progress in percent. */
  readonly bootstrap: number;
  /** This node's instance address; null until its keys exist. */
  readonly instanceAddress: OnionAddress | null;
  /** Where its SOCKS port listens: `unix:/path` or `host:port`; null while unknown. */
  readonly socks: string | null;
  /** How many times this daemon has seen Tor die. */
  readonly deaths: number;
  readonly lastError: string | null;
  /** What keeps a Tor that runs from its work, or us from it; null while nothing does. */
  readonly trouble: TorTrouble | null;
  /** Null without [tor] standby. With it, all else here is of the Tor in use. */
  readonly redundancy: { readonly inUse: TorName; readonly other: OtherTor } | null;
}

/** The Tor that is not in use. */
export type OtherTor = Pick<
  TorStatus,
  'state' | 'version' | 'bootstrap' | 'deaths' | 'lastError' | 'trouble'
>;

const STANDBY_CIRCUIT = 'standby:';

/** A circuit of the standby, whose Tor numbers its circuits as any other does. */
export const ofStandby = (circuit: string): string => `${STANDBY_CIRCUIT}${circuit}`;

/** Whose circuit this is, and how that Tor names it. */
export const circuitOf = (circuit: string): { readonly tor: TorName; readonly id: string } =>
  circuit.startsWith(STANDBY_CIRCUIT)
    ? { tor: 'standby', id: circuit.slice(STANDBY_CIRCUIT.length) }
    : { tor: 'first', id: circuit };

/**
 * This node's introduction points that are alive and that clients' descriptor may carry now: those of the
 * instance's desc_current between SRV and time period, of desc_next between time period and SRV.
 */
export interface OwnIntroductionPoints {
  readonly points: readonly IntroductionPoint[];
  /** The time period of the instance's descriptor that they were read from. */
  readonly timePeriod: TimePeriodNumber | null;
  /** Values of the instance's own `create2-formats` and `flow-control` lines; null where the line is absent. */
  readonly create2Formats: readonly number[];
  readonly flowControl: string | null;
  /** Wall clock (ms) of Tor's own event (circuit established or closed, consensus) that this change comes from. */
  readonly causedAtMs: number;
}

export interface UploadOrder {
  readonly address: OnionAddress;
  /** The whole outer document, as it is signed (LF line ends). */
  readonly descriptor: string;
  readonly hsdirs: readonly RelayFingerprint[];
}

/** One HSDir's answer. Tor does not say which descriptor it speaks of: one upload in flight per HSDir. */
export interface UploadAnswer {
  readonly address: OnionAddress;
  readonly hsdir: RelayFingerprint;
  readonly accepted: boolean;
  /** Tor's REASON, e.g. UPLOAD_REJECTED; null when accepted. */
  readonly reason: string | null;
  readonly atMs: number;
}

export interface FetchOrder {
  readonly address: OnionAddress;
  readonly hsdir: RelayFingerprint;
}

/** A key with which our Tor may reach an onion service of another node (ONION_CLIENT_AUTH_ADD, control-spec §3.30). */
export interface ClientAuthorization {
  readonly address: OnionAddress;
  readonly secret: Curve25519SecretKey;
}

/** This node's coordination onion service, as its Tor has it. */
export interface CoordinationState {
  /** Null on a node without a node key. */
  readonly address: OnionAddress | null;
  /**
   * none: not wanted, or no Tor. faulty: see the log. served: Tor has it. published: an HSDir took its descriptor over
   * this connection, so clients find it.
   */
  readonly state: 'none' | 'faulty' | 'served' | 'published';
}

/** How many of this node's circuits are left while it drains. */
export interface Departure {
  /** Of the draining that this answers (election.drain-state); 0 while it does not drain. */
  readonly version: number;
  /** Introduction circuits that clients may know of. */
  readonly introduction: number;
  /** Their ids in Tor (control-spec §4.1.1); those of the standby as `ofStandby` writes them. */
  readonly rendezvous: readonly string[];
  /** Whether Tor may write a line with the circuit before each stream; true also while it is not known. */
  readonly namesCircuits: boolean;
}

export const torMessages = {
  'tor.status': fact<TorStatus>(),
  'tor.coordination': fact<CoordinationState>(),
  /** All keys that our Tor shall have from now on: those of earlier orders that are not among them are taken away. */
  'tor.client-authorizations': order<{ readonly authorizations: readonly ClientAuthorization[] }>(),
  /** The consensus as far as publishing needs it; null until one with enough microdescriptors is there. */
  'tor.network': fact<{ readonly view: NetworkView | null }>(),
  'tor.departure': fact<Departure>(),
  /** Closes rendezvous circuits of the instance; ids of other circuits are passed over. */
  'tor.close-circuits': order<{ readonly circuits: readonly string[] }>(),
  'tor.introduction-points': fact<OwnIntroductionPoints>(),
  /** Starts uploads to named HSDirs; the answers come as tor.upload-answer. Fails with a code when Tor is not up. */
  'tor.upload': request<UploadOrder, { readonly startedAtMs: number }>(),
  'tor.upload-answer': signal<UploadAnswer>(),
  /** A repair: replaces our own Tor, or restarts the unit of a system Tor where we may; else it is connected to anew. */
  'tor.restart': order<{ readonly reason: string }>(),
  /** Which files of the instance's directory are missing, or not what TorActor has in memory. */
  'tor.instance-faults': request<Readonly<Record<string, never>>, { readonly files: readonly string[] }>(),
  /** A repair: writes the files of the instance again that are missing or damaged. */
  'tor.restore-files': order<{ readonly reason: string }>(),
  /** Asks one HSDir for what it holds of an address (clients' time period only); null when it holds nothing. */
  'tor.fetch': request<FetchOrder, { readonly descriptor: string | null; readonly reason: string | null }>(),
} as const;
