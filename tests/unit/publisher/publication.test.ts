import { describe, expect, it } from 'vitest';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import {
  ADDRESS,
  START_MS,
  network,
  own,
  peer,
  plan,
  point,
  publisherRole,
  standbyRole,
  torUp,
  world,
} from './world.js';

const distinct = <T>(values: readonly T[]): number => new Set(values).size;

describe('first publication', () => {
  it('sends each descriptor to each of its HSDirs once, as soon as introduction points exist', async () => {
    const w = world();
    w.publication.learn({ role: publisherRole, tor: torUp, network: network() });
    await w.clock.advance(5_000);
    expect(w.uploads).toEqual([]);
    expect(w.lastVerdict()).toEqual({ type: 'WAIT', reason: 'no node has an introduction point' });
    const beforeMs = w.clock.monotonicMs();
    w.publication.learn({ own: own([point(10)]) });
    await w.clock.advance(400);
    expect(w.uploads).toHaveLength(8);
    expect(distinct(w.uploads.map(({ hsdir }) => hsdir))).toBe(8);
    expect(w.uploads[0]!.atMs - beforeMs).toBeLessThan(50);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('waits, and says for what, while something is missing', async () => {
    const w = world();
    await w.clock.advance(10);
    expect(w.lastVerdict()).toEqual({ type: 'WAIT', reason: 'no role yet' });
    w.publication.learn({ role: publisherRole });
    await w.clock.advance(10);
    expect(w.lastVerdict()).toEqual({ type: 'WAIT', reason: 'Tor is not up' });
    w.publication.learn({ tor: torUp });
    await w.clock.advance(10);
    expect(w.lastVerdict()).toEqual({ type: 'WAIT', reason: 'no usable consensus yet' });
    expect(w.uploads).toEqual([]);
  });

  it('never happens without a master key, or on a standby', async () => {
    const keyless = world({ hasMasterKey: false });
    keyless.ready();
    const standby = world();
    standby.ready();
    standby.publication.learn({ role: standbyRole });
    await keyless.clock.advance(60_000);
    await standby.clock.advance(60_000);
    expect(keyless.uploads).toEqual([]);
    expect(standby.uploads).toEqual([]);
    expect(standby.lastVerdict()).toEqual({ type: 'STAND_BY' });
  });

  it('is not missed by a standby without a master key: it stands by as any other', async () => {
    const keyless = world({ hasMasterKey: false });
    keyless.ready();
    keyless.publication.learn({ role: standbyRole });
    await keyless.clock.advance(60_000);
    expect(keyless.lastVerdict()).toEqual({ type: 'STAND_BY' });
  });

  it('does not sign while the clock disagrees grossly with the consensus, and goes on when it is set right', async () => {
    const w = world();
    w.clock.stepWall(-3_600_000);
    w.ready();
    await w.clock.advance(5_000);
    expect(w.uploads).toEqual([]);
    expect(w.lastVerdict()).toEqual({ type: 'WAIT', reason: 'the clock is behind the consensus' });
    w.clock.stepWall(3_600_000);
    await w.clock.advance(2_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });
});

describe('a change of introduction points', () => {
  it('is compared by content: the same points again upload nothing, three for three others do', async () => {
    const w = world();
    const points = [point(10), point(11), point(12)];
    w.ready(points);
    await w.clock.advance(2_000);
    const before = w.uploads.length;
    w.publication.learn({ own: own([...points].reverse()) });
    await w.clock.advance(5_000);
    expect(w.uploads).toHaveLength(before);
    w.publication.learn({ own: own([point(13), point(14), point(15)]) });
    await w.clock.advance(2_000);
    expect(w.uploads).toHaveLength(before + 8);
  });

  it('that loses a point is published within half a second, one that only adds is gathered first', async () => {
    const w = world();
    const [a, b] = [point(10), point(11)];
    w.ready([a, b]);
    await w.clock.advance(3_000);
    const lossAtMs = w.clock.monotonicMs();
    w.publication.learn({ own: own([a]) });
    await w.clock.advance(3_000);
    expect(w.uploads[8]!.atMs - lossAtMs).toBeLessThanOrEqual(500);
    const gainAtMs = w.clock.monotonicMs();
    w.publication.learn({ own: own([a, point(12)]) });
    await w.clock.advance(100);
    const last = [a, point(12), point(13)];
    w.publication.learn({ own: own(last) });
    await w.clock.advance(3_000);
    expect(w.uploads).toHaveLength(24);
    expect(w.uploads[16]!.atMs - gainAtMs).toBeLessThanOrEqual(500);
    expect(w.uploads.at(-1)!.text).toContain('points 3');
  });

  it('of a peer goes in, and one of a relay that is not in the consensus stays out', async () => {
    const w = world();
    w.ready([point(10)]);
    await w.clock.advance(2_000);
    w.publication.learn({ peers: [peer('beta', [point(20), point(250)])] });
    await w.clock.advance(3_000);
    expect(w.uploads.at(-1)!.text).toContain('points 2');
    expect(w.logged.filter((line) => line.includes('of a peer is not used'))).toHaveLength(1);
  });

  it('to none at all publishes nothing', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(2_000);
    const before = w.uploads.length;
    w.publication.learn({ own: own([]) });
    await w.clock.advance(60_000);
    expect(w.uploads).toHaveLength(before);
    expect(w.lastVerdict()).toEqual({ type: 'WAIT', reason: 'no node has an introduction point' });
  });
});

describe('revision counters', () => {
  it('rise with every build, even when the wall clock steps back', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(2_000);
    w.clock.stepWall(-200_000);
    w.publication.learn({ own: own([point(30)]) });
    await w.clock.advance(2_000);
    const first = w.uploads.filter(({ timePeriod }) => timePeriod === 100);
    expect(first[4]!.n).toBeGreaterThan(first[0]!.n);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('start above what was persisted and above what peers used', async () => {
    const w = world({
      persisted: { lastPublishMs: null, counters: [{ timePeriod: 100, n: 50_000 }], ownPoints: [] },
    });
    w.publication.learnCounters([{ timePeriod: 101 as never, n: 90_000 }]);
    w.ready();
    await w.clock.advance(2_000);
    expect(w.uploads.find(({ timePeriod }) => timePeriod === 100)!.n).toBe(50_001);
    expect(w.uploads.find(({ timePeriod }) => timePeriod === 101)!.n).toBe(90_001);
  });

  it('are not driven beyond what can be built by an absurd one of a peer', async () => {
    const w = world();
    w.publication.learnCounters([{ timePeriod: 100 as never, n: 2 ** 20 }]);
    w.ready();
    await w.clock.advance(2_000);
    expect(w.uploads.find(({ timePeriod }) => timePeriod === 100)!.n).toBeLessThan(2 ** 19);
  });

  it('are saved before anything is uploaded', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(50);
    expect(w.uploads.length).toBeGreaterThan(0);
    expect(w.saved[0]!.counters.find(({ timePeriod }) => timePeriod === 100)!.n).toBe(w.uploads[0]!.n);
  });

  it('leap over a higher one that an HSDir already holds', async () => {
    const w = world();
    w.hsdir(2).held = { timePeriod: 100, n: 1_020, text: 'revision-counter 1020\n' };
    w.ready();
    await w.clock.advance(180_000);
    expect(w.hsdir(2).held!.n).toBeGreaterThan(1_020);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });
});

describe('an order to upload', () => {
  it('that Tor refuses is told, and tried again with back-off', async () => {
    const w = world();
    w.refuseOrders((period) => (period === 101 ? rbError('control.invalid-descriptor', 'tor') : null));
    w.ready();
    await w.clock.advance(300_000);
    expect(w.logged).toContain('warn Tor refused to upload a descriptor');
    expect(w.refusedOrders.length).toBeGreaterThanOrEqual(4);
    // Its retries, and then one about every 30 s while no HSDir holds it.
    expect(w.refusedOrders.length).toBeLessThanOrEqual(4 + 300 / 22.5);
    expect(w.lastVerdict()).toMatchObject({ type: 'DEGRADE' });
  });

  it('that finds no Tor is given again within a second or two', async () => {
    const w = world();
    w.refuseOrders(() => rbError('control.closed', 'tor'));
    w.ready();
    await w.clock.advance(100);
    w.refuseOrders(() => null);
    await w.clock.advance(2_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });
});

describe('an HSDir', () => {
  it.each([
    { which: 'first', n: 1 },
    { which: 'second', n: 6 },
  ])(
    'of the $which descriptor that refuses whatever it is given costs a few uploads and no counter',
    async ({ n }) => {
      const w = world();
      w.hsdir(n).answer = { reject: 'UPLOAD_REJECTED' };
      w.ready();
      const attempts = () => w.uploads.filter(({ hsdir }) => hsdir.endsWith(`0${String(n)}`)).length;
      await w.clock.advance(60_000);
      expect(attempts()).toBeLessThan(15);
      await w.clock.advance(12 * 3_600_000);
      expect(attempts()).toBeLessThan(150);
      // Counters are made up to 2^20; those of both descriptors live for two days.
      expect(Math.max(...w.uploads.map((upload) => upload.n))).toBeLessThan(2 ** 19 + 200);
    },
  );

  it('that never answers is tried again after its deadline, and holds up nobody else', async () => {
    const w = world();
    w.hsdir(3).answer = 'silent';
    w.ready();
    await w.clock.advance(1_000);
    const view = w.publication.slots[0]!.rows.map((row) => row.held !== null);
    expect(view).toEqual([true, true, false, true]);
    await w.clock.advance(60_000);
    const attempts = w.uploads.filter(({ hsdir }) => hsdir.endsWith('03'));
    expect(attempts.length).toBeGreaterThanOrEqual(2);
    w.hsdir(3).answer = 'accept';
    await w.clock.advance(100_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('that is silent once others have shown the pace of the network is tried again within seconds', async () => {
    const w = world();
    w.ready();
    for (let change = 0; change < 4; change++) {
      w.publication.learn({ own: own([point(20 + change)]) });
      await w.clock.advance(5_000);
    }
    w.hsdir(3).answer = 'silent';
    w.publication.learn({ own: own([point(30)]) });
    await w.clock.advance(2_000);
    w.hsdir(3).answer = 'accept';
    await w.clock.advance(5_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('that answers after it was given up is asked what it holds', async () => {
    const w = world();
    w.hsdir(3).answer = 'silent';
    w.ready();
    await w.clock.advance(30_100);
    expect(w.asked(3)).toBe(0);
    w.hsdir(3).answer = 'accept';
    await w.clock.advance(1_000);
    expect(w.asked(3)).toBe(1);
  });

  it('that takes what was given up when something else stands again is given that', async () => {
    const w = world();
    const [lasting, passing] = [point(20), point(21)];
    w.ready([lasting, passing]);
    await w.clock.advance(5_000);
    // An HSDir of the second descriptor, which nobody can ask.
    w.hsdir(5).answer = 'silent';
    w.publication.learn({ own: own([lasting]) });
    await w.clock.advance(10_000);
    const missed = w.uploads.findLast(({ hsdir }) => hsdir.endsWith('05'))!;
    w.publication.learn({ own: own([lasting, passing]) });
    await w.clock.advance(60_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
    Object.assign(w.hsdir(5), { answer: 'accept', held: missed });
    w.publication.answered({
      address: ADDRESS as never,
      hsdir: missed.hsdir,
      accepted: true,
      reason: null,
      atMs: w.clock.wallMs(),
    });
    await w.clock.advance(10_000);
    expect(w.hsdir(5).held?.n).toBeGreaterThan(missed.n);
    expect(w.hsdir(5).held?.text).toContain(bytesKey(passing.authKey));
  });

  it('that rejects is tried again with back-off, and then rests until what the HSDirs hold is checked', async () => {
    const w = world();
    w.hsdir(1).answer = { reject: 'UPLOAD_REJECTED_BY_WHIM' };
    w.ready();
    await w.clock.advance(300_000);
    const times = w.uploads.filter(({ hsdir }) => hsdir.endsWith('01')).map(({ atMs }) => atMs);
    expect(times.length).toBeGreaterThanOrEqual(4);
    expect(times.length).toBeLessThanOrEqual(6);
    expect(w.lastVerdict()).toMatchObject({ type: 'DEGRADE' });
  });

  it('that serves both descriptors never has two uploads in flight', async () => {
    const w = world();
    w.setPlan(plan(100, [1, 2], [1, 3]));
    w.ready();
    await w.clock.advance(5_000);
    const shared = w.uploads.filter(({ hsdir }) => hsdir.endsWith('01'));
    expect(shared.map(({ timePeriod }) => timePeriod)).toEqual([100, 101]);
    expect(shared[1]!.atMs - shared[0]!.atMs).toBeGreaterThanOrEqual(300);
  });

  it('that forgot the descriptor is given it again at the next check', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(2_000);
    const before = w.uploads.length;
    w.hsdir(4).held = null;
    await w.clock.advance(620_000);
    expect(w.uploads.slice(before).map(({ hsdir }) => hsdir.slice(-2))).toEqual(['04']);
  });

  it('that does not say what it holds is not uploaded to again', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(2_000);
    w.hsdir(4).answer = 'silent';
    await w.clock.advance(1_400_000);
    expect(w.uploads).toHaveLength(8);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });

  it('that was given a newer descriptor while it was asked is not taken to hold a foreign one', async () => {
    const w = world();
    w.setFetchTime(3_000);
    w.ready();
    await w.clock.advance(600_500);
    const before = w.uploads.length;
    w.publication.learn({ own: own([point(20), point(21)]) });
    await w.clock.advance(20_000);
    expect(w.uploads).toHaveLength(before + 8);
    expect(w.logged.filter((line) => line.includes('did not make'))).toEqual([]);
  });

  it('that holds a foreign descriptor with a higher counter is outrun', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(2_000);
    w.hsdir(4).held = { timePeriod: 100, n: 999_999, text: 'revision-counter 999999\n' };
    await w.clock.advance(620_000);
    expect(w.hsdir(4).held!.n).toBeGreaterThan(999_999);
    expect(w.logged.some((line) => line.includes('did not make'))).toBe(true);
  });
});

describe('a rotation', () => {
  it('keeps the descriptor that moves from second to first where it is, and uploads the new second', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(2_000);
    const before = w.uploads.length;
    w.setPlan(plan(101, [5, 6, 7, 8], [9, 10, 11, 12]));
    w.publication.learn({ network: network(START_MS + 1_000) });
    await w.clock.advance(2_000);
    expect(w.uploads.slice(before).map(({ timePeriod }) => timePeriod)).toEqual([102, 102, 102, 102]);
  });

  it('that makes clients fetch the second descriptor, long uploaded, has it checked and not uploaded again', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(45 * 60_000);
    w.hsdir(7).held = null;
    const before = w.uploads.length;
    w.setPlan({ ...plan(100, [1, 2, 3, 4], [5, 6, 7, 8]), clientsUse: 'second' });
    w.publication.learn({ network: network(START_MS + 45 * 60_000) });
    await w.clock.advance(5_000);
    expect(w.uploads.slice(before).map(({ hsdir }) => hsdir.slice(-2))).toEqual(['07']);
  });

  it('whose plan the pool fails to make is planned again within seconds', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(2_000);
    const before = w.uploads.length;
    w.failNextPlans(1);
    w.setPlan(plan(101, [5, 6, 7, 8], [9, 10, 11, 12]));
    w.publication.learn({ network: network(START_MS + 1_000) });
    await w.clock.advance(5_000);
    expect(w.uploads).toHaveLength(before + 4);
  });

  it('that moves the ring uploads the descriptor to the new HSDirs alone', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(2_000);
    const before = w.uploads.length;
    w.setPlan(plan(100, [1, 2, 3, 9], [5, 6, 7, 8]));
    w.publication.learn({ network: network(START_MS + 1_000) });
    await w.clock.advance(2_000);
    expect(w.uploads.slice(before).map(({ hsdir }) => hsdir.slice(-2))).toEqual(['09']);
  });
});

describe('time', () => {
  it('republishes at a random moment between 60 and 120 minutes when HSDirs confirm what they hold', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(59 * 60_000);
    const confirmedOnly = w.uploads.length;
    expect(confirmedOnly).toBe(8);
    await w.clock.advance(62 * 60_000);
    expect(w.uploads).toHaveLength(16);
  });

  it('checks what the HSDirs hold, and forces nothing, though one of each descriptor is down for good', async () => {
    const w = world();
    for (const n of [1, 5]) w.hsdir(n).answer = 'silent';
    w.ready();
    await w.clock.advance(55 * 60_000);
    const toTheOthers = w.uploads.filter(({ hsdir }) => !/0[15]$/.test(hsdir));
    expect(toTheOthers).toHaveLength(6);
  });

  it('counts a publication by the HSDirs that are enough, though one is down for good', async () => {
    const w = world({ config: { publish: { hsdir_min_accepted: 3 } } });
    for (const n of [1, 5]) w.hsdir(n).answer = 'silent';
    w.ready();
    await w.clock.advance(1_000);
    expect(w.publication.lastPublishMs).toBe(START_MS + 300);
    expect(w.saved.at(-1)?.lastPublishMs).toBe(START_MS + 300);
  });

  it('forces an upload when acceptance has gone unconfirmed for too long', async () => {
    const w = world({ config: { publish: { refresh_interval_secs: 6_000 } } });
    w.ready();
    await w.clock.advance(890_000);
    expect(w.uploads).toHaveLength(8);
    await w.clock.advance(30_000);
    expect(w.uploads).toHaveLength(16);
  });
});

describe('a change of role', () => {
  it('publishes at once on take-over, above the counters that the old publisher used', async () => {
    const w = world();
    w.ready();
    w.publication.learn({ role: standbyRole });
    await w.clock.advance(10_000);
    w.publication.learnCounters([{ timePeriod: 100 as never, n: 70_000 }]);
    const takeoverMs = w.clock.monotonicMs();
    w.publication.learn({ role: publisherRole });
    await w.clock.advance(1_000);
    expect(w.uploads).toHaveLength(8);
    expect(w.uploads[0]!.atMs - takeoverMs).toBeLessThan(50);
    expect(w.uploads.find(({ timePeriod }) => timePeriod === 100)!.n).toBe(70_001);
  });

  it('uploads again after Tor died under its uploads', async () => {
    const w = world();
    for (let n = 1; n <= 8; n++) w.hsdir(n).answer = 'silent';
    w.ready();
    await w.clock.advance(100);
    w.publication.learn({ tor: { ...torUp, state: 'down' } });
    await w.clock.advance(3_000);
    for (let n = 1; n <= 8; n++) w.hsdir(n).answer = 'accept';
    w.publication.learn({ tor: torUp });
    await w.clock.advance(1_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });
});

describe('a build that fails', () => {
  it('is tried again, but not in a storm', async () => {
    const w = world();
    w.failNextBuilds(2);
    w.ready();
    await w.clock.advance(1_500);
    expect(w.logged.filter((line) => line.startsWith('error'))).toHaveLength(1);
    await w.clock.advance(5_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });
});
