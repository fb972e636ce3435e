/** The engine of crypto-worker held against C Tor itself: its descriptors, its ring, its HSDirs, its clients. */
import type { UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { counterInput, revisionCounter } from '@rustbalance/crypto-worker/counter/revision-counter.js';
import { latin1 } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { fingerprintAt } from '@rustbalance/crypto-worker/network/relay-table.js';
import { responsibleHsDirs } from '@rustbalance/crypto-worker/ring/responsible-hsdirs.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fetchFromHsDir, hsdirIndexes } from '../../support/hsdir-view.js';
import { expiriesOf, inStemsWords } from '../../support/proof/expectations.js';
import { networkViewOf, planOf } from '../../support/proof/network-view.js';
import { rewriteDescriptor, shapeOf, withoutPadding } from '../../support/proof/opened-descriptor.js';
import { inputOf, oursLike, ownDescriptors } from '../../support/proof/own-descriptors.js';
import { postDescriptor } from '../../support/proof/post.js';
import {
  type Publication,
  type UsedCounters,
  decodeFor,
  descriptorAt,
  publishMaster,
  unixNow,
} from '../../support/proof/publish.js';
import type { RecordedService } from '../../support/proof/recorded-service.js';
import { settledRounds } from '../../support/proof/rounds.js';
import {
  type ProofWorld,
  changeSpread,
  enterPhase,
  phasesFrom,
  startProofWorld,
} from '../../support/proof/world.js';
import { consensusOf } from '../../support/tor-network/directory-view.js';
import { nextRotation, waitForPhase } from '../../support/tor-network/phase.js';
import { valueOf } from '../../unit/crypto-worker/given.js';
import { stemDecodes } from '../../wire/stem/stem.js';

const REPLICAS = 2;
// Tor's present is the wall clock; an event reaches us within a second, or ten where all processors are taken.
const EVENT_DELAY_SECS = 10;
// A network that came up late waits for the phase to come round.
const PHASE_TIMEOUT_MS = 300_000;
const PHASE_HOOK_MS = PHASE_TIMEOUT_MS + 60_000;
/**
 * What belongs to the first phase: its tests, a consensus with another spread (up to 25 s until all have it) and what is
 * shown of that. Published in it is what the second phase begins with.
 */
const FIRST_PHASE_SECS = 90;
/** What phasesFrom() counts on. */
const ROOM_SECS = 40;
const AFTER_TP = 'from the start of a time period to the next shared random value';
const AFTER_SRV = 'from a shared random value to the start of the next time period';

const begunAt = unixNow();
const used: UsedCounters = new Map();
let world: ProofWorld;
let published: Publication;

beforeAll(async () => {
  world = await startProofWorld();
});

afterAll(async () => {
  await world.stop();
});

const expectSameRounds = async (service: RecordedService, spread: number): Promise<void> => {
  const rounds = await settledRounds(service);
  expect(rounds).toHaveLength(2);
  for (const { byTor, byUs, answered } of rounds) {
    expect(answered).toBe(true);
    expect(byUs).toHaveLength(REPLICAS * spread);
    // Tor begins its uploads replica by replica in ring order, as a plan lists them.
    expect(byTor).toEqual(byUs);
  }
};

const publishAndReadBack = async (): Promise<void> => {
  published = await publishMaster(world, used);
  const { plan, built, verdicts } = published;
  expect(verdicts).toEqual([...plan.first.store, ...plan.second.store].map(() => 'accepted'));
  const served = built.find(({ which }) => which === plan.clientsUse);
  for (const { fingerprint } of plan[plan.clientsUse].store) {
    expect(await descriptorAt(world.client, world.master.address, fingerprint)).toBe(served?.text);
  }
};

/** A cold visit: every HSDir that Tor's own client chooses to ask must have the descriptor. */
const expectReachable = async (): Promise<void> => {
  const { client, master } = world;
  const control = await client.tor.control();
  await control.subscribe('HS_DESC');
  await client.dropDescriptor(master.address);
  const told: (string | undefined)[] = [];
  const stop = control.onEvent(({ keyword, text }) => {
    const [action, address] = text.split(' ');
    if (keyword === 'HS_DESC' && address === master.address && action !== 'REQUESTED') told.push(action);
  });
  const page = await client.fetch(master.address);
  stop();
  expect(page).toMatchObject({ ok: true, node: 'proof', error: undefined });
  expect(new Set(told)).toEqual(new Set(['RECEIVED']));
};

const provesDescriptors = (): void => {
  test('have the revision counters that we compute, to the bit and the second', async () => {
    for (const service of [world.plain, world.instance]) {
      const chosen = await service.counters();
      for (const own of await ownDescriptors(service, world.client)) {
        const { plan, decoded, blinded } = own;
        const ofPeriod = chosen.filter(({ timePeriod }) => timePeriod === plan.timePeriod);
        expect(ofPeriod.length).toBeGreaterThan(0);
        for (const { runStart, now, n, counter } of ofPeriod) {
          expect(runStart).toBe(plan.srvRunStart);
          expect(counterInput(now as UnixSeconds, plan.srvRunStart, null)).toBe(n);
          expect(valueOf(revisionCounter(blinded.secret, n))).toBe(counter);
        }
        const last = ofPeriod.at(-1);
        expect(decoded.revisionCounter).toBe(last?.counter);
        expect(inputOf(own)).toBe(last?.n);
        const [upload] = service.uploads.latest(plan.blindedKey);
        const late = (upload?.atSecs ?? 0) - (last?.now ?? 0);
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThanOrEqual(EVENT_DELAY_SECS);
      }
    }
  });

  test('are written by us to the same bytes, every layer out of the one below', async () => {
    for (const { text, decoded, opened, blinded } of await ownDescriptors(world.plain, world.client)) {
      expect(decoded).toMatchObject({ skipped: [], powParams: null, flowControl: '1-2 31' });
      const ours = rewriteDescriptor(opened, blinded);
      expect(ours.inner).toBe(latin1(opened.innerPlaintext));
      expect(ours.middle).toBe(latin1(opened.middlePlaintext));
      // With its signature, so our blinded secret key has Tor's nonce prefix.
      expect(ours.signingKeyCertificate).toEqual(opened.outer.signingKeyCertificate);
      expect(ours.text).toBe(text);
    }
  });

  test('cannot be told by shape, size or expiry from ours with the same introduction points', async () => {
    for (const own of await ownDescriptors(world.plain, world.client)) {
      const ours = await oursLike(world.plain, own, begunAt);
      expect(ours.text).toHaveLength(own.text.length);
      expect(shapeOf(ours.text)).toEqual(shapeOf(own.text));
      const [ourMiddle, torsMiddle] = [ours.opened, own.opened].map((each) =>
        withoutPadding(each.middlePlaintext),
      );
      expect(shapeOf(ourMiddle ?? '')).toEqual(shapeOf(torsMiddle ?? ''));
      const [ourInner, torsInner] = [ours.opened, own.opened].map((each) => latin1(each.innerPlaintext));
      expect(shapeOf(ourInner ?? '')).toEqual(shapeOf(torsInner ?? ''));
      // Tor made its certificates at some moment of this test, which may have seen an hour begin.
      const ends = [begunAt, unixNow()].map(async (now) =>
        expiriesOf((await oursLike(world.plain, own, now)).opened),
      );
      const [early, late] = await Promise.all(ends);
      const { signingKey, introductionPoints } = expiriesOf(own.opened);
      expect([early?.signingKey, late?.signingKey]).toContain(signingKey);
      const possible = [early, late].flatMap((each) => each?.introductionPoints ?? []);
      for (const expires of introductionPoints) expect(possible).toContain(expires);
    }
  });

  test('are read by stem as by us', async () => {
    for (const { text, decoded } of await ownDescriptors(world.plain, world.client)) {
      const read = await stemDecodes(text, world.plain.identity.address);
      expect(read).toMatchObject(inStemsWords(decoded));
      expect(read.points.length).toBeGreaterThanOrEqual(3);
    }
  });
};

const provesRing = (spread: number): void => {
  test('goes to the HSDirs of our plan, both descriptors, replica by replica', async () => {
    await expectSameRounds(world.plain, spread);
    await expectSameRounds(world.instance, spread);
  });

  test('has the indices that we compute, for every relay', async () => {
    const { tor } = world.client;
    const { relays, hsDirParams } = await networkViewOf(tor);
    const plan = await planOf(tor, world.plain.identity.publicKey);
    const everybody = valueOf(
      responsibleHsDirs({
        ...plan[plan.clientsUse],
        params: { ...hsDirParams, replicas: 1, spreadStore: relays.count },
        relays,
      }),
    );
    const fingerprints = Array.from({ length: relays.count }, (_, row) => fingerprintAt(relays, row));
    const indexes = await hsdirIndexes(world.client, world.plain.identity.address, fingerprints);
    const ours = everybody.store.map(({ fingerprint, index }) => ({ fingerprint, index }));
    expect(new Set(indexes)).toEqual(new Set(ours));
    expect(indexes).toHaveLength(world.network.relays.length + world.network.authorities.length);
  });
};

const provesService = (): void => {
  test('is taken by every responsible HSDir and handed out byte by byte', publishAndReadBack);

  test('leads a stock client through the master address to the instance, again and again', async () => {
    for (let visit = 0; visit < 3; visit++) await expectReachable();
  });

  test('is nowhere but at the HSDirs of our plan', async () => {
    const { store } = published.plan[published.plan.clientsUse];
    const responsible = new Set<string>(store.map(({ fingerprint }) => fingerprint));
    const others = [...world.network.relays, ...world.network.authorities].filter(
      ({ fingerprint }) => !responsible.has(fingerprint),
    );
    for (const { fingerprint } of others.slice(0, 3)) {
      const answer = await fetchFromHsDir(world.client, world.master.address, fingerprint);
      expect(answer).toEqual({ found: false, reason: 'NOT_FOUND' });
    }
  });

  test('with a counter that was used before is refused', async () => {
    for (const { which, text } of published.built) {
      const [hsDir] = published.plan[which].store;
      const again = { address: world.master.address, fingerprint: hsDir?.fingerprint ?? '', text };
      expect(await postDescriptor(world.instance.tor, again)).toEqual({ refused: 'UPLOAD_REJECTED' });
    }
  });

  test('is read by stem as it was meant', async () => {
    for (const { text } of published.built) {
      const { decoded } = await decodeFor({ tor: world.instance.tor, identity: world.master }, text);
      expect(await stemDecodes(text, world.master.address)).toMatchObject(inStemsWords(decoded));
    }
  });
};

/** Waits until services and client are in that phase, and as much of it is left, by the clock, as all of it takes. */
const enterFirstPhase = async (afterTp: boolean): Promise<void> => {
  const { plain, instance, client } = world;
  await Promise.all(
    [plain.tor, instance.tor, client.tor].map((tor) =>
      waitForPhase(
        `${tor.name} is early in the first phase`,
        () => consensusOf(tor),
        (phase) => {
          const ends = Math.min(nextRotation(phase, 'time-period'), nextRotation(phase, 'shared-random'));
          return phase.betweenTpAndSrv === afterTp && ends - Date.now() / 1000 >= FIRST_PHASE_SECS;
        },
        { timeoutMs: PHASE_TIMEOUT_MS },
      ),
    ),
  );
  await enterPhase(world, afterTp);
};

// The order is what the clock gives; waiting for a fixed one would cost up to half a period.
const [firstAfterTp, secondAfterTp] = phasesFrom(begunAt + FIRST_PHASE_SECS - ROOM_SECS);
const nameOf = (afterTp: boolean): string => (afterTp ? AFTER_TP : AFTER_SRV);

describe(nameOf(firstAfterTp), () => {
  beforeAll(() => enterFirstPhase(firstAfterTp), PHASE_HOOK_MS);
  describe('descriptors that Tor makes', provesDescriptors);
  describe('a descriptor with hsdir_spread_store 1', () => provesRing(1));
  describe('a descriptor of ours', provesService);
});

describe('a consensus that raises hsdir_spread_store to 2', () => {
  beforeAll(() => changeSpread(world, 2));
  describe('a descriptor', () => provesRing(2));
  test('moves our ring as it moves Tor’s: the new HSDirs take ours', publishAndReadBack);
});

describe(nameOf(secondAfterTp), () => {
  beforeAll(() => enterPhase(world, secondAfterTp), PHASE_HOOK_MS);
  test('what was published before the rotation still leads clients to the instance', expectReachable);
  describe('descriptors that Tor makes', provesDescriptors);
  describe('a descriptor with hsdir_spread_store 2', () => provesRing(2));
  describe('a descriptor of ours', provesService);
});
