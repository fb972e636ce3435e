import type {
  BuildDescriptorsInput,
  BuiltDescriptor,
  Contribution,
  MergedForPeriod,
  NetworkView,
  PublicationPlan,
} from '@rustbalance/crypto-worker/task-types.js';
import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { Clock } from '../kernel/clock.js';
import type { Logger } from '../kernel/logging.js';
import type { Random } from '../kernel/random.js';
import type { DueUpload } from './uploads-due.js';
import type { PersistedPublisher } from './persisted.js';
import type { Slot } from './slot.js';

/** What an HSDir was found to hold when it was asked. */
export interface Holding {
  /** Null when it holds nothing of this address, or did not answer. */
  readonly descriptor: string | null;
  /** Tor's REASON, or why there is none; null with a descriptor. */
  readonly reason: string | null;
}

/** What came of a visit; `unknown` when it could not be made. */
export type Visit = 'answers' | 'silent' | 'unknown';

/** All that publishing does to the world. Everything rejects with RbError. */
export interface PublisherEffects {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  plan(network: NetworkView): Promise<PublicationPlan>;
  merge(
    contributions: readonly Contribution[],
    timePeriods: readonly TimePeriodNumber[],
  ): Promise<readonly MergedForPeriod[]>;
  build(input: Omit<BuildDescriptorsInput, 'masterSecret'>): Promise<readonly BuiltDescriptor[]>;
  upload(due: DueUpload): Promise<void>;
  fetch(slot: Slot, hsdir: Slot['rows'][number]['fingerprint']): Promise<Holding>;
  /** The auth keys (hex) of the introduction points in a descriptor of this slot; null when it is none. */
  open(slot: Slot, descriptor: string): Promise<readonly string[] | null>;
  /** Goes to the master address by the SOCKS port that TorStatus names, as any client does. Never rejects. */
  visit(socks: string | null, signal: AbortSignal): Promise<Visit>;
  /** The counter input behind a revision counter that is not ours; null when no n gives it. */
  counterInput(slot: Slot, revisionCounter: bigint): Promise<number | null>;
  save(state: PersistedPublisher): void;
}
