import { describe, expect, it } from 'vitest';
import { NO_INPUTS } from '@rustbalance/actors/publisher/inputs.js';
import type { Inputs } from '@rustbalance/actors/publisher/inputs.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { OfferTracker } from '@rustbalance/actors/publisher/offer-tracker.js';
import { START_MS, network, own, peer, point } from './world.js';

const log = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
const { relays } = network();

const tracker = () => {
  const offers = new OfferTracker('alpha' as NodeId, log);
  return (inputs: Partial<Inputs>, wallMs: number) =>
    offers.current({ ...NO_INPUTS, ...inputs }, relays, wallMs - START_MS, wallMs).causedAtMs - START_MS;
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
});
