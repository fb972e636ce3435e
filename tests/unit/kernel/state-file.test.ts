import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { openStateFile } from '@rustbalance/actors/kernel/state-file.js';
import type { StateFile } from '@rustbalance/actors/kernel/state-file.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { eventually } from '../../support/eventually.js';
import { measuring } from '../../support/measured.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

const schema = z.strictObject({ counter: z.number().int() });
type Saved = z.infer<typeof schema>;

let folder: string;
let path: string;
let records: LogRecord[];
let clock: SimulatedClock;

const opened = (version = 1): StateFile<Saved> => {
  const log = makeLogger(
    'test',
    () => 0,
    (record) => records.push(record),
  );
  return openStateFile({ path, version, schema, log, clock });
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rb-state-'));
  path = join(folder, 'state.json');
  records = [];
  clock = new SimulatedClock(0);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('what was saved is read again, from a file that only its owner can read', async () => {
  const file = opened();
  file.save({ counter: 7 });
  await file.flush();
  expect(await opened().read()).toEqual({ counter: 7 });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['state.json']);
  expect(records).toEqual([]);
});

test('a file that is not there is no fault: there is no state and no warning', async () => {
  expect(await opened().read()).toBeNull();
  expect(records).toEqual([]);
});

test('of many states that are saved at once the newest is what remains', async () => {
  const file = opened();
  for (let counter = 0; counter < 500; counter++) file.save({ counter });
  await file.flush();
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 1, state: { counter: 499 } });
});

test.each([
  ['truncated', '{"version":1,"state":{"coun', 'not JSON'],
  ['empty', '', 'not JSON'],
  ['of another shape', '[]', 'no version'],
  ['null', 'null', 'no version'],
  ['with a wrong field', '{"version":1,"state":{"counter":"x"}}', 'unexpected contents at counter'],
  ['with an unknown field', '{"version":1,"state":{"counter":1,"b":2}}', 'unexpected contents'],
  ['of a newer program', '{"version":2,"state":{"counter":1}}', 'version 2, this program writes 1'],
  ['far too large', ' '.repeat(1024 * 1024 + 1), 'larger than 1048576 bytes'],
])('a file that is %s is set aside with one warning, and never fatal', async (_name, text, reason) => {
  await writeFile(path, text);
  const aside = measuring('a state file is damaged: set aside, and the start goes on');
  expect(await opened().read()).toBeNull();
  aside();
  expect(records).toMatchObject([{ level: 'warn', error: { code: 'state.damaged', detail: { reason } } }]);
  expect(await readFile(`${path}.unusable`, 'utf8')).toBe(text);
  const file = opened();
  file.save({ counter: 1 });
  await file.flush();
  expect(await opened().read()).toEqual({ counter: 1 });
});

test('a temporary file that a crash left behind is removed, and changes nothing', async () => {
  const file = opened();
  file.save({ counter: 3 });
  await file.flush();
  await writeFile(join(folder, '.state.json.0123456789ab.tmp'), '{"version":1,"sta');
  expect(await opened().read()).toEqual({ counter: 3 });
  expect(await readdir(folder)).toEqual(['state.json']);
});

describe('a state that cannot be written', () => {
  const blocked = (): string => join(folder, 'blocked');
  const block = (): Promise<void> => writeFile(blocked(), 'a file where a directory should be');
  const room = (): Promise<void> => rm(blocked());
  const saved = async (): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));
  const until = (state: Saved): Promise<unknown> =>
    eventually(
      `${JSON.stringify(state)} is written`,
      async () => isDeepStrictEqual(await saved(), { version: 1, state }),
      { timeoutMs: 5_000, everyMs: 5 },
    );
  let file: StateFile<Saved>;

  beforeEach(async () => {
    await block();
    path = join(blocked(), 'state.json');
    file = opened();
    file.save({ counter: 1 });
    await file.flush();
  });

  test('is one warning that says why, however often it is tried', async () => {
    for (let tries = 0; tries < 5; tries++) {
      await clock.advance(15_000);
      await file.flush();
    }
    expect(records).toMatchObject([{ level: 'warn', error: { code: 'state.write-failed' } }]);
    expect(records[0]?.error?.detail['reason']).toMatch(/EEXIST|ENOTDIR/);
  });

  test('is written by itself when there is room again, within 15 s', async () => {
    await room();
    await clock.advance(14_900);
    await expect(saved()).rejects.toThrow('ENOENT');
    await clock.advance(100);
    await until({ counter: 1 });
    expect(records.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  test('is tried once more by a flush, which an actor that ends waits for', async () => {
    await room();
    await file.flush();
    expect(await saved()).toEqual({ version: 1, state: { counter: 1 } });
    expect(clock.timers).toBe(0);
  });

  test('gives way to a newer one, which is written at once and is not overwritten later', async () => {
    await room();
    file.save({ counter: 2 });
    await until({ counter: 2 });
    await clock.advance(60_000);
    await file.flush();
    expect(await saved()).toEqual({ version: 1, state: { counter: 2 } });
  });
});

test('a failed write leaves the old file whole', async () => {
  const file = opened();
  file.save({ counter: 1 });
  await file.flush();
  const before = await readFile(path, 'utf8');
  await chmod(path, 0o400);
  const cyclic: { counter: number; self?: unknown } = { counter: 2 };
  cyclic.self = cyclic;
  file.save(cyclic);
  await file.flush();
  expect(await readFile(path, 'utf8')).toBe(before);
  expect(await readdir(folder)).toEqual(['state.json']);
  expect(records).toMatchObject([{ level: 'warn', error: { code: 'state.write-failed' } }]);
});
