import { describe, expect, it } from 'vitest';
import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type { Absence, RoleView } from '@rustbalance/actors/election/messages.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { network, own, peer, point, publisherRole, standbyRole, torUp, world } from './world.js';

const alone = (how: Absence): RoleView => ({ ...publisherRole, absent: [{ id: 'beta' as NodeId, how }] });

const points = (first: number, count: number): IntroductionPoint[] =>
  Array.from({ length: count }, (_, at) => point(first + at));

const keysOf = (of: readonly IntroductionPoint[]): string[] => of.map(({ authKey }) => bytesKey(authKey));

const OURS = points(10, 3);
const THEIRS = points(30, 3);

/** A counter that a node with a right clock may have used a minute ago. */
const THEIR_N = 1_000;

const begin = (w: ReturnType<typeof world>, role: RoleView, mine = OURS): void => {
  w.publication.learn({ role, tor: torUp, network: network(), own: own(mine) });
};

const ANSWERS = "withheld: another publisher's richer descriptor answers";

describe('a publisher that never heard another member', () => {
  it('asks the HSDirs first, and publishes at once where they hold nothing', async () => {
    const w = world();
    begin(w, alone('unheard'));
    await w.clock.advance(1_000);
    expect(w.asked(1)).toBe(1);
    expect(w.visits).toEqual([]);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('asks nobody where there is no other member', async () => {
    const w = world();
    w.theirUpload(THEIR_N, keysOf(THEIRS));
    w.ready(OURS);
    await w.clock.advance(1_000);
    expect([w.asked(1), w.visits.length]).toEqual([0, 0]);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('does not replace a descriptor that answers and is no poorer, until there is contact', async () => {
    const w = world();
    w.answer('answers');
    w.theirUpload(THEIR_N, keysOf(THEIRS));
    begin(w, alone('unheard'));
    await w.clock.advance(600_000);
    expect(w.uploads).toEqual([]);
    expect(w.lastVerdict()).toEqual({ type: 'WITHHOLD', reason: ANSWERS });
    expect(w.logged.filter((line) => line === `info ${ANSWERS}`)).toHaveLength(1);
    expect(w.publication.rival).toEqual({ points: 3, foreign: 3, ours: 3, counterInput: THEIR_N });
    expect(w.visits.length).toBeGreaterThanOrEqual(10);
    expect(w.visits.length).toBeLessThanOrEqual(20);
    // The other one is heard, and this node keeps the lease.
    w.publication.learn({ role: publisherRole, peers: [peer('beta', THEIRS)] });
    await w.clock.advance(1_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
    expect(w.uploads[0]!.text).toContain('points 6');
    expect(w.uploads[0]!.n).toBeGreaterThan(THEIR_N);
    expect(w.publication.rival).toBeNull();
  });

  it('uploads nothing when contact makes it a standby', async () => {
    const w = world();
    w.answer('answers');
    w.theirUpload(THEIR_N, keysOf(THEIRS));
    begin(w, alone('unheard'));
    await w.clock.advance(20_000);
    w.publication.learn({ role: standbyRole });
    await w.clock.advance(60_000);
    expect(w.uploads).toEqual([]);
    expect(w.lastVerdict()).toEqual({ type: 'STAND_BY' });
    expect(w.publication.withheld).toBeNull();
  });

  it('serves within a take-over where nobody answers any more', async () => {
    const w = world();
    w.answer('silent');
    w.theirUpload(THEIR_N, keysOf([...THEIRS, ...points(50, 3)]));
    begin(w, alone('unheard'));
    await w.clock.advance(120_000);
    expect(w.visits).toHaveLength(3);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('publishes at once after a restart where the HSDirs hold its own points of before only', async () => {
    const w = world({ persisted: { lastPublishMs: null, counters: [], ownPoints: keysOf(THEIRS) } });
    w.theirUpload(THEIR_N, keysOf(THEIRS));
    begin(w, alone('unheard'));
    await w.clock.advance(1_000);
    expect(w.visits).toEqual([]);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('stops looking as soon as its own points outweigh what stands', async () => {
    const w = world();
    w.answer('silent');
    w.theirUpload(THEIR_N, keysOf(THEIRS));
    begin(w, alone('unheard'), OURS.slice(0, 1));
    await w.clock.advance(2_000);
    expect(w.uploads).toEqual([]);
    w.publication.learn({ own: own([...OURS, point(13)]) });
    await w.clock.advance(1_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('counts above the descriptor that it replaces, wherever that one counted', async () => {
    const w = world();
    w.answer('silent');
    w.theirUpload(90_000, keysOf(THEIRS));
    begin(w, alone('unheard'));
    await w.clock.advance(120_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
    expect(w.uploads.filter(({ timePeriod }) => timePeriod === 100).every(({ n }) => n > 90_000)).toBe(true);
  });

  it('begins its patience anew when Tor was down meanwhile', async () => {
    const w = world();
    w.answer('answers');
    w.theirUpload(THEIR_N, keysOf(THEIRS));
    begin(w, alone('unheard'));
    await w.clock.advance(5_000);
    w.publication.learn({ tor: { ...torUp, state: 'down' } });
    await w.clock.advance(300_000);
    w.publication.learn({ tor: torUp });
    await w.clock.advance(60_000);
    expect(w.uploads).toEqual([]);
    expect(w.lastVerdict()).toEqual({ type: 'WITHHOLD', reason: ANSWERS });
  });
});

describe('a publisher that took over from a node that fell silent', () => {
  it('publishes at once where that node’s descriptor still has our points', async () => {
    const w = world();
    w.theirUpload(THEIR_N, keysOf([...THEIRS, ...OURS]));
    begin(w, alone('silent'));
    await w.clock.advance(1_000);
    expect(w.visits).toEqual([]);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('withholds where it published without us and answers', async () => {
    const w = world();
    w.answer('answers');
    w.theirUpload(THEIR_N, keysOf(points(30, 6)));
    begin(w, alone('silent'));
    await w.clock.advance(600_000);
    expect(w.uploads).toEqual([]);
  });

  it('does not look at all when its death is agreed', async () => {
    const w = world();
    w.theirUpload(THEIR_N, keysOf(points(30, 6)));
    begin(w, alone('gone'));
    await w.clock.advance(1_000);
    expect(w.asked(1)).toBe(0);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });
});

describe('a publisher that drops the points of silent nodes', () => {
  const both = [peer('beta', THEIRS), peer('gamma', points(40, 3))];
  const cutOff: RoleView = {
    ...publisherRole,
    absent: ['beta', 'gamma'].map((id) => ({ id: id as NodeId, how: 'silent' })),
  };

  it('does so where its own descriptor stands', async () => {
    const w = world();
    begin(w, publisherRole);
    w.publication.learn({ peers: both });
    await w.clock.advance(3_000);
    w.publication.learn({ role: cutOff });
    await w.clock.advance(2_000);
    w.publication.learn({ peers: [] });
    await w.clock.advance(2_000);
    expect(w.uploads.at(-1)!.text).toContain('points 3');
  });

  it('leaves theirs where they published without us meanwhile', async () => {
    const w = world();
    w.answer('answers');
    begin(w, publisherRole);
    w.publication.learn({ peers: both });
    await w.clock.advance(3_000);
    const before = w.uploads.length;
    w.publication.learn({ role: cutOff });
    w.theirUpload(50_000, keysOf(both.flatMap((one) => one.points)));
    await w.clock.advance(2_000);
    w.publication.learn({ peers: [] });
    await w.clock.advance(1_200_000);
    expect(w.uploads).toHaveLength(before);
    expect(w.lastVerdict()).toEqual({ type: 'WITHHOLD', reason: ANSWERS });
  });
});

describe('a publisher whose descriptor was replaced by another one', () => {
  const published = async (role: RoleView, mine = OURS) => {
    const w = world();
    w.answer('answers');
    begin(w, publisherRole, mine);
    await w.clock.advance(2_000);
    w.publication.learn({ role });
    return w;
  };

  it('leaves one that is no poorer, and says so', async () => {
    const w = await published(alone('silent'));
    const before = w.uploads.length;
    w.theirUpload(50_000, keysOf(THEIRS));
    await w.clock.advance(1_800_000);
    expect(w.uploads).toHaveLength(before);
    expect(w.publication.rival).toMatchObject({ points: 3, foreign: 3, ours: 3 });
  });

  it('publishes above one that is poorer', async () => {
    const w = await published(alone('gone'), points(10, 6));
    w.theirUpload(50_000, keysOf(THEIRS));
    await w.clock.advance(700_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
    expect(w.uploads.at(-1)!.n).toBeGreaterThan(50_000);
    expect(w.publication.rival).toMatchObject({ points: 3, foreign: 3, ours: 6 });
  });

  it('publishes above any when all members are in contact', async () => {
    const w = await published(publisherRole);
    w.theirUpload(50_000, keysOf(points(30, 9)));
    await w.clock.advance(700_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
    expect(w.uploads.at(-1)!.n).toBeGreaterThan(50_000);
  });

  it('finds it within a minute after somebody fell silent', async () => {
    const w = await published(alone('silent'));
    w.theirUpload(50_000, keysOf(THEIRS));
    await w.clock.advance(70_000);
    expect(w.lastVerdict()).toMatchObject({ type: 'WITHHOLD' });
  });

  it('finds it by a refused upload', async () => {
    const w = await published(alone('silent'));
    await w.clock.advance(300_000);
    w.theirUpload(90_000, keysOf(THEIRS));
    w.publication.learn({ own: own([point(14), point(15), point(16)]) });
    await w.clock.advance(10_000);
    const refused = w.uploads.length;
    await w.clock.advance(600_000);
    expect(w.uploads).toHaveLength(refused);
    expect(w.lastVerdict()).toEqual({ type: 'WITHHOLD', reason: ANSWERS });
  });
});
