import fc from 'fast-check';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  TimePeriodNumber,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { JOIN_REFUSALS } from '@rustbalance/actors/election/join/answer-codec.js';
import type { AskId } from '@rustbalance/actors/election/join/token-use.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { Fingerprint, SubjectKey } from '@rustbalance/actors/election/records/record.js';
import type { NodeTag } from '@rustbalance/actors/election/wire/header.js';
import type {
  Heartbeat,
  IntroductionPointsPart,
  Message,
  ProbeId,
  SetDigest,
} from '@rustbalance/actors/election/wire/message-types.js';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const tag = bytes(8) as fc.Arbitrary<NodeTag>;
const digest = bytes(8).filter((value) => value.some((byte) => byte !== 0)) as fc.Arbitrary<SetDigest>;

const ask = bytes(8) as fc.Arbitrary<AskId>;
const nodeId = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/).map((id) => id as NodeId);
const priority = fc.integer({ min: 1, max: 1_000_000 });

const hexTag = bytes(8).map((value) => Buffer.from(value).toString('hex'));

const point: fc.Arbitrary<IntroductionPoint> = fc.record({
  linkSpecifiers: fc.array(
    fc.record({ type: fc.integer({ min: 0, max: 255 }), data: fc.uint8Array({ maxLength: 40 }) }),
    { minLength: 1, maxLength: 8 },
  ),
  onionKey: bytes(32).map((key) => key as Curve25519PublicKey),
  authKey: bytes(32).map((key) => key as Ed25519PublicKey),
  encKey: bytes(32).map((key) => key as Curve25519PublicKey),
  expires: u48.map((seconds) => seconds as UnixSeconds),
});

const heartbeat: fc.Arbitrary<Heartbeat> = fc.record({
  kind: fc.constant('heartbeat' as const),
  revision: u32,
  flags: fc.record({
    publisher: fc.boolean(),
    hasKey: fc.boolean(),
    able: fc.boolean(),
    listening: fc.boolean(),
    strained: fc.boolean(),
    withholds: fc.boolean(),
    unfit: fc.boolean(),
  }),
  priority: fc.integer({ min: 1, max: 1_000_000 }),
  leaseRemainingMs: fc.integer({ min: 0, max: 604_800_000 }),
  holder: tag,
  points: fc.record({ digest: fc.option(digest), count: fc.integer({ min: 0, max: 20 }) }),
  visiblePoints: fc.integer({ min: 0, max: 20_480 }),
  members: fc.record({ digest, count: fc.integer({ min: 0, max: 65_535 }) }),
  counters: fc.array(
    fc.record({
      timePeriod: u32.map((period) => period as TimePeriodNumber),
      n: fc.integer({ min: 1, max: 2 ** 20 }),
    }),
    { maxLength: 4 },
  ),
});

const part: fc.Arbitrary<IntroductionPointsPart> = fc
  .record({
    kind: fc.constant('introduction-points' as const),
    version: u32,
    digest,
    ageMs: u32,
    part: fc.integer({ min: 0, max: 19 }),
    parts: fc.integer({ min: 1, max: 20 }),
    create2Formats: fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 8 }),
    flowControl: fc.option(fc.stringMatching(/^[\x20-\x7e]{1,64}$/)),
    points: fc.array(point, { maxLength: 2 }),
  })
  .filter((value) => value.part < value.parts);

/** Any message that may be sent. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  heartbeat,
  part,
  fc.record({
    kind: fc.constant('probe' as const),
    id: bytes(8) as fc.Arbitrary<ProbeId>,
    seenRevision: u32,
  }),
  fc.record({
    kind: fc.constant('probe-ack' as const),
    id: bytes(8) as fc.Arbitrary<ProbeId>,
    probeReceivedAtMs: u48,
    seenRevision: u32,
  }),
  fc.record({ kind: fc.constant('probe-request' as const), target: tag }),
  fc.record({
    kind: fc.constant('probe-report' as const),
    target: tag,
    heardMsAgo: fc.option(fc.integer({ min: 0, max: 2 ** 31 })),
  }),
  fc.record({ kind: fc.constant('introduction-points-ack' as const), digest }),
  fc.record({ kind: fc.constant('introduction-points-request' as const) }),
  fc.record({
    kind: fc.constant('lease-claim' as const),
    leaseRemainingMs: fc.integer({ min: 1, max: 604_800_000 }),
    priority: fc.integer({ min: 1, max: 1_000_000 }),
    visiblePoints: fc.integer({ min: 0, max: 20_480 }),
  }),
  fc.record({ kind: fc.constant('lease-release' as const) }),
  fc.record({ kind: fc.constant('goodbye' as const) }),
  fc.record({
    kind: fc.constant('records-summary' as const),
    isAnswer: fc.boolean(),
    after: hexTag as fc.Arbitrary<SubjectKey>,
    upTo: hexTag as fc.Arbitrary<SubjectKey>,
    entries: fc.array(
      fc.record({
        subject: hexTag as fc.Arbitrary<SubjectKey>,
        fingerprint: hexTag as fc.Arbitrary<Fingerprint>,
      }),
      { maxLength: 64 },
    ),
  }),
  fc.record({
    kind: fc.constant('record' as const),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 1000 }),
  }),
  fc.record({
    kind: fc.constant('token-use-request' as const),
    ask,
    token: bytes(8) as fc.Arbitrary<JoinTokenId>,
    joiner: bytes(32) as fc.Arbitrary<Ed25519PublicKey>,
    nodeId,
    priority: fc.option(priority),
  }),
  fc.record({
    kind: fc.constant('token-use-answer' as const),
    ask,
    verdict: fc.oneof(
      fc.record({ outcome: fc.constant('granted' as const), nodeId, priority }),
      fc.record({ outcome: fc.constantFrom(...JOIN_REFUSALS) }),
    ),
  }),
  fc.record({
    kind: fc.constant('draining' as const),
    version: u32,
    word: fc.constantFrom('no' as const, 'draining' as const, 'drained' as const),
  }),
  fc.record({ kind: fc.constant('left-out' as const), version: u32 }),
  fc.record({
    kind: fc.constant('epoch-notice' as const),
    refused: fc.maxSafeNat(),
    known: fc.maxSafeNat(),
  }),
);

export const anySentAt = u48;
