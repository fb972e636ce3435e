import { beforeEach, describe, expect, test } from 'vitest';
import { encodeBody } from '@rustbalance/actors/election/wire/encode-message.js';
import { NO_DIGEST } from '@rustbalance/actors/election/wire/encode-message.js';
import { NO_TAG } from '@rustbalance/actors/election/wire/header.js';
import { MESSAGE_TYPE } from '@rustbalance/actors/election/wire/message-types.js';
import type { Heartbeat, Message } from '@rustbalance/actors/election/wire/message-types.js';
import { nodeTag, pairKeys } from '@rustbalance/actors/election/wire/pair-keys.js';
import { sealDatagram } from '@rustbalance/actors/election/wire/seal.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import { MASTER_ADDRESS, TEST_TOKEN, exampleSeed } from '../../support/simulation/cluster-config.js';
import { seededRandom } from '../../support/simulation/seeded-random.js';

const WALL_START_MS = 1_700_000_000_000;
const LEASE_MS = 60_000;

/** The third node is a member, by a record that says that it holds no master key. */
let sim: ClusterSimulation;
let sequence = 0;

beforeEach(async () => {
  sequence = 100_000;
  sim = new ClusterSimulation({ seed: 5, nodes: 3, knows: () => [0, 1, 2], withoutKey: [2] });
  await sim.startAll();
  sim.run(5000);
  // Whoever holds its node key can say anything in its name; it does so in the place of the program.
  sim.node(2).kill();
});

/** The third node says something to the two others, properly sealed. */
const say = (message: Message): void => {
  const secret = clusterSecret(new TextEncoder().encode(TEST_TOKEN), MASTER_ADDRESS);
  for (const recipient of [0, 1]) {
    const to = nodePublicKey(exampleSeed(recipient));
    const header = {
      type: MESSAGE_TYPE[message.kind],
      cluster: secret.tag,
      sender: nodeTag(secret, nodePublicKey(exampleSeed(2))),
      recipient: nodeTag(secret, to),
      epoch: WALL_START_MS,
      sequence: sequence++,
    };
    const keys = pairKeys(secret, exampleSeed(2), to)!;
    const body = encodeBody({ sentAtMs: WALL_START_MS + sim.nowMs, message });
    sim.node(recipient).receive(sealDatagram(keys.sending, header, body, seededRandom(sequence)));
  }
};

const claim: Message = {
  kind: 'lease-claim',
  leaseRemainingMs: LEASE_MS,
  priority: 1,
  visiblePoints: 20_000,
};

const heartbeat: Heartbeat = {
  kind: 'heartbeat',
  revision: 2 ** 31,
  flags: {
    publisher: true,
    hasKey: true,
    able: true,
    listening: false,
    strained: false,
    withholds: false,
    unfit: false,
  },
  priority: 1,
  leaseRemainingMs: LEASE_MS,
  holder: NO_TAG,
  points: { digest: null, count: 0 },
  visiblePoints: 20_000,
  members: { digest: NO_DIGEST, count: 3 },
  counters: [],
};

const findings = (): readonly string[] =>
  [0, 1].flatMap((node) =>
    (sim.node(node).inspect()['findings'] as { code: string }[]).map(({ code }) => code),
  );

describe('a member that holds no master key by its signed record', () => {
  test.each<[string, Message]>([
    ['a claim', claim],
    ['heartbeats', heartbeat],
  ])('does not get the lease by %s, however many points it says that it sees', (_by, message) => {
    for (let told = 0; told < 30; told++) {
      say(message);
      sim.run(200);
      expect(sim.publishers()).toEqual(['node-a']);
      expect(sim.node(1).role?.publisher).toBe('node-a');
    }
    expect(findings()).toContain('cluster.claim-without-key');
    expect(sim.logged('claims the lease, but holds no master key')).toHaveLength(2);
  });

  test('does not keep another node from taking a free lease', () => {
    sim.node(0).kill();
    const took = sim.runUntil(
      () => {
        say(claim);
        say(heartbeat);
        return sim.publishers().includes('node-b' as NodeId);
      },
      30_000,
      500,
    );
    expect(took).not.toBeNull();
  });
});
