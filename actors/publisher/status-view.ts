import type { PublisherState } from './machine.js';
import type { DescriptorView, HsDirView, PublisherStatus } from './messages.js';
import type { HsDirRow, Slot, Version } from './slot.js';
import { NO_ANSWER, isHolding } from './slot.js';

/** One HSDir's row of the status. */
export const hsDirView = (row: HsDirRow, version: Version): HsDirView => {
  if (isHolding(row, version)) return { fingerprint: row.fingerprint, status: 'accepted', reason: null };
  // Silence is no verdict on the descriptor: the HSDir, or the way to it, may be down.
  const rejected = row.inFlight === null && row.failures > 0 && row.reason !== NO_ANSWER;
  return { fingerprint: row.fingerprint, status: rejected ? 'rejected' : 'pending', reason: row.reason };
};

const descriptorView = (slot: Slot, version: Version): DescriptorView => ({
  which: slot.which,
  timePeriod: slot.timePeriod,
  revisionCounter: version.revisionCounter.toString(),
  introPoints: version.introPoints,
  nodes: version.nodes,
  publishedAtMs: slot.completedAtWallMs,
  hsdirs: slot.rows.map((row) => hsDirView(row, version)),
});

export interface StatusSource {
  readonly state: PublisherState;
  readonly reason: string | null;
  readonly slots: readonly Slot[];
  readonly lastPublishMs: number | null;
  readonly lastLatencyMs: number | null;
}

/** What `status` and `inspect` show of publishing. */
export const publisherStatus = (source: StatusSource): PublisherStatus => ({
  state: source.state,
  reason: source.reason,
  descriptors: source.slots.flatMap((slot) =>
    slot.version === null ? [] : [descriptorView(slot, slot.version)],
  ),
  lastPublishMs: source.lastPublishMs,
  lastLatencyMs: source.lastLatencyMs,
});
