import { randomBytes } from 'node:crypto';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  RelayFingerprint,
  RevisionCounter,
  TimePeriodLength,
  TimePeriodNumber,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type {
  DescriptorPlan,
  NetworkView,
  PublicationPlan,
  RelayTable,
} from '@rustbalance/crypto-worker/task-types.js';
import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { RELAY_FLAGS } from '@rustbalance/crypto-worker/network/relay-table.js';
import type { NodeIntroductionPoints, RoleView } from '@rustbalance/actors/election/messages.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import type { PublisherEffects, Visit } from '@rustbalance/actors/publisher/effects.js';
import { NOTHING_PERSISTED } from '@rustbalance/actors/publisher/persisted.js';
import type { PersistedPublisher } from '@rustbalance/actors/publisher/persisted.js';
import { Publication } from '@rustbalance/actors/publisher/publication.js';
import type { Verdict } from '@rustbalance/actors/publisher/machine.js';
import type { OwnIntroductionPoints, TorStatus } from '@rustbalance/actors/tor/messages.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

/** 2026-01-01 12:00 UTC. */
export const START_MS = Date.UTC(2026, 0, 1, 12);

export const ADDRESS = 'a'.repeat(56);

export const config = (overrides: Record<string, unknown> = {}) =>
  configSchema.parse({
    node: { id: 'alpha' },
    master: { onion_address: `${ADDRESS}.onion` },
    target: { url: 'http://127.0.0.1:9101' },
    ...overrides,
  });

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

/** An introduction point on relay number `relay`; its keys are fresh each time, as Tor's are. */
export const point = (relay: number, expires = START_MS / 1000 + 54 * 3600): IntroductionPoint => ({
  linkSpecifiers: [
    { type: 0, data: bytes(6, relay) },
    { type: 2, data: bytes(20, relay) },
    { type: 3, data: bytes(32, relay) },
  ],
  onionKey: bytes(32, relay) as Curve25519PublicKey,
  authKey: new Uint8Array(randomBytes(32)) as Ed25519PublicKey,
  encKey: new Uint8Array(randomBytes(32)) as Curve25519PublicKey,
  expires: expires as UnixSeconds,
});

export const torUp: TorStatus = {
  state: 'up',
  version: '0.4.9.11',
  bootstrap: 100,
  instanceAddress: null,
  socks: null,
  deaths: 0,
  lastError: null,
  trouble: null,
  redundancy: null,
};

export const publisherRole: RoleView = {
  role: 'publisher',
  publisher: 'alpha' as NodeId,
  sinceMs: START_MS,
  absent: [],
};
export const standbyRole: RoleView = {
  role: 'standby',
  publisher: 'beta' as NodeId,
  sinceMs: START_MS,
  absent: [],
};

export const own = (points: readonly IntroductionPoint[], causedAtMs = START_MS): OwnIntroductionPoints => ({
  points,
  timePeriod: null,
  create2Formats: [2],
  flowControl: '1-2 31',
  causedAtMs,
});

export const peer = (node: string, points: readonly IntroductionPoint[]): NodeIntroductionPoints => ({
  node: node as NodeId,
  points,
  create2Formats: [2],
  flowControl: '1-2 31',
  causedAtMs: START_MS,
});

/** Relays 0–199, whose identities are their number, as in `point`. */
const RELAYS: RelayTable = {
  count: 200,
  fingerprints: Uint8Array.from({ length: 200 * 20 }, (_, at) => Math.floor(at / 20)),
  ed25519Ids: Uint8Array.from({ length: 200 * 32 }, (_, at) => Math.floor(at / 32)),
  flags: new Uint16Array(200).fill(RELAY_FLAGS.running | RELAY_FLAGS.valid),
};

const fingerprint = (n: number): RelayFingerprint =>
  n.toString(16).toUpperCase().padStart(40, '0') as RelayFingerprint;

export const network = (validAfterMs = START_MS): NetworkView => ({
  validAfter: (validAfterMs / 1000) as UnixSeconds,
  freshUntil: (validAfterMs / 1000 + 3600) as UnixSeconds,
  validUntil: (validAfterMs / 1000 + 3 * 3600) as UnixSeconds,
  votingIntervalSeconds: 3600,
  sharedRandomCurrent: null,
  sharedRandomPrevious: null,
  hsDirParams: {
    periodLength: 1440 as TimePeriodLength,
    replicas: 2,
    spreadStore: 4,
    spreadFetch: 3,
    maxDescriptorSize: 50_000,
  },
  params: {},
  relays: RELAYS,
  completeness: { relays: 0, microdescriptors: 0, hsDirs: 0, hsDirsWithoutMicrodescriptor: 0 },
});

