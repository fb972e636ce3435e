import type {
  BlindedPublicKey,
  Curve25519PublicKey,
  Ed25519PublicKey,
  RelayFingerprint,
  RevisionCounter,
  Subcredential,
  TimePeriodNumber,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type {
  DecodedDescriptor,
  DescriptorPlan,
  PublicationPlan,
} from '@rustbalance/crypto-worker/task-types.js';

const bytes = (value: number, length: number): Uint8Array => new Uint8Array(length).fill(value);

/** A relay by a small number. */
export const relayNumber = (relay: number): RelayFingerprint =>
  Buffer.from(bytes(relay, 20)).toString('hex').toUpperCase() as RelayFingerprint;

/** An introduction point named by `key`, on a relay. */
export const point = (key: number, relay: number, expires = 1_800_000_000): IntroductionPoint => ({
  linkSpecifiers: [
    { type: 0, data: Uint8Array.of(127, 0, 0, 1, 0x23, 0x28) },
    { type: 2, data: bytes(relay, 20) },
    { type: 3, data: bytes(relay, 32) },
  ],
  onionKey: bytes(relay, 32) as Curve25519PublicKey,
  authKey: bytes(key, 32) as Ed25519PublicKey,
  encKey: bytes(key, 32) as Curve25519PublicKey,
  expires: expires as UnixSeconds,
});

export const period = (number: number): TimePeriodNumber => number as TimePeriodNumber;

export const decoded = (
  timePeriod: number,
  points: readonly IntroductionPoint[],
  revisionCounter = 1n,
): DecodedDescriptor => ({
  timePeriod: period(timePeriod),
  blindedKey: bytes(timePeriod % 256, 32) as BlindedPublicKey,
  subcredential: bytes(timePeriod % 256, 32) as Subcredential,
  revisionCounter: revisionCounter as RevisionCounter,
  lifetimeMinutes: 180,
  signingKey: bytes(9, 32) as Ed25519PublicKey,
  signingKeyExpires: 1_800_000_000 as UnixSeconds,
  create2Formats: [2],
  flowControl: '1-2 31',
  powParams: null,
  singleOnionService: false,
  authClients: 16,
  introductionPoints: points,
  skipped: [],
  size: 14_000,
});

const descriptorPlan = (
  which: 'first' | 'second',
  timePeriod: number,
  hsdirs: readonly number[],
  srvRunStart: number,
): DescriptorPlan => {
  const dirs = hsdirs.map((number, i) => ({
    fingerprint: relayNumber(number),
    replica: 1 + (i % 2),
    index: 'AA',
  }));
  return {
    which,
    timePeriod: period(timePeriod),
    blindedKey: bytes(timePeriod % 256, 32) as BlindedPublicKey,
    subcredential: bytes(timePeriod % 256, 32) as Subcredential,
    sharedRandom: null,
    srvRunStart: srvRunStart as UnixSeconds,
    store: dirs,
    fetch: dirs,
  };
};

/** A plan in one of the two halves of a day. `period`: the one that clients use. */
export const plan = (
  clientsPeriod: number,
  betweenTimePeriodAndSrv: boolean,
  hsdirs: readonly number[] = [101, 102, 103, 104],
  srvRunStart = 0,
): PublicationPlan => {
  const first = clientsPeriod - (betweenTimePeriodAndSrv ? 1 : 0);
  return {
    betweenTimePeriodAndSrv,
    clientsUse: betweenTimePeriodAndSrv ? 'second' : 'first',
    first: descriptorPlan('first', first, hsdirs, srvRunStart),
    second: descriptorPlan('second', first + 1, hsdirs, srvRunStart),
  };
};
