import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { admission } from '@rustbalance/actors/election/records/issuing.js';
import { encodeRecordFile } from '@rustbalance/actors/election/records/record-file.js';
import { EMPTY_SET, withRecords } from '@rustbalance/actors/election/records/record-set.js';
import { fileRecordStore } from '@rustbalance/actors/election/records/store.js';
import type { RecordStore } from '@rustbalance/actors/election/records/store.js';
import { CLUSTER, OTHER_CLUSTER, keyOf, signerOf } from './example-records.js';

let dir = '';
let logs: LogRecord[] = [];

const open = (cluster = CLUSTER): RecordStore =>
  fileRecordStore({
    folder: join(dir, 'peers'),
    path: join(dir, 'members.json'),
    cluster,
    log: makeLogger(
      'election',
      () => 0,
      (record) => {
        logs.push(record);
      },
    ),
  });

const member = (index: number) =>
  admission(signerOf(1), EMPTY_SET, {
    publicKey: keyOf(index),
    id: `node-${index}` as NodeId,
    priority: index,
    hasMasterKey: false,
    coordination: null,
    wireguard: null,
    direct: null,
  })!;
const codes = (): readonly (string | undefined)[] => logs.map(({ error }) => error?.code);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rb-records-'));
  logs = [];
  await mkdir(join(dir, 'peers'));
  await writeFile(join(dir, 'peers', 'node-1.pub'), encodeRecordFile(member(1)));
});

afterEach(async () => {
  await rm(dir, { recursive: true });
});

describe('the records on disk', () => {
  test('are the anchors and what was saved last', async () => {
    const store = open();
    store.save(withRecords(EMPTY_SET, [member(2), member(3)]));
    await store.flush();
    const loaded = withRecords(EMPTY_SET, await open().load());
    expect(loaded).toEqual(withRecords(EMPTY_SET, [member(1), member(2), member(3)]));
    expect(logs).toEqual([]);
  });

  test.each(['', 'not JSON', '{"version":1,"state":{"records":[7]}}', '{"version":9,"state":{}}'])(
    'are the anchors alone, with a warning, when the state file holds %j',
    async (content) => {
      await writeFile(join(dir, 'members.json'), content);
      expect(await open().load()).toEqual([member(1)]);
      expect(codes()).toEqual(['state.damaged']);
    },
  );

  test('that are damaged one by one cost a warning and no others', async () => {
    const store = open();
    store.save(withRecords(EMPTY_SET, [member(2), member(3)]));
    await store.flush();
    const text = await readFile(join(dir, 'members.json'), 'utf8');
    await writeFile(join(dir, 'members.json'), text.replace(/(rbm1:.{50})./, '$1!'));
    await writeFile(join(dir, 'peers', 'node-9.pub'), 'nothing');
    expect(await open().load()).toHaveLength(2);
    expect(codes()).toEqual(['cluster.anchor-unusable', 'cluster.anchor-unusable']);
  });

  test('of another cluster are used by nobody', async () => {
    expect(await open(OTHER_CLUSTER).load()).toEqual([]);
    expect(codes()).toEqual(['cluster.anchor-unusable']);
  });

  test('are none, with a warning, where the folder is missing', async () => {
    await rm(join(dir, 'peers'), { recursive: true });
    expect(await open().load()).toEqual([]);
    expect(codes()).toEqual(['cluster.anchor-unusable']);
  });
});
