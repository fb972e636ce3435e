/**
 * Inputs and outputs of the pool's tasks: plain objects, Uint8Array, bigint, number and string only, so that
 * they cross threads by structured clone.
 */
import type {
  BlindedPublicKey,
  Ed25519PublicKey,
  ExpandedSecretKey,
  IdentityPublicKey,
  OnionAddress,
  RelayFingerprint,
  RevisionCounter,
  SharedRandomValue,
  Subcredential,
  TimePeriodLength,
  TimePeriodNumber,
  UnixSeconds,
} from './brands.js';
import type { IntroductionPoint } from './introduction-point.js';
import type { Failure } from './result.js';

// — keys —

export interface IdentityKeys {
  readonly secret: ExpandedSecretKey;
  readonly publicKey: IdentityPublicKey;
  readonly address: OnionAddress;
}

export interface GenerateIdentityInput {
  /** 32 random bytes. */
  readonly seed: Uint8Array;
}

export type SecretKeyFormat = 'tor-file' | 'expanded' | 'seed';

export interface ImportedIdentity extends IdentityKeys {
  readonly format: SecretKeyFormat;
}

/** The three files of a HiddenServiceDir, named as Tor names them. */
export interface HiddenServiceFiles {
  /** 96 bytes. */
  readonly hs_ed25519_secret_key: Uint8Array;
  /** 64 bytes. */
  readonly hs_ed25519_public_key: Uint8Array;
  /** The address with ".onion" and a newline. */
  readonly hostname: Uint8Array;
}

// — the network —

/** Consensus parameters that decide where descriptors go, and how large they may be. */
export interface HsDirParams {
  /** hsdir_interval, or 24 voting intervals on a TestingTorNetwork. */
  readonly periodLength: TimePeriodLength;
  /** hsdir_n_replicas. */
  readonly replicas: number;
  /** hsdir_spread_store: HSDirs a service uploads to, for each replica. */
  readonly spreadStore: number;
  /** hsdir_spread_fetch: HSDirs a client picks from, for each replica. */
  readonly spreadFetch: number;
  /** HSV3MaxDescriptorSize in bytes. */
  readonly maxDescriptorSize: number;
}

/**
 * The relays of a consensus in packed form: 8000 relays cross a thread border in 0.5 MB and as three buffers
 * instead of 8000 objects. Row i is 20 bytes of fingerprints, 32 of ed25519Ids, one of flags; rows are in
 * ascending order of fingerprint. See network/relay-table.ts for reading one.
 */
export interface RelayTable {
  readonly count: number;
  readonly fingerprints: Uint8Array;
  /** All zeros where the microdescriptor is missing or names no Ed25519 identity. */
  readonly ed25519Ids: Uint8Array;
  /** Bits of network/relay-table.ts RELAY_FLAGS. */
  readonly flags: Uint16Array;
}

/** How complete the view is. A ring computed without all HSDirs names wrong ones. */
export interface NetworkCompleteness {
  readonly relays: number;
  /** Microdescriptors in the bulk document, whether or not the consensus names them. */
  readonly microdescriptors: number;
  /** Relays with the HSDir flag and protocol HSDir=2. */
  readonly hsDirs: number;
  /** Those of them whose Ed25519 identity is unknown, because their microdescriptor is missing. */
  readonly hsDirsWithoutMicrodescriptor: number;
}

export interface NetworkView {
  readonly validAfter: UnixSeconds;
  readonly freshUntil: UnixSeconds;
  readonly validUntil: UnixSeconds;
  /** fresh-until minus valid-after. */
  readonly votingIntervalSeconds: number;
  readonly sharedRandomCurrent: SharedRandomValue | null;
  readonly sharedRandomPrevious: SharedRandomValue | null;
  readonly hsDirParams: HsDirParams;
  /** All of the consensus' "params". */
  readonly params: Readonly<Record<string, number>>;
  readonly relays: RelayTable;
  readonly completeness: NetworkCompleteness;
}

export interface ParseNetworkInput {
  /** Body of GETINFO dir/status-vote/current/consensus-microdesc. */
  readonly consensus: Uint8Array;
  /** Body of GETINFO md/all; its missing last newline is put back. */
  readonly microdescriptors: Uint8Array;
  /** Does that Tor run with TestingTorNetwork 1? Then a time period is 24 voting intervals long. */
  readonly testingTorNetwork: boolean;
}

// — where and when to publish —

/** "first" and "second" as in rend-spec-v3 §2.2.4.2. */
export type WhichDescriptor = 'first' | 'second';

export interface BlindedKeysInput {
  readonly identity: IdentityPublicKey;
  readonly periodLength: TimePeriodLength;
  readonly timePeriods: readonly TimePeriodNumber[];
}

export interface PeriodKeys {
  readonly timePeriod: TimePeriodNumber;
  readonly blindedKey: BlindedPublicKey;
  readonly subcredential: Subcredential;
}

export interface ResponsibleHsDirsInput {
  readonly blindedKey: BlindedPublicKey;
  readonly timePeriod: TimePeriodNumber;
  /** null: the disaster value of that period is used, as Tor does (srv-spec; rend-spec-v3 §2.3.1). */
  readonly sharedRandom: SharedRandomValue | null;
  readonly params: HsDirParams;
  readonly relays: RelayTable;
}

