import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  BlindedPublicKey,
  RelayEd25519Id,
  SharedRandomValue,
  TimePeriodLength,
  TimePeriodNumber,
} from '@rustbalance/crypto-worker/brands.js';
import { RELAY_FLAGS } from '@rustbalance/crypto-worker/network/relay-table.js';
import { disasterSrv } from '@rustbalance/crypto-worker/periods/disaster-srv.js';
import { relayIndexer, serviceIndex } from '@rustbalance/crypto-worker/ring/ring-index.js';
import { responsibleHsDirs } from '@rustbalance/crypto-worker/ring/responsible-hsdirs.js';
import type { HsDirParams, RelayTable, ResponsibleHsDir } from '@rustbalance/crypto-worker/task-types.js';
import { C_TOR_INDICES } from '@rustbalance/tests/vectors/c-tor-onion-service.js';
import { PERIOD, PERIOD_LENGTH, bytesOf, codeOf, toHex, valueOf } from './given.js';

const params = (over: Partial<HsDirParams> = {}): HsDirParams => ({
  periodLength: PERIOD_LENGTH,
  replicas: 2,
  spreadStore: 4,
  spreadFetch: 3,
  maxDescriptorSize: 50_000,
  ...over,
});

/** A table of made-up relays; `flagsOf` says what each is. */
const relayTable = (
  count: number,
  flagsOf: (row: number) => number = () => RELAY_FLAGS.hsDir,
): RelayTable => ({
  count,
  fingerprints: Uint8Array.from({ length: 20 * count }, (_, at) =>
    at % 20 < 18 ? 0 : (at % 20 === 18 ? (at / 20) >> 8 : Math.floor(at / 20)) & 255,
  ),
  ed25519Ids: new Uint8Array(Buffer.concat(Array.from({ length: count }, (_, row) => bytesOf(`id ${row}`)))),
  flags: Uint16Array.from({ length: count }, (_, row) => flagsOf(row)),
});

const blindedKey = bytesOf('blinded') as BlindedPublicKey;
const sharedRandom = bytesOf('srv') as SharedRandomValue;
const ask = (relays: RelayTable, over: Partial<HsDirParams> = {}, key = blindedKey) =>
  responsibleHsDirs({ blindedKey: key, timePeriod: PERIOD, sharedRandom, params: params(over), relays });

/** The specification's sentences, done slowly: indices as hex text, replica by replica, walking round. */
const slowly = (relays: RelayTable, key: Uint8Array, replicas: number, spread: number): string[] => {
  const int8 = (n: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(n));
    return bytes;
  };
  const h = (...parts: (string | Uint8Array)[]): string => {
    const hash = createHash('sha3-256');
    for (const part of parts) hash.update(part);
    return hash.digest('hex');
  };
  const ring = Array.from({ length: relays.count }, (_, row) => ({
    fingerprint: toHex(relays.fingerprints.slice(20 * row, 20 * row + 20)).toUpperCase(),
    index: h(
      'node-idx',
      relays.ed25519Ids.slice(32 * row, 32 * row + 32),
      sharedRandom,
      int8(PERIOD),
      int8(1440),
    ),
  })).sort((a, b) => (a.index < b.index ? -1 : 1));
  const chosen: string[] = [];
  for (let replica = 1; replica <= replicas; replica++) {
    const from = h('store-at-idx', key, int8(replica), int8(1440), int8(PERIOD));
    const walk = [...ring.filter((m) => m.index >= from), ...ring.filter((m) => m.index < from)];
    chosen.push(
      ...walk
        .map((m) => m.fingerprint)
        .filter((f) => !chosen.includes(f))
        .slice(0, spread),
    );
  }
  return chosen;
};

const fingerprints = (hsDirs: readonly ResponsibleHsDir[]): string[] =>
  hsDirs.map((each) => each.fingerprint);

describe('indices on the ring', () => {
  it('are those of C Tor', () => {
    const vector = C_TOR_INDICES;
    const period = {
      timePeriod: vector.timePeriod as TimePeriodNumber,
      periodLength: vector.periodLength as TimePeriodLength,
    };
    const key = new Uint8Array(32).fill(vector.keyByte);
    const srv = new Uint8Array(32).fill(vector.srvByte) as SharedRandomValue;
    expect(toHex(serviceIndex(key as BlindedPublicKey, vector.replica, period))).toBe(vector.serviceIndex);
    expect(toHex(relayIndexer(srv, period)(key as RelayEd25519Id))).toBe(vector.relayIndex);
  });
});

describe('the responsible HSDirs', () => {
  it('are those that the specification names, for stores and for fetches, on rings of any size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 8 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (count, replicas, spread, key) => {
          const relays = relayTable(count);
          const over = { replicas, spreadStore: spread, spreadFetch: Math.max(1, spread - 1) };
          const { store, fetch } = valueOf(ask(relays, over, key as BlindedPublicKey));
          expect(fingerprints(store)).toEqual(slowly(relays, key, replicas, spread));
          expect(fingerprints(fetch)).toEqual(slowly(relays, key, replicas, over.spreadFetch));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are told with replica and index, no relay twice', () => {
    const { store } = valueOf(ask(relayTable(30)));
    expect(store.map((each) => each.replica)).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    expect(new Set(fingerprints(store)).size).toBe(8);
    for (const { index } of store) expect(index).toMatch(/^[0-9A-F]{64}$/);
  });

  it('on a ring smaller than the spread are all its relays, each once', () => {
    expect(fingerprints(valueOf(ask(relayTable(3))).store).sort()).toHaveLength(3);
  });

  it('leave out relays that are no HSDirs and relays without a known Ed25519 identity', () => {
    const relays = relayTable(20, (row) => (row < 10 ? RELAY_FLAGS.running : RELAY_FLAGS.hsDir));
    relays.ed25519Ids.fill(0, 32 * 15);
    const usable = Array.from({ length: 5 }, (_, at) =>
      (10 + at).toString(16).toUpperCase().padStart(40, '0'),
    );
    expect(fingerprints(valueOf(ask(relays)).store).sort()).toEqual(usable);
  });

  it('without a shared random value use the disaster value of their period', () => {
    const relays = relayTable(40);
    const input = { blindedKey, timePeriod: PERIOD, params: params(), relays };
    const disaster = disasterSrv(PERIOD, PERIOD_LENGTH);
    expect(responsibleHsDirs({ ...input, sharedRandom: null })).toEqual(
      responsibleHsDirs({ ...input, sharedRandom: disaster }),
    );
  });

  it('of a network without HSDirs are refused with a code', () => {
    expect(codeOf(ask(relayTable(5, () => RELAY_FLAGS.running)))).toBe('network.no-hsdirs');
    expect(codeOf(ask(relayTable(0)))).toBe('network.no-hsdirs');
  });
});
