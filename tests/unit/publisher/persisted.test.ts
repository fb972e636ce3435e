import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { openStateFile } from '@rustbalance/actors/kernel/state-file.js';
import type { StateFile } from '@rustbalance/actors/kernel/state-file.js';
import {
  NOTHING_PERSISTED,
  PERSISTED_VERSION,
  persistedPublisher,
  restoredCounters,
} from '@rustbalance/actors/publisher/persisted.js';
import type { PersistedPublisher } from '@rustbalance/actors/publisher/persisted.js';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DOCUMENT_MARKS, mutated } from '../../support/mutations.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

let folder: string;
let path: string;
let records: LogRecord[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-persisted-'));
  path = join(folder, 'state.json');
  records = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const opened = (): StateFile<PersistedPublisher> =>
  openStateFile({
    path,
    version: PERSISTED_VERSION,
    schema: persistedPublisher,
    log: makeLogger(
      'publisher',
      () => 0,
      (record) => records.push(record),
    ),
    clock: new SimulatedClock(0),
  });

const STATES: readonly PersistedPublisher[] = [
  NOTHING_PERSISTED,
  {
    lastPublishMs: 1_763_690_123_456,
    counters: [{ timePeriod: 20_413, n: 100_000 }],
    ownPoints: ['ab'.repeat(32)],
  },
  {
    lastPublishMs: null,
    counters: Array.from({ length: 16 }, (_, at) => ({ timePeriod: at, n: 2 ** 32 - at })),
    ownPoints: Array.from({ length: 32 }, (_, at) => at.toString(16).padStart(64, '0')),
  },
];
const fileOf = (state: unknown): string => JSON.stringify({ version: PERSISTED_VERSION, state });

const isWhole = (value: number, from: number, to: number): boolean =>
  Number.isInteger(value) && value >= from && value <= to;

/** What publishing relies on, apart from the schema. */
const isUsable = ({ lastPublishMs, counters, ownPoints }: PersistedPublisher): boolean =>
  ownPoints.length <= 64 &&
  ownPoints.every((key) => /^[0-9a-f]{64}$/.test(key)) &&
  (lastPublishMs === null || isWhole(lastPublishMs, 0, Number.MAX_SAFE_INTEGER)) &&
  counters.length <= 16 &&
  counters.every(
    ({ timePeriod, n }) => isWhole(timePeriod, 0, Number.MAX_SAFE_INTEGER) && isWhole(n, 1, 2 ** 32),
  );

const counterArb = fc.record({ timePeriod: fc.maxSafeNat(), n: fc.integer({ min: 1, max: 2 ** 32 }) });
const keyArb = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((key) => Buffer.from(key).toString('hex'));
const goodArb = fc.record({
  lastPublishMs: fc.option(fc.maxSafeNat()),
  counters: fc.array(counterArb, { maxLength: 16 }),
  ownPoints: fc.array(keyArb, { maxLength: 64 }),
});
const oddArb = fc.constantFrom(-1, 0, 0.5, 1e300, 2 ** 32 + 1, 2 ** 53, 'x', true, [], {}, null);
/** One field that is out of its bounds or of another type, or too many of them. */
const faultArb = fc.oneof(
  fc.record({ lastPublishMs: oddArb }),
  fc.record({ counters: fc.array(counterArb, { minLength: 17, maxLength: 20 }) }),
  fc.record({ counters: fc.tuple(fc.record({ timePeriod: oddArb, n: fc.constant(1) })) }),
  fc.record({ counters: fc.tuple(fc.record({ timePeriod: fc.constant(1), n: oddArb })) }),
  fc.record({ counters: oddArb }),
  fc.record({ ownPoints: fc.array(keyArb, { minLength: 65, maxLength: 66 }) }),
  fc.record({ ownPoints: fc.tuple(oddArb) }),
  fc.record({ more: fc.jsonValue() }),
);
const bytesArb = fc.oneof(
  { weight: 1, arbitrary: goodArb.map((state) => Buffer.from(fileOf(state))) },
  { weight: 3, arbitrary: mutated(STATES.map(fileOf), DOCUMENT_MARKS) },
  {
    weight: 2,
    arbitrary: fc.tuple(goodArb, faultArb).map(([good, fault]) => Buffer.from(fileOf({ ...good, ...fault }))),
  },
  { weight: 1, arbitrary: fc.jsonValue().map((state) => Buffer.from(fileOf(state))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)) },
);

describe("the publisher's saved state", () => {
  it.each(STATES)('is read again as it was saved: %j', async (state) => {
    const file = opened();
    file.save(state);
    await file.flush();
    expect(await opened().read()).toEqual(state);
    expect(restoredCounters(state)).toEqual(state.counters);
  });

  it('from any bytes is a usable one or none, and what cannot be used is set aside with one warning', async () => {
    let [read, refused] = [0, 0];
    await fc.assert(
      fc.asyncProperty(bytesArb, async (bytes) => {
        records.splice(0);
        await writeFile(path, bytes);
        const state = await opened().read();
        if (state === null) {
          refused++;
          expect(records).toMatchObject([{ level: 'warn', error: { code: 'state.damaged' } }]);
          expect(await readFile(`${path}.unusable`)).toEqual(bytes);
          expect(await readdir(folder)).toEqual(['state.json.unusable']);
        } else {
          read++;
          expect(isUsable(state)).toBe(true);
          // A file from before introduction points were kept has none.
          const written = JSON.parse(bytes.toString('utf8')) as { state: object };
          expect({ ownPoints: [], ...written.state }).toEqual(state);
          expect(records).toEqual([]);
          await rm(`${path}.unusable`, { force: true });
        }
      }),
      { numRuns: 300 },
    );
    expect(read).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(50);
  });
});
