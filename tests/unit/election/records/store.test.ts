import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import {
  admission,
  newJoinToken,
  removal,
  revocation,
} from '@rustbalance/actors/election/records/issuing.js';
import {
  encodeRecordFile,
  encodeRecordText,
  recordFileName,
} from '@rustbalance/actors/election/records/record-file.js';
import { EMPTY_SET, MAX_RECORDS, withRecords } from '@rustbalance/actors/election/records/record-set.js';
import type { SignedRecord } from '@rustbalance/actors/election/records/record.js';
import { memberOf } from '@rustbalance/actors/election/records/views.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { fileRecordStore } from '@rustbalance/actors/election/records/store.js';
import type { RecordStore } from '@rustbalance/actors/election/records/store.js';
import { SimulatedClock } from '../../../support/simulated-clock.js';
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
    clock: new SimulatedClock(0),
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

  test('that are more than a set may hold are used as far as they may, those of removed members first', async () => {
    const removed = removal(signerOf(1), withRecords(EMPTY_SET, [member(2)]), keyOf(2))!;
    const token = newJoinToken(signerOf(1), {
      tokenId: new Uint8Array(8) as JoinTokenId,
      issuer: keyOf(1),
      notAfter: 2_000_000_000,
      uses: 1,
    });
    const records = [...Array<SignedRecord>(MAX_RECORDS).fill(token), removed].map(encodeRecordText);
    await writeFile(join(dir, 'members.json'), JSON.stringify({ version: 1, state: { records } }));
    const loaded = await open().load();
    expect(loaded).toHaveLength(1 + MAX_RECORDS);
    expect(loaded.slice(0, 3)).toEqual([member(1), removed, token]);
    expect(codes()).toEqual([]);
  });

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

describe('a removal', () => {
  const joined = withRecords(EMPTY_SET, [member(1), member(2)]);
  const end = removal(signerOf(2), joined, keyOf(1))!;
  const removed = withRecords(joined, [end]);
  const anchorPath = (): string => join(dir, 'peers', 'node-1.pub');
  const stateOfNode1 = async (): Promise<string | undefined> =>
    memberOf(withRecords(EMPTY_SET, await open().load()), keyOf(1))?.state;

  const learn = async (): Promise<void> => {
    const store = open();
    await store.load();
    store.save(removed);
    await store.flush();
  };

  test('outlives the loss of the state file: it takes the place of the member file', async () => {
    await learn();
    await rm(join(dir, 'members.json'));
    expect(await stateOfNode1()).toBe('removed');
    expect(await readFile(anchorPath(), 'utf8')).toContain('node-1 was removed');
    expect(await readdir(join(dir, 'peers'))).toEqual(['node-1.pub']);
    expect(logs).toEqual([]);
  });

  test('that a crash kept from the member file is written there at the next start', async () => {
    await learn();
    await writeFile(anchorPath(), encodeRecordFile(member(1)));
    expect(await stateOfNode1()).toBe('removed');
    await rm(join(dir, 'members.json'));
    expect(await stateOfNode1()).toBe('removed');
    expect(logs).toEqual([]);
  });

  test('is kept by the member file alone, where the state file cannot be written', async () => {
    await mkdir(join(dir, 'members.json'));
    const store = open();
    await store.load();
    await mkdir(join(dir, 'members.json'));
    store.save(removed);
    await store.flush();
    expect(codes()).toEqual(['state.damaged', 'state.write-failed']);
    expect(await readFile(anchorPath(), 'utf8')).toBe(encodeRecordFile(end));
  });

  test('that cannot be written there costs one warning, and the member stays removed by the state file', async () => {
    const store = open();
    await store.load();
    await rm(anchorPath());
    await mkdir(anchorPath());
    store.save(removed);
    store.save(withRecords(removed, [member(3)]));
    await store.flush();
    expect(codes()).toEqual(['cluster.anchor-outdated']);
    expect(await readdir(join(dir, 'peers'))).toEqual(['node-1.pub']);
    expect(await stateOfNode1()).toBe('removed');
  });

  test('leaves the file of a member of the same name with another key alone', async () => {
    const other = admission(signerOf(2), EMPTY_SET, { ...memberOf(joined, keyOf(1))!, publicKey: keyOf(4) })!;
    await writeFile(anchorPath(), encodeRecordFile(other));
    await learn();
    expect(await readFile(anchorPath(), 'utf8')).toBe(encodeRecordFile(other));
  });

  test('revokes the tokens in files as well', async () => {
    const tokenId = new Uint8Array(8).fill(7) as JoinTokenId;
    const token = newJoinToken(signerOf(1), { tokenId, issuer: keyOf(1), notAfter: 2 ** 40, uses: 5 });
    const path = join(dir, 'peers', recordFileName(token.record));
    await writeFile(path, encodeRecordFile(token));
    const revoked: SignedRecord = revocation(signerOf(2), token.record)!;
    const store = open();
    await store.load();
    store.save(withRecords(removed, [token, revoked]));
    await store.flush();
    expect(await readFile(path, 'utf8')).toBe(encodeRecordFile(revoked));
    await rm(join(dir, 'members.json'));
    expect(await open().load()).toEqual([revoked, end]);
  });
});
