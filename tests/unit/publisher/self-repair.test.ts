import { describe, expect, it } from 'vitest';
import type { RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import { emergencyAllowedAt, withEmergency } from '@rustbalance/actors/publisher/emergency-budget.js';
import { HsDirLog } from '@rustbalance/actors/publisher/hsdir-log.js';
import { MOST_EMERGENCIES } from '@rustbalance/actors/publisher/pace.js';
import { network, own, peer, point, publisherRole, START_MS, torUp, world } from './world.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const everyHsDir = [1, 2, 3, 4, 5, 6, 7, 8];
const distinctUploads = (w: ReturnType<typeof world>): number => new Set(w.uploads.map(({ n }) => n)).size;
const pointsOn = (w: ReturnType<typeof world>, hsdir: number): number =>
  Number(/^points (\d+)$/m.exec(w.hsdir(hsdir).held?.text ?? '')?.[1] ?? -1);

describe('a publication that no HSDir takes', () => {
  it('is one error once the retries are used up, is tried every 30 s, and is news again after a success', async () => {
    const w = world();
    const errors = (): number => w.logged.filter((line) => line.startsWith('error')).length;
    for (const n of everyHsDir) w.hsdir(n).answer = { reject: 'UNEXPECTED' };
    w.ready();
    await w.clock.advance(3_000);
    expect(errors()).toBe(0);
    await w.clock.advance(10 * MINUTE);
    expect(w.logged.filter((line) => line === 'error a descriptor is not published')).toHaveLength(1);
    const attempts = w.uploads.filter(({ hsdir }) => hsdir.endsWith('01')).length;
    expect(attempts).toBeGreaterThan(4 + 600 / 40);
    expect(attempts).toBeLessThan(4 + 600 / 22);
    for (const n of everyHsDir) w.hsdir(n).answer = 'accept';
    await w.clock.advance(40_000);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
    for (const n of everyHsDir) w.hsdir(n).answer = { reject: 'UNEXPECTED' };
    w.publication.learn({ own: own([point(30)]) });
    await w.clock.advance(10 * MINUTE);
    expect(w.logged.filter((line) => line === 'error a descriptor is not published')).toHaveLength(2);
  });
});

describe('an accepted descriptor that nobody confirms any more', () => {
  it('is asked for every minute once it has aged, and uploaded again at its greatest age', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(MINUTE);
    const before = distinctUploads(w);
    for (const n of everyHsDir) w.hsdir(n).answer = 'silent';
    await w.clock.advance(9 * MINUTE + 30_000);
    const looks = w.asked(1);
    await w.clock.advance(4 * MINUTE);
    expect(w.asked(1) - looks).toBeGreaterThanOrEqual(3);
    expect(distinctUploads(w)).toBe(before);
    await w.clock.advance(MINUTE);
    expect(distinctUploads(w)).toBeGreaterThan(before);
  });
});

describe('what the HSDirs hold', () => {
  it('is asked of each of them, and those behind get the descriptor again', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(MINUTE);
    const { held } = w.hsdir(1);
    w.hsdir(2).held = null;
    w.hsdir(3).held = { ...held!, n: 1, text: 'revision-counter 1\n' };
    await w.clock.advance(10 * MINUTE);
    for (const n of [1, 2, 3, 4]) {
      expect(w.asked(n)).toBe(1);
      expect(w.hsdir(n).held!.n).toBe(held!.n);
    }
    const behind = w.publication.hsdirs.filter((one) => one.behind > 0);
    expect(behind.map(({ fingerprint }) => Number(fingerprint)).sort()).toEqual([2, 3]);
  });

  it('counts where the answer to the upload was lost: nothing is uploaded again', async () => {
    const w = world();
    w.hsdir(4).answer = 'silent';
    w.ready();
    await w.clock.advance(1_000);
    w.hsdir(4).held = w.hsdir(1).held;
    const uploads = (): number => w.uploads.filter(({ hsdir }) => hsdir.endsWith('04')).length;
    // Its retries are used up before the next check, and it answers fetches by then.
    await w.clock.advance(9 * MINUTE);
    w.hsdir(4).answer = 'accept';
    const before = uploads();
    await w.clock.advance(2 * MINUTE);
    expect(uploads()).toBe(before);
    expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
  });
});

describe('the certificates of a descriptor', () => {
  it('are never older than two hours and a little, for days', async () => {
    const w = world();
    w.ready();
    for (let hour = 0; hour < 80; hour++) {
      w.publication.learn({ network: network(w.clock.wallMs()) });
      await w.clock.advance(HOUR);
      for (const { version } of w.publication.slots)
        expect(w.clock.wallMs() - version!.builtAtMs).toBeLessThan(2 * HOUR + MINUTE);
    }
  });

  it('are made anew at once after a sleep of the machine in which they aged', async () => {
    const w = world();
    w.ready();
    await w.clock.advance(MINUTE);
    const before = distinctUploads(w);
    w.clock.stepWall(43 * HOUR);
    w.publication.learn({ network: network(w.clock.wallMs()) });
    await w.clock.advance(3_000);
    expect(distinctUploads(w)).toBeGreaterThan(before);
    for (const { version } of w.publication.slots)
      expect(w.clock.wallMs() - version!.builtAtMs).toBeLessThan(MINUTE);
  });
});