const descriptorPlan = (
  which: 'first' | 'second',
  timePeriod: number,
  hsdirs: readonly number[],
): DescriptorPlan => {
  const store = hsdirs.map((n, i) => ({ fingerprint: fingerprint(n), replica: 1 + (i % 2), index: '' }));
  return {
    which,
    timePeriod: timePeriod as TimePeriodNumber,
    blindedKey: bytes(32, timePeriod % 251) as DescriptorPlan['blindedKey'],
    subcredential: bytes(32, 1) as DescriptorPlan['subcredential'],
    sharedRandom: null,
    srvRunStart: (START_MS / 1000 - 1000) as UnixSeconds,
    store,
    fetch: store,
  };
};

export const plan = (
  firstPeriod: number,
  first: readonly number[],
  second: readonly number[],
): PublicationPlan => ({
  betweenTimePeriodAndSrv: false,
  clientsUse: 'first',
  first: descriptorPlan('first', firstPeriod, first),
  second: descriptorPlan('second', firstPeriod + 1, second),
});

/** How one HSDir behaves: it keeps the highest counter, unless told otherwise. */
export interface HsDirBehaviour {
  answer: 'accept' | 'silent' | { readonly reject: string };
  held: { readonly timePeriod: number; readonly n: number; readonly text: string } | null;
}

export interface Upload {
  readonly atMs: number;
  readonly timePeriod: number;
  readonly hsdir: RelayFingerprint;
  readonly n: number;
  readonly text: string;
}

/** What takes the place of a descriptor here. */
export const descriptorText = (n: number, keys: readonly string[]): string =>
  `revision-counter ${String(n)}\npoints ${String(keys.length)}\nkeys ${keys.join()}\n`;

