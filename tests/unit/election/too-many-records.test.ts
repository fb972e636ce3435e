import { beforeEach, expect, test } from 'vitest';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { newClusterState } from '@rustbalance/actors/election/cluster-state.js';
import type { ClusterState, World } from '@rustbalance/actors/election/cluster-state.js';
import { takeRecords } from '@rustbalance/actors/election/gossip.js';
import { staticMembership } from '@rustbalance/actors/election/members.js';
import { admission, newJoinToken, removal } from '@rustbalance/actors/election/records/issuing.js';
import { MAX_RECORDS, sizeOf } from '@rustbalance/actors/election/records/record-set.js';
import type { SignedRecord } from '@rustbalance/actors/election/records/record.js';
import { signRecord } from '@rustbalance/actors/election/records/signing.js';
import { memberOf } from '@rustbalance/actors/election/records/views.js';
import { electionSettings } from '@rustbalance/actors/election/settings.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import {
  DEFAULT_TIMES,
  exampleSeed,
  nodeSecrets,
  recordConfig,
} from '../../support/simulation/cluster-config.js';
import type { NodeSpec } from '../../support/simulation/cluster-config.js';
import { keyOf, signerOf } from './records/example-records.js';

const NOW_SECS = 1_700_000_000;
const spec: NodeSpec = {
  id: 'alpha' as NodeId,
  seed: exampleSeed(1),
  priority: 1,
  address: '192.0.2.1:7001',
  hasMasterKey: true,
};
const mallory = signerOf(2);

let state: ClusterState;
let world: World;
const take = (...records: readonly SignedRecord[]): boolean => takeRecords(state, world, records, null, 0);

/** A record of one token that says that these used it, whoever they are: none of them supersedes another. */
const use = (number: number): SignedRecord => {
  const user = new Uint8Array(32);
  new DataView(user.buffer).setUint32(0, number);
  const token = newJoinToken(mallory, {
    tokenId: new Uint8Array(8).fill(7) as JoinTokenId,
    issuer: keyOf(2),
    notAfter: NOW_SECS + 3600,
    uses: 16,
  });
  return signRecord(mallory, { ...token.record, version: number + 2, usedBy: [user as never] });
};

const token = (number: number): SignedRecord => {
  const tokenId = new Uint8Array(8);
  new DataView(tokenId.buffer).setUint32(0, number);
  return newJoinToken(mallory, {
    tokenId: tokenId as JoinTokenId,
    issuer: keyOf(2),
    notAfter: NOW_SECS + 3600,
    uses: 1,
  });
};

beforeEach(() => {
  const config = recordConfig(spec, DEFAULT_TIMES);
  const clock = new SimulatedClock(NOW_SECS * 1000);
  const log = makeLogger(
    'election',
    () => clock.wallMs(),
    () => undefined,
  );
  world = {
    clock,
    random: systemRandom,
    log,
    send: () => undefined,
    closeCircuits: () => undefined,
    keep: () => undefined,
  };
  state = newClusterState(electionSettings(config), staticMembership(config, nodeSecrets(spec)), true, world);
});

test('one token never takes more than a few places, whatever a member signs', () => {
  for (let number = 0; number < 200; number++) take(use(number));
  expect(sizeOf(state.records)).toBe(16);
});

test('a set that is full takes no new subject and no new fork, one by one or together, but removals', () => {
  const fields = { coordination: null, wireguard: null, direct: '192.0.2.3:7001', hasMasterKey: false };
  take(
    admission(mallory, state.records, {
      ...fields,
      publicKey: keyOf(3),
      id: 'gamma' as NodeId,
      priority: 3,
    })!,
    use(0),
  );
  take(...Array.from({ length: MAX_RECORDS + 50 }, (_, number) => token(number)));
  expect(sizeOf(state.records)).toBe(MAX_RECORDS);
  expect(take(use(1))).toBe(false);
  expect(take(token(5000))).toBe(false);
  expect(state.findings.list().map(({ code }) => code)).toContain('cluster.too-many-records');
  expect(take(removal(mallory, state.records, keyOf(3))!)).toBe(true);
  expect(memberOf(state.records, keyOf(3))?.state).toBe('removed');
  expect(sizeOf(state.records)).toBe(MAX_RECORDS);
});
