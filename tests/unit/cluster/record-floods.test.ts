import { beforeEach, describe, expect, test } from 'vitest';
import { newJoinToken } from '@rustbalance/actors/election/records/issuing.js';
import { recordSigner } from '@rustbalance/actors/election/records/signing.js';
import { summaryPages } from '@rustbalance/actors/election/records/summary.js';
import { EMPTY_SET } from '@rustbalance/actors/election/records/record-set.js';
import { MESSAGE_TYPE } from '@rustbalance/actors/election/wire/message-types.js';
import type { Message } from '@rustbalance/actors/election/wire/message-types.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { ClusterSimulation, nodeName } from '../../support/cluster-simulation.js';
import { forger } from '../../support/floods/forge.js';
import {
  DEFAULT_TIMES,
  MASTER_ADDRESS,
  TEST_TOKEN,
  exampleSeed,
} from '../../support/simulation/cluster-config.js';

const WALL_START_MS = 1_700_000_000_000;
const HEARTBEAT_MS = DEFAULT_TIMES.heartbeatSecs * 1000;
/** What one peer may make a node check or send within a heartbeat interval. */
const WINDOW = 400;
const FLOODER = 1;
const NODES = 3;
const SECRET = clusterSecret(new TextEncoder().encode(TEST_TOKEN), MASTER_ADDRESS);

let sim: ClusterSimulation;
let sequence: number;
/** Records that node 0 sent to the flooder. */
let answered: number;

beforeEach(async () => {
  sim = new ClusterSimulation({ seed: 17, nodes: NODES, times: DEFAULT_TIMES, knows: () => [0, 1, 2] });
  sequence = 50_000;
  answered = 0;
  const send = sim.network.send.bind(sim.network);
  sim.network.send = (from, to, bytes) => {
    if (from === 0 && to === FLOODER && bytes[1] === MESSAGE_TYPE.record) answered++;
    // The flooder's own node would take the records up and tell them on.
    if (from !== 0 || bytes[1] !== MESSAGE_TYPE.record) send(from, to, bytes);
  };
  await sim.startAll();
  // A whole interval after whatever the start has cost of it.
  sim.run(5000 + HEARTBEAT_MS);
});

const forged = forger(SECRET, exampleSeed(FLOODER), nodePublicKey(exampleSeed(0)));

const says = (message: Message): void => {
  const epoch = sim.node(FLOODER).inspect()['bootEpoch'] as number;
  sim.node(0).receive(forged({ epoch, sequence: sequence++, sentAtMs: WALL_START_MS + sim.nowMs, message }));
};

const SIGNER = recordSigner(SECRET.tag, exampleSeed(FLOODER));

/** The record of a token that nobody has, well signed by the flooder. */
const tokenRecord = (number: number): Uint8Array => {
  const tokenId = new Uint8Array(Buffer.from(number.toString(16).padStart(16, '0'), 'hex')) as JoinTokenId;
  return newJoinToken(SIGNER, {
    tokenId,
    issuer: SIGNER.key.publicKey,
    notAfter: WALL_START_MS / 1000 + 3600,
    uses: 1,
  }).bytes;
};

const refused = (reason: string): number =>
  (sim.node(0).inspect()['datagramsRefused'] as Readonly<Record<string, number>>)[reason] ?? 0;
const held = (): number => sim.stores.held(nodeName(0)).size;

const goesOn = (): void => {
  sim.run(2 * HEARTBEAT_MS);
  expect(sim.agrees()).toBe(true);
  expect(sim.pointsConverged()).toBe(true);
  expect(sim.node(0).peers.map(({ lifecycle }) => lifecycle)).toEqual(['healthy', 'healthy']);
};

describe('a peer that sends more than 400 records within a heartbeat interval', () => {
  test('is heard with 400 of them; the others are dropped and counted, and no line is logged for each', () => {
    const lines = sim.node(0).logs.length;
    for (let number = 0; number < WINDOW + 150; number++)
      says({ kind: 'record', bytes: tokenRecord(number) });
    expect(held()).toBe(NODES + WINDOW);
    expect(refused('record-flood')).toBe(150);
    expect(sim.node(0).logs.length - lines).toBeLessThan(5);
  });

  test('is heard with more of them an interval later', () => {
    for (let number = 0; number < WINDOW + 1; number++) says({ kind: 'record', bytes: tokenRecord(number) });
    sim.run(HEARTBEAT_MS);
    says({ kind: 'record', bytes: tokenRecord(1000) });
    expect(held()).toBe(NODES + WINDOW + 1);
  });

  test('cannot have more than 400 false signatures checked', () => {
    for (let number = 0; number < WINDOW + 50; number++) {
      const bytes = tokenRecord(number);
      bytes.set([(bytes.at(-1) ?? 0) ^ 1], bytes.length - 1);
      says({ kind: 'record', bytes });
    }
    expect(held()).toBe(NODES);
    expect([refused('record-bad'), refused('record-flood')]).toEqual([WINDOW, 50]);
  });

  test('disturbs neither the lease nor what the nodes know of each other', () => {
    for (let number = 0; number < 2 * WINDOW; number++) says({ kind: 'record', bytes: tokenRecord(number) });
    goesOn();
  });
});

describe('a peer that asks over and over for all that a node holds', () => {
  test('is answered within the same bound; the rest is dropped and counted', () => {
    const [page] = summaryPages(EMPTY_SET, false);
    if (page === undefined) throw new Error('an empty set has a page as well');
    const asked = 2 * WINDOW;
    for (let times = 0; times < asked; times++) says(page);
    // Each page counts as one, and so does each record that answers it.
    expect(answered).toBe((WINDOW * NODES) / (NODES + 1));
    expect(refused('record-flood')).toBe(asked - WINDOW / (NODES + 1));
    goesOn();
  });
});
