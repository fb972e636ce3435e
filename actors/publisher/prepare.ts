import type { TimePeriodNumber, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { MergedForPeriod, NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import type { NodeId } from '../kernel/brands.js';
import type { Offer } from './contributions.js';
import type { CounterFence } from './counter-fence.js';
import { nextCounterInput } from './counter-fence.js';
import type { PublisherEffects } from './effects.js';
import type { NodeShare } from './messages.js';
import { isComplete } from './slot.js';
import type { Cause, Slot, Version } from './slot.js';

/** What one preparation starts from: a snapshot, so that nothing shifts under it. */
export interface Preparation {
  readonly slots: readonly Slot[];
  readonly offer: Offer;
  readonly network: NetworkView;
  readonly fence: CounterFence;
  /** Rises when the same content is to be uploaded again, by age or on order. */
  readonly serial: number;
  /** Slots that need a new counter although their content is the same. */
  readonly recount: ReadonlySet<TimePeriodNumber>;
  readonly nextVersionId: number;
  readonly cause: Cause;
}

const contentKeyOf = (merged: MergedForPeriod, offer: Offer, serial: number): string =>
  [
    serial,
    offer.lines.create2Formats.join(','),
    offer.lines.flowControl ?? '-',
    ...merged.merged.map(({ introductionPoint }) => bytesKey(introductionPoint.authKey)),
  ].join('|');

/** What each node brought to the merged list. */
const sharesOf = ({ merged }: MergedForPeriod): readonly NodeShare[] => {
  const counts = new Map<string, number>();
  for (const { nodeId } of merged) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  return [...counts].sort().map(([id, introPoints]) => ({ id: id as NodeId, introPoints }));
};

/**
 * A wait that a change began ends when its descriptor, or a later one, is on every HSDir: neither a higher counter for
 * what was refused nor another change on top of it makes it shorter.
 */
const causeOf = (slot: Slot, recounted: Version | null, cause: Cause): Cause => {
  if (recounted !== null) return recounted.cause;
  const waiting = slot.version === null || isComplete(slot) ? null : slot.version.cause;
  return waiting?.kind === 'change' && waiting.atMs < cause.atMs ? waiting : cause;
};

/** Merges, and builds those descriptors whose content or counter must change; the others keep their version. */
export const prepare = async (
  effects: PublisherEffects,
  from: Preparation,
): Promise<ReadonlyMap<TimePeriodNumber, Version>> => {
  const merged = await effects.merge(
    from.offer.contributions,
    from.slots.map(({ timePeriod }) => timePeriod),
  );
  const contents = new Map(merged.map((one) => [one.timePeriod, one] as const));
  const now = Math.floor(effects.clock.wallMs() / 1000) as UnixSeconds;
  const requests = from.slots.flatMap((slot) => {
    const content = contents.get(slot.timePeriod);
    if (content === undefined || content.merged.length === 0) return [];
    const contentKey = contentKeyOf(content, from.offer, from.serial);
    const recounted = slot.version?.contentKey === contentKey ? slot.version : null;
    if (recounted !== null && !from.recount.has(slot.timePeriod)) return [];
    const n = nextCounterInput(from.fence, slot.timePeriod, slot.plan.srvRunStart, now);
    const introductionPoints = content.merged.map(({ introductionPoint }) => introductionPoint);
    return [
      {
        contentKey,
        nodes: sharesOf(content),
        cause: causeOf(slot, recounted, from.cause),
        request: { which: slot.which, timePeriod: slot.timePeriod, n, introductionPoints },
      },
    ];
  });
  if (requests.length === 0) return new Map();
  const built = await effects.build({
    periodLength: from.network.hsDirParams.periodLength,
    now,
    create2Formats: from.offer.lines.create2Formats,
    flowControl: from.offer.lines.flowControl,
    maxDescriptorSize: from.network.hsDirParams.maxDescriptorSize,
    requests: requests.map(({ request }) => request),
  });
  return new Map(
    built.map((descriptor) => {
      const asked = requests.find(({ request }) => request.timePeriod === descriptor.timePeriod);
      const version: Version = {
        id: from.nextVersionId,
        text: descriptor.text,
        n: descriptor.n,
        revisionCounter: descriptor.revisionCounter,
        contentKey: asked?.contentKey ?? '',
        introPoints: asked?.request.introductionPoints.length ?? 0,
        nodes: asked?.nodes ?? [],
        cause: asked?.cause ?? from.cause,
        builtAtMs: now * 1000,
      };
      return [descriptor.timePeriod, version] as const;
    }),
  );
};
