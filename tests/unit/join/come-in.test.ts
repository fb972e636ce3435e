import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ed25519Seed, MasterPublicKey } from '@rustbalance/crypto-worker/brands.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import {
  clusterSecret,
  joinKeyGrant,
  joinSecret,
  tokenClientAuthorization,
} from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { newClusterState } from '@rustbalance/actors/election/cluster-state.js';
import type { JoinAdmission } from '@rustbalance/actors/election/join/answer-codec.js';
import type { PendingJoin } from '@rustbalance/actors/election/join/pending-join.js';
import { staticMembership } from '@rustbalance/actors/election/members.js';
import { comeIn } from '@rustbalance/actors/election/pending.js';
import { admission } from '@rustbalance/actors/election/records/issuing.js';
import { EMPTY_SET } from '@rustbalance/actors/election/records/record-set.js';
import { recordSigner } from '@rustbalance/actors/election/records/signing.js';
import { memberOf } from '@rustbalance/actors/election/records/views.js';
import { electionSettings } from '@rustbalance/actors/election/settings.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import {
  DEFAULT_TIMES,
  TEST_TOKEN,
  exampleSeed,
  nodeSecrets,
  recordConfig,
} from '../../support/simulation/cluster-config.js';
import type { NodeSpec } from '../../support/simulation/cluster-config.js';

const master = generateIdentity(new Uint8Array(32).fill(1));
const secret = clusterSecret(new TextEncoder().encode(TEST_TOKEN), master.address);
const id = new Uint8Array(8).fill(7) as JoinTokenId;
const alpha = exampleSeed(1) as Ed25519Seed;
const spec: NodeSpec = {
  id: 'gamma' as NodeId,
  seed: exampleSeed(9) as Ed25519Seed,
  priority: 30,
  address: '192.0.2.9:7001',
  hasMasterKey: true,
};
const publicKey = nodePublicKey(spec.seed);

const pending: PendingJoin = {
  token: {
    cluster: secret.tag,
    id,
    secret: joinSecret(secret, id),
    clientAuthorization: tokenClientAuthorization(secret, id).secret,
    notAfter: 1_700_003_600,
    uses: 1,
    keyGrant: joinKeyGrant(master.secret, secret.tag, id, 1_700_003_600),
    origin: {
      nodeId: 'alpha' as NodeId,
      nodeKey: nodePublicKey(alpha),
      coordination: null,
      direct: '192.0.2.1:7001',
      wireguard: null,
    },
    others: [],
  },
  nodeSeed: spec.seed,
  nodeId: spec.id,
  priority: spec.priority,
  wantsMasterKey: true,
  viaMaster: false,
  transport: { mode: 'direct', listen: spec.address },
  node: null,
  progress: null,
};

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rb-c-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** What is known of the node once a member without the master key has taken it in as `name`. */
const takenInAs = async (name: string) => {
  const signed = admission(recordSigner(secret.tag, alpha), EMPTY_SET, {
    publicKey,
    id: name as NodeId,
    priority: spec.priority,
    hasMasterKey: false,
    coordination: null,
    wireguard: null,
    direct: spec.address,
  })!;
  const answer: JoinAdmission = {
    outcome: 'admitted',
    nodeId: name as NodeId,
    priority: spec.priority,
    master: master.publicKey as Uint8Array as MasterPublicKey,
    masterKey: null,
    clusterToken: TEST_TOKEN,
    publisher: null,
    clusterSize: 2,
    records: [signed.bytes],
  };
  const parsed = recordConfig(spec, DEFAULT_TIMES);
  const config = {
    ...parsed,
    master: { ...parsed.master, onion_address: `${master.address}.onion` },
    node: { ...parsed.node, key_path: join(dir, 'node.key') },
  };
  const clock = new SimulatedClock(1_700_000_000_000);
  const log = makeLogger(
    'election',
    () => clock.wallMs(),
    () => undefined,
  );
  const world = {
    clock,
    random: systemRandom,
    log,
    send: () => undefined,
    closeCircuits: () => undefined,
    keep: () => undefined,
  };
  const membership = staticMembership(config, nodeSecrets(spec));
  const state = newClusterState(electionSettings(config), membership, true, world);
  await comeIn({ config, clock, log }, state, world, pending, answer);
  return memberOf(state.records, publicKey);
};

describe('a node with the master key that a member without it took in', () => {
  it('says in its record at once that it holds the key', async () => {
    expect(await takenInAs('gamma')).toMatchObject({ id: 'gamma', hasMasterKey: true, version: 2 });
  });

  it('keeps the name that it was given', async () => {
    expect(await takenInAs('gamma-2')).toMatchObject({ id: 'gamma-2', hasMasterKey: true });
  });
});
