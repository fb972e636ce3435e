import type { RelayFingerprint, TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { SeenCounter } from '../election/messages.js';
import type { NodeId } from '../kernel/brands.js';
import { fact, order } from '../kernel/message-declaration.js';

export interface HsDirView {
  readonly fingerprint: RelayFingerprint;
  /** `pending` also where the last upload was not answered: `reason` tells. */
  readonly status: 'accepted' | 'rejected' | 'pending';
  readonly reason: string | null;
}

export interface NodeShare {
  readonly id: NodeId;
  readonly introPoints: number;
}

export interface DescriptorView {
  readonly which: 'first' | 'second';
  readonly timePeriod: TimePeriodNumber;
  /** Decimal digits: a revision counter may exceed 2^53. */
  readonly revisionCounter: string;
  readonly introPoints: number;
  /** How many of them each node brought, by node id; a node that brought none is not named. */
  readonly nodes: readonly NodeShare[];
  /** Wall clock (ms) of the last acceptance that completed or extended it; null before the first. */
  readonly publishedAtMs: number | null;
  readonly hsdirs: readonly HsDirView[];
}

export interface PublisherStatus {
  readonly state: 'standby' | 'waiting' | 'withheld' | 'publishing' | 'published' | 'degraded';
  /** Why it waits, withholds or is degraded, for people; null when nothing is wrong. */
  readonly reason: string | null;
  readonly descriptors: readonly DescriptorView[];
  readonly lastPublishMs: number | null;
  /** From Tor's own event to the last HSDir's acceptance, of the last complete upload, ms. */
  readonly lastLatencyMs: number | null;
}

/** A descriptor of our address that the HSDirs hold and that another publisher made. */
export interface RivalDescriptor {
  readonly points: number;
  /** Those that belong to nobody in contact. */
  readonly foreign: number;
  /** How many this node's own descriptor would have. */
  readonly ours: number;
  /** Its counter input n; null when no n of ours gives its revision counter. */
  readonly counterInput: number | null;
}

/**
 * What became of the file that the master key was read from. none: there is no key, or it is systemd's. foreign: it holds
 * another valid key. Missing and damaged files can be written again from memory.
 */
export interface KeyFileStatus {
  readonly state: 'none' | 'good' | 'missing' | 'damaged' | 'foreign' | 'unreadable';
  /** For people; nothing of the content. */
  readonly reason: string | null;
  /** Why the copy of [master] backup_key_path cannot be kept; null: it is there, or none is wanted. */
  readonly backupFault: string | null;
}

/** Whose introduction points are in what the HSDirs hold. */
export interface CarriedNodes {
  /** Of every responsible HSDir that answers it is known what it holds. */
  readonly settled: boolean;
  readonly nodes: readonly NodeId[];
}

export const publisherMessages = {
  'publisher.key-file': fact<KeyFileStatus>(),
  'publisher.status': fact<PublisherStatus>(),
  /** The counter inputs that this node used, for heartbeats. */
  'publisher.counters': fact<{ readonly counters: readonly SeenCounter[] }>(),
  /** Whether uploads are withheld, and the last descriptor of another publisher that was found while one is in doubt. */
  'publisher.rival': fact<{ readonly withholds: boolean; readonly rival: RivalDescriptor | null }>(),
  /** A repair: writes the master key file again from memory where it is missing or damaged. */
  'publisher.restore-key': order<{ readonly reason: string }>(),
  /** By this node's own uploads, both descriptors together; nothing while it publishes nothing. */
  'publisher.carried': fact<CarriedNodes>(),
  'publisher.publish-now': order<{ readonly reason: string }>(),
} as const;
