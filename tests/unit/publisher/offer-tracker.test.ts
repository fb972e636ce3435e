import { describe, expect, it } from 'vitest';
import { NO_INPUTS } from '@rustbalance/actors/publisher/inputs.js';
import type { Inputs } from '@rustbalance/actors/publisher/inputs.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { OfferTracker } from '@rustbalance/actors/publisher/offer-tracker.js';
import { START_MS, network, own, peer, point } from './world.js';

const log = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
const { relays } = network();

/** What is found to be behind each offer, ms after the start. Descriptors are built of each unless told otherwise. */
const tracker = () => {
  let builtKey: string | null = null;
  const offers = new OfferTracker('alpha' as NodeId, log, () => builtKey);
  return (inputs: Partial<Inputs>, wallMs: number, isBuilt = true) => {
    const offer = offers.current({ ...NO_INPUTS, ...inputs }, relays, wallMs - START_MS, wallMs);
    if (isBuilt) builtKey = offer.key;
    return offer.causedAtMs - START_MS;
  };
};

describe('the event behind a change of what is on offer', () => {
  const ours = [point(1), point(2)];
  const theirs = [point(3)];

  it("is that of the node whose introduction points changed, not another node's newer one", () => {
    const causeOf = tracker();
    const beta = { ...peer('beta', theirs), causedAtMs: START_MS + 5_000 };
    expect(causeOf({ own: own(ours, START_MS + 1_000), peers: [beta] }, START_MS + 5_100)).toBe(5_000);
    expect(causeOf({ own: own([point(4)], START_MS + 3_000), peers: [beta] }, START_MS + 6_000)).toBe(3_000);
  });

  it('is the change itself when a node leaves, since no Tor tells of that', () => {
    const causeOf = tracker();
    causeOf({ own: own(ours), peers: [peer('beta', theirs)] }, START_MS);
    expect(causeOf({ own: own(ours), peers: [] }, START_MS + 9_000)).toBe(9_000);
  });

  it('stays the same while the content does', () => {
    const causeOf = tracker();
    causeOf({ own: own(ours, START_MS + 1_000) }, START_MS + 1_000);
    expect(causeOf({ own: own(ours, START_MS + 8_000) }, START_MS + 8_000)).toBe(1_000);
  });

  it('is the oldest of those that wait for the same publication', () => {
    const causeOf = tracker();
    const beta = (points: typeof theirs, at: number) => ({
      ...peer('beta', points),
      causedAtMs: START_MS + at,
    });
    causeOf({ own: own(ours), peers: [beta(theirs, 0)] }, START_MS);
    const changed = own([point(4)], START_MS + 3_000);
    expect(causeOf({ own: changed, peers: [beta(theirs, 0)] }, START_MS + 3_100, false)).toBe(3_000);
    const later = [beta([point(5)], 3_400)];
    expect(causeOf({ own: changed, peers: later }, START_MS + 3_500)).toBe(3_000);
    const again = [beta([point(6)], 8_000)];
    expect(causeOf({ own: changed, peers: again }, START_MS + 8_100)).toBe(8_000);
  });

  it('is the oldest of those that are heard of at once', () => {
    const causeOf = tracker();
    causeOf({ own: own(ours), peers: [peer('beta', theirs)] }, START_MS);
    const beta = { ...peer('beta', [point(5)]), causedAtMs: START_MS + 2_000 };
    expect(causeOf({ own: own([point(4)], START_MS + 2_600), peers: [beta] }, START_MS + 2_700)).toBe(2_000);
  });

  it('is the older one still where a node leaves before it is published', () => {
    const causeOf = tracker();
    causeOf({ own: own(ours), peers: [peer('beta', theirs)] }, START_MS);
    const changed = own([point(4)], START_MS + 3_000);
    causeOf({ own: changed, peers: [peer('beta', theirs)] }, START_MS + 3_100, false);
    expect(causeOf({ own: changed, peers: [] }, START_MS + 3_900)).toBe(3_000);
  });
});