/** A publication among simulated HSDirs that answer 300 ms after an upload. */
export const world = (
  options: { hasMasterKey?: boolean; persisted?: PersistedPublisher; config?: Record<string, unknown> } = {},
) => {
  const clock = new SimulatedClock(START_MS);
  const uploads: Upload[] = [];
  const hsdirs = new Map<RelayFingerprint, HsDirBehaviour>();
  const saved: PersistedPublisher[] = [];
  const verdicts: Verdict[] = [];
  const logged: string[] = [];
  let currentPlan = plan(100, [1, 2, 3, 4], [5, 6, 7, 8]);
  let failBuilds = 0;
  let failPlans = 0;
  let fetchTakesMs = 0;
  let refuse: (timePeriod: number) => Error | null = () => null;
  const refusedOrders: number[] = [];
  const visits: number[] = [];
  let visit: { readonly comes: Visit; readonly takesMs: number } = { comes: 'unknown', takesMs: 0 };
  const askedOf = new Map<RelayFingerprint, number>();
  const hsdir = (n: number): HsDirBehaviour => {
    const key = fingerprint(n);
    const known = hsdirs.get(key) ?? { answer: 'accept', held: null };
    hsdirs.set(key, known);
    return known;
  };
  const effects: PublisherEffects = {
    clock,
    random: { bytes: (length) => bytes(length, 0), uniform: () => 0.5 },
    log: {
      error: (message) => void logged.push(`error ${message}`),
      warn: (message) => void logged.push(`warn ${message}`),
      info: (message) => void logged.push(`info ${message}`),
      debug: () => undefined,
    },
    plan: () =>
      failPlans-- > 0 ? Promise.reject(new Error('the pool is gone')) : Promise.resolve(currentPlan),
    merge: (contributions, timePeriods) =>
      Promise.resolve(
        timePeriods.map((timePeriod) => ({
          timePeriod,
          merged: contributions.flatMap(({ nodeId, introductionPoints }) =>
            introductionPoints.map((introductionPoint) => ({ nodeId, introductionPoint })),
          ),
        })),
      ),
    build: (input) => {
      if (failBuilds-- > 0) return Promise.reject(new Error('the pool is gone'));
      return Promise.resolve(
        input.requests.map((request) => ({
          which: request.which,
          timePeriod: request.timePeriod,
          blindedKey: bytes(32, 0) as never,
          n: request.n,
          revisionCounter: BigInt(request.n) as RevisionCounter,
          text: descriptorText(
            request.n,
            request.introductionPoints.map(({ authKey }) => bytesKey(authKey)),
          ),
          size: 100,
        })),
      );
    },
    upload: ({ slot, version, hsdirs: to }) => {
      const refusal = refuse(slot.timePeriod);
      if (refusal !== null) {
        refusedOrders.push(clock.monotonicMs());
        return Promise.reject(refusal);
      }
      for (const target of to) {
        uploads.push({
          atMs: clock.monotonicMs(),
          timePeriod: slot.timePeriod,
          hsdir: target,
          n: version.n,
          text: version.text,
        });
        clock.after(300, () => {
          const directory = hsdirs.get(target) ?? hsdir(Number.parseInt(target, 16));
          if (directory.answer === 'silent') return;
          const lower = directory.held?.timePeriod === slot.timePeriod && directory.held.n >= version.n;
          const reason =
            directory.answer === 'accept' ? (lower ? 'UPLOAD_REJECTED' : null) : directory.answer.reject;
          if (reason === null)
            directory.held = { timePeriod: slot.timePeriod, n: version.n, text: version.text };
          publication.answered({
            address: ADDRESS as never,
            hsdir: target,
            accepted: reason === null,
            reason,
            atMs: clock.wallMs(),
          });
        });
      }
      return Promise.resolve();
    },
    fetch: async (_slot, target) => {
      const asked = hsdirs.get(target);
      askedOf.set(target, (askedOf.get(target) ?? 0) + 1);
      if (fetchTakesMs > 0) await new Promise<void>((resolve) => clock.after(fetchTakesMs, resolve));
      if (asked?.answer === 'silent') return { descriptor: null, reason: 'NO_ANSWER' };
      const descriptor = asked?.held?.text ?? null;
      return { descriptor, reason: descriptor === null ? 'NOT_FOUND' : null };
    },
    open: (_slot, text) =>
      Promise.resolve(
        /^keys (.*)$/m
          .exec(text)?.[1]
          ?.split(',')
          .filter((key) => key !== '') ?? null,
      ),
    visit: async (_socks, signal) => {
      visits.push(clock.monotonicMs());
      const { comes, takesMs } = visit;
      if (takesMs > 0) await new Promise<void>((resolve) => clock.after(takesMs, resolve));
      return signal.aborted ? 'unknown' : comes;
    },
    counterInput: (_slot, counter) => Promise.resolve(Number(counter)),
    save: (state) => void saved.push(state),
  };
  const publication: Publication = new Publication(
    {
      config: config(options.config),
      hasMasterKey: options.hasMasterKey ?? true,
      persisted: options.persisted ?? NOTHING_PERSISTED,
      poke: () => {
        trigger.poke();
      },
    },
    effects,
  );
  const trigger = startLevelTrigger(clock, (nowMs) => {
    const { verdict, wakeAtMs } = publication.step(nowMs);
    if (verdict !== null) verdicts.push(verdict);
    return wakeAtMs;
  });
  trigger.poke();
  return {
    clock,
    publication,
    uploads,
    /** When Tor refused an order to upload. */
    refusedOrders,
    refuseOrders: (how: typeof refuse) => {
      refuse = how;
    },
    saved,
    logged,
    hsdir,
    /** When the master address was visited (monotonic ms). */
    visits,
    /** What comes of visits from now on; silence takes as long as Tor tries. */
    answer: (comes: Visit, takesMs = comes === 'silent' ? 25_000 : 300) => {
      visit = { comes, takesMs };
    },
    /** Another publisher's upload to HSDirs of the clients' descriptor. */
    theirUpload: (n: number, keys: readonly string[], hsdirs = [1, 2, 3, 4], timePeriod = 100) => {
      for (const one of hsdirs) hsdir(one).held = { timePeriod, n, text: descriptorText(n, keys) };
    },
    /** How often an HSDir was asked what it holds. */
    asked: (n: number) => askedOf.get(fingerprint(n)) ?? 0,
    lastVerdict: () => verdicts.at(-1),
    setPlan: (next: PublicationPlan) => {
      currentPlan = next;
    },
    setFetchTime: (ms: number) => {
      fetchTakesMs = ms;
    },
    failNextPlans: (count: number) => {
      failPlans = count;
    },
    failNextBuilds: (count: number) => {
      failBuilds = count;
    },
    /** Everything a lone publisher needs. */
    ready: (points: readonly IntroductionPoint[] = [point(10), point(11), point(12)]) => {
      publication.learn({ role: publisherRole, tor: torUp, network: network(), own: own(points) });
    },
  };
};