export interface ResponsibleHsDir {
  readonly fingerprint: RelayFingerprint;
  /** 1 … replicas. */
  readonly replica: number;
  /** hsdir_index in upper-case hex, as HS_DESC REQUESTED prints it (HSDIR_INDEX). */
  readonly index: string;
}

export interface ResponsibleHsDirs {
  /** Where a service uploads, replica by replica in ring order. */
  readonly store: readonly ResponsibleHsDir[];
  /** Where clients look. */
  readonly fetch: readonly ResponsibleHsDir[];
}

export interface PublicationPlanInput {
  readonly identity: IdentityPublicKey;
  readonly network: NetworkView;
}

export interface DescriptorPlan extends PeriodKeys, ResponsibleHsDirs {
  readonly which: WhichDescriptor;
  /** The value used for the ring; null when the disaster value stood in. */
  readonly sharedRandom: SharedRandomValue | null;
  /** Start of the shared-random run that this descriptor's revision counter counts from. */
  readonly srvRunStart: UnixSeconds;
}

export interface PublicationPlan {
  /** Between the start of a time period and the next shared random value? (by the consensus' valid-after) */
  readonly betweenTimePeriodAndSrv: boolean;
  /** The one that clients with this consensus fetch. */
  readonly clientsUse: WhichDescriptor;
  readonly first: DescriptorPlan;
  readonly second: DescriptorPlan;
}

// — descriptors —

/** One node's introduction points, as input to the merge. */
export interface Contribution {
  readonly nodeId: string;
  readonly introductionPoints: readonly IntroductionPoint[];
}

export interface MergeInput {
  readonly masterSecret: ExpandedSecretKey;
  readonly timePeriods: readonly TimePeriodNumber[];
  readonly contributions: readonly Contribution[];
  /** Cap of the merged list, 20 at most; 20 when absent. */
  readonly limit?: number;
}

export interface MergedIntroductionPoint {
  readonly nodeId: string;
  readonly introductionPoint: IntroductionPoint;
}

export interface MergedForPeriod {
  readonly timePeriod: TimePeriodNumber;
  readonly merged: readonly MergedIntroductionPoint[];
}

export interface DescriptorRequest {
  readonly which: WhichDescriptor;
  readonly timePeriod: TimePeriodNumber;
  /** Seconds-like input of the revision counter (counterInput() in counter/revision-counter.ts), at least 1. */
  readonly n: number;
  /** 1 … 20, in the order in which they shall stand. */
  readonly introductionPoints: readonly IntroductionPoint[];
}

export interface BuildDescriptorsInput {
  readonly masterSecret: ExpandedSecretKey;
  readonly periodLength: TimePeriodLength;
  /** Wall clock: certificates expire 54 hours after it. */
  readonly now: UnixSeconds;
  /** The words after "create2-formats", in order; [2] is what Tor writes. */
  readonly create2Formats: readonly number[];
  /** What stands after "flow-control " ("1-2 31"), or null to leave the line out. */
  readonly flowControl: string | null;
  /** HSV3MaxDescriptorSize: a larger result is refused. */
  readonly maxDescriptorSize: number;
  readonly requests: readonly DescriptorRequest[];
}

export interface BuiltDescriptor {
  readonly which: WhichDescriptor;
  readonly timePeriod: TimePeriodNumber;
  readonly blindedKey: BlindedPublicKey;
  readonly n: number;
  readonly revisionCounter: RevisionCounter;
  /** The descriptor with LF line ends, ready for HSPOST's CRLF and dot-stuffing. */
  readonly text: string;
  /** Bytes of text. */
  readonly size: number;
}

export interface DecodeDescriptorInput {
  readonly descriptor: Uint8Array;
  readonly identity: IdentityPublicKey;
  readonly periodLength: TimePeriodLength;
  /** Candidates; the one whose blinded key signed the descriptor is reported. */
  readonly timePeriods: readonly TimePeriodNumber[];
  /** Refuse certificates that ran out before this; null accepts them (debugging of old files). */
  readonly now: UnixSeconds | null;
  readonly maxDescriptorSize: number;
}

export interface DecodedDescriptor extends PeriodKeys {
  readonly revisionCounter: RevisionCounter;
  readonly lifetimeMinutes: number;
  readonly signingKey: Ed25519PublicKey;
  readonly signingKeyExpires: UnixSeconds;
  readonly create2Formats: readonly number[];
  readonly flowControl: string | null;
  /** Everything after "pow-params ", reported and never encoded: a seed belongs to one Tor. */
  readonly powParams: string | null;
  readonly singleOnionService: boolean;
  readonly authClients: number;
  readonly introductionPoints: readonly IntroductionPoint[];
  /** Why other introduction points could not be used. */
  readonly skipped: readonly Failure[];
  readonly size: number;
}

// — revision counters —

export interface FindCounterInputInput {
  readonly secret: ExpandedSecretKey;
  readonly timePeriod: TimePeriodNumber;
  readonly periodLength: TimePeriodLength;
  readonly counter: RevisionCounter;
  /** Where the search ends. */
  readonly maxN: number;
}