describe('an introduction point whose relay left the consensus', () => {
  const without = (...gone: readonly number[]): NetworkView => {
    const view = network();
    const rows = Array.from({ length: view.relays.count }, (_, row) => row).filter(
      (row) => !gone.includes(row),
    );
    const pick = (bytes: Uint8Array, length: number): Uint8Array =>
      Uint8Array.from(rows.flatMap((row) => [...bytes.subarray(row * length, (row + 1) * length)]));
    return {
      ...view,
      relays: {
        count: rows.length,
        fingerprints: pick(view.relays.fingerprints, 20),
        ed25519Ids: pick(view.relays.ed25519Ids, 32),
        flags: Uint16Array.from(rows.map((row) => view.relays.flags[row]!)),
      },
    };
  };
  const cluster = async (): Promise<ReturnType<typeof world>> => {
    const w = world();
    w.ready([point(10), point(11), point(12)]);
    w.publication.learn({ peers: [peer('beta', [point(20), point(21), point(22)])] });
    await w.clock.advance(5_000);
    expect(pointsOn(w, 1)).toBe(6);
    return w;
  };

  it("is dropped, whether it is ours or a peer's", async () => {
    const w = await cluster();
    w.publication.learn({ network: without(11, 20) });
    await w.clock.advance(3_000);
    expect(pointsOn(w, 1)).toBe(4);
    w.publication.learn({ network: network() });
    await w.clock.advance(3_000);
    expect(pointsOn(w, 1)).toBe(6);
  });

  it('is kept where nothing else of ours is left: the consensus may be what is wrong', async () => {
    const w = world();
    w.publication.learn({ role: publisherRole, tor: torUp, own: own([point(10)]), network: without(10) });
    await w.clock.advance(3_000);
    expect(pointsOn(w, 1)).toBe(1);
  });
});

describe('introduction points that are flooded until they close, one after the other', () => {
  it('leave the descriptor at once, each of the first, and then at a bounded rate', async () => {
    const w = world();
    let points = Array.from({ length: 60 }, (_, n) => point(20 + n));
    w.ready(points);
    await w.clock.advance(5_000);
    const counts: number[] = [];
    for (let second = 0; second < 50; second++) {
      points = points.slice(1);
      w.publication.learn({ own: own(points) });
      await w.clock.advance(1_000);
      counts.push(pointsOn(w, 1));
      if (second < MOST_EMERGENCIES) expect(pointsOn(w, 1)).toBe(points.length);
    }
    const uploads = new Set(counts).size;
    expect(uploads).toBeGreaterThanOrEqual(MOST_EMERGENCIES);
    expect(uploads).toBeLessThanOrEqual(MOST_EMERGENCIES + 2);
    await w.clock.advance(MINUTE);
    expect(pointsOn(w, 1)).toBe(points.length);
  });

  it('never make more emergencies a minute than allowed, whenever they come', () => {
    let emergencies: readonly number[] = [];
    let builtAtMs = 0;
    const built: number[] = [];
    for (let nowMs = 0; nowMs < 10 * MINUTE; nowMs += 100) {
      if (emergencyAllowedAt(emergencies, builtAtMs, nowMs) > nowMs) continue;
      emergencies = withEmergency(emergencies, nowMs);
      builtAtMs = nowMs;
      built.push(nowMs);
    }
    for (const at of built)
      expect(built.filter((other) => other >= at && other < at + MINUTE).length).toBeLessThanOrEqual(
        MOST_EMERGENCIES,
      );
    expect(built.length).toBeGreaterThanOrEqual(9 * MOST_EMERGENCIES);
  });
});

describe('the log of HSDirs', () => {
  it('counts what each did, with its last reason', async () => {
    const w = world();
    w.hsdir(1).answer = { reject: 'UNEXPECTED' };
    w.hsdir(2).answer = 'silent';
    w.ready();
    await w.clock.advance(MINUTE);
    const of = (n: number) => w.publication.hsdirs.find(({ fingerprint }) => Number(fingerprint) === n);
    expect(of(1)).toMatchObject({ accepted: 0, silent: 0, lastReason: 'UNEXPECTED' });
    expect(of(1)!.refused).toBeGreaterThan(2);
    expect(of(2)).toMatchObject({ accepted: 0, refused: 0, lastReason: 'NO_ANSWER' });
    expect(of(2)!.silent).toBeGreaterThan(0);
    expect(of(3)).toMatchObject({ accepted: 1, refused: 0, silent: 0, behind: 0, lastReason: null });
  });

  it('keeps the newest 64 and no more', () => {
    const log = new HsDirLog();
    const name = (n: number) => String(n).padStart(40, '0') as RelayFingerprint;
    for (let n = 0; n < 100; n++) log.note(name(n), 'accepted', null, START_MS + n);
    log.note(name(50), 'refused', 'UPLOAD_REJECTED', START_MS + 200);
    expect(log.entries).toHaveLength(64);
    expect(log.entries[0]).toMatchObject({ fingerprint: name(50), accepted: 1, refused: 1 });
    expect(log.entries.some(({ fingerprint }) => fingerprint === name(10))).toBe(false);
  });
});
