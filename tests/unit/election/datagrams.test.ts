import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { encodeBody } from '@rustbalance/actors/election/wire/encode-message.js';
import { MESSAGE_TYPE } from '@rustbalance/actors/election/wire/message-types.js';
import type { Message, ProbeId } from '@rustbalance/actors/election/wire/message-types.js';
import { nodeTag, pairKeys } from '@rustbalance/actors/election/wire/pair-keys.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import { sealDatagram } from '@rustbalance/actors/election/wire/seal.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import { MASTER_ADDRESS, exampleSeed } from '../../support/simulation/cluster-config.js';
import { seededRandom } from '../../support/simulation/seeded-random.js';

const WALL_START_MS = 1_700_000_000_000;
const TOKEN = 'a token for tests';

let sim: ClusterSimulation;
/** Every datagram that went from one node to another, by sender and recipient. */
let sent: { readonly from: number; readonly to: number; readonly bytes: Uint8Array }[];

beforeEach(async () => {
  sim = new ClusterSimulation({ seed: 11, nodes: 2 });
  sent = [];
  const send = sim.network.send.bind(sim.network);
  sim.network.send = (from, to, bytes) => {
    sent.push({ from, to, bytes });
    send(from, to, bytes);
  };
  await sim.startAll();
  sim.run(3000);
});

const refusals = (node = 0): Readonly<Record<string, number>> =>
  sim.node(node).inspect()['datagramsRefused'] as Readonly<Record<string, number>>;

const total = (): number => Object.values(refusals()).reduce((sum, count) => sum + count, 0);

/** What became of a datagram at node 0: the reason it was refused for, or "accepted". */
const fate = (bytes: Uint8Array): string => {
  const before = { ...refusals() };
  sim.node(0).receive(bytes);
  const reason = Object.entries(refusals()).find(([name, count]) => count !== (before[name] ?? 0));
  return reason?.[0] ?? 'accepted';
};

/** A datagram that is not delivered, from node 1 to node 0. */
const fresh = (): Uint8Array => {
  sim.network.cut(1, 0);
  const seen = sent.length;
  sim.run(1100);
  sim.network.heal();
  const found = sent.slice(seen).find(({ from, to }) => from === 1 && to === 0);
  if (found === undefined) throw new Error('node 1 said nothing');
  return found.bytes;
};

interface Forgery {
  readonly senderSeed?: number;
  readonly token?: string;
  readonly recipient?: number;
  readonly epoch?: number;
  readonly sequence?: number;
  readonly type?: number;
  readonly sentAtMs?: number;
  readonly message?: Message;
}

/** A datagram with a seal that is good for its keys, whatever else is wrong with it. */
const forged = ({
  senderSeed = 1,
  token = TOKEN,
  recipient = 0,
  epoch = WALL_START_MS,
  sequence = 50_000,
  type,
  sentAtMs = WALL_START_MS + sim.nowMs,
  message = { kind: 'lease-release' },
}: Forgery): Uint8Array => {
  const secret = clusterSecret(new TextEncoder().encode(token), MASTER_ADDRESS);
  const to = nodePublicKey(exampleSeed(recipient));
  const header = {
    type: type ?? MESSAGE_TYPE[message.kind],
    cluster: secret.tag,
    sender: nodeTag(secret, nodePublicKey(exampleSeed(senderSeed))),
    recipient: nodeTag(secret, to),
    epoch,
    sequence,
  };
  const keys = pairKeys(secret, exampleSeed(senderSeed), to)!;
  return sealDatagram(keys.sending, header, encodeBody({ sentAtMs, message }), seededRandom(1));
};

describe('a datagram', () => {
  test('as it was sent is accepted once; the second time it is a replay', () => {
    const bytes = fresh();
    expect(fate(bytes)).toBe('accepted');
    expect(fate(bytes)).toBe('replay');
  });

  test('with any one bit changed is refused', () => {
    const bytes = fresh();
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(fate(changed), `bit ${bit}`).not.toBe('accepted');
    }
    expect(fate(bytes)).toBe('accepted');
  });

  test('cut at any length or made longer is refused', () => {
    const bytes = fresh();
    for (let length = 0; length < bytes.length; length++) {
      expect(fate(bytes.subarray(0, length))).toMatch(/^(too-short|unauthentic)$/);
    }
    expect(fate(Uint8Array.of(...bytes, 0))).toBe('unauthentic');
  });

  test('of random bytes is refused and throws nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1300 }), (bytes) => {
        expect(fate(bytes)).not.toBe('accepted');
      }),
      { numRuns: 300 },
    );
  });

  test.each<readonly [string, string, (bytes: Uint8Array) => Uint8Array]>([
    ['larger than 1,200 bytes', 'too-long', () => new Uint8Array(1201).fill(1)],
    ['of another version', 'version', (bytes) => Uint8Array.of(2, ...bytes.subarray(1))],
    ['whose epoch is beyond any number', 'malformed', (bytes) => bytes.fill(255, 26, 34)],
  ])('%s is refused as %s', (_what, reason, change) => {
    expect(fate(change(Uint8Array.from(fresh())))).toBe(reason);
  });

  test.each<readonly [string, string, Forgery]>([
    ['from a node that is no member', 'unknown-sender', { senderSeed: 9 }],
    ['from this node itself', 'own', { senderSeed: 0, recipient: 1 }],
    ['for another node', 'not-for-us', { recipient: 2 }],
    ['of another cluster', 'cluster', { token: 'another token' }],
    ['of an earlier boot of its sender', 'epoch-passed', { epoch: WALL_START_MS - 1 }],
    ['of a type of later versions', 'unknown-type', { type: 77 }],
    ['whose type is not that of its body', 'malformed', { type: MESSAGE_TYPE.heartbeat }],
    ['from an hour ahead', 'future', { sentAtMs: WALL_START_MS + 3_600_000 }],
    ['from ten seconds ago', 'stale', { sentAtMs: WALL_START_MS - 7000 }],
    [
      'that answers a probe nobody sent',
      'unasked',
      {
        message: {
          kind: 'probe-ack',
          id: new Uint8Array(8) as ProbeId,
          probeReceivedAtMs: 1,
          seenRevision: 1,
        },
      },
    ],
    ['that is well and new', 'accepted', {}],
  ])('%s is refused as %s', (_what, reason, forgery) => {
    expect(fate(forged(forgery))).toBe(reason);
  });

  test('that is sealed with the key of another pair is refused', () => {
    const bytes = forged({ senderSeed: 9 });
    const good = forged({});
    // The claimed sender is a member, the seal is a stranger's.
    bytes.set(good.subarray(0, 42));
    expect(fate(bytes)).toBe('unauthentic');
  });

  test('is no line in the log, however many there are', () => {
    const lines = sim.node(0).logs.length;
    for (let count = 0; count < 500; count++) {
      sim.node(0).receive(forged({ senderSeed: 9, sequence: count }));
      sim.node(0).receive(new Uint8Array(100).fill(count));
    }
    expect(total()).toBeGreaterThanOrEqual(1000);
    // One warning about the stranger, as a finding.
    expect(sim.node(0).logs.length - lines).toBe(1);
    expect(sim.node(0).logs.at(-1)?.error?.code).toBe('cluster.unknown-sender');
  });
});

describe('an answer to a probe that was kept back', () => {
  test('for longer than clocks may differ makes nobody look alive', async () => {
    sim = new ClusterSimulation({ seed: 13, nodes: 2 });
    const send = sim.network.send.bind(sim.network);
    const kept: Uint8Array[] = [];
    sim.network.send = (from, to, bytes) => {
      if (from === 0) send(from, to, bytes);
      else if (bytes[1] === MESSAGE_TYPE['probe-ack']) kept.push(bytes);
    };
    await sim.startAll();
    sim.run(6500);
    expect(fate(kept[0]!)).toBe('stale');
    expect(sim.node(0).inspect()['peers']).toMatchObject([{ lifecycle: 'joining' }]);
    expect(fate(kept.at(-1)!)).toBe('accepted');
  });
});

describe('a recorded datagram, sent again after this node was restarted and has forgotten what it saw', () => {
  test('is refused, because its time has passed', async () => {
    const recorded = sent.filter(({ to }) => to === 0).map(({ bytes }) => bytes);
    sim.node(0).kill();
    sim.run(6000);
    await sim.node(0).start();
    expect(recorded.length).toBeGreaterThan(5);
    for (const bytes of recorded) expect(fate(bytes)).toMatch(/^(stale|unasked)$/);
    expect(sim.node(0).inspect()['peers']).toMatchObject([{ lifecycle: 'joining', lastSeenSecs: null }]);
  });
});

describe('a node that starts again with its clock set back', () => {
  test('is told of its passed epoch by its peers and is heard within two seconds', async () => {
    sim.node(1).kill();
    sim.node(1).skewMs = -3_600_000;
    await sim.node(1).start();
    sim.run(2000);
    for (const node of sim.nodes) {
      expect(node.inspect()['peers']).toMatchObject([
        { lifecycle: 'healthy', missedHeartbeats: 0, failedProbes: 0 },
      ]);
    }
    expect(refusals()['epoch-passed']).toBeGreaterThan(0);
    expect(sim.node(1).inspect()['bootEpoch']).toBe(WALL_START_MS + 1);
  });
});

describe('a peer whose clock is off', () => {
  test('within the tolerance is nothing to speak of', () => {
    sim.node(1).skewMs = 4000;
    sim.run(5000);
    expect(sim.node(0).peers[0]?.clockOffsetSecs).toBeCloseTo(4, 1);
    expect(sim.node(0).inspect()['findings']).toEqual([]);
  });

  test('beyond the tolerance stays a member and is named, with its offset, until it is mended', () => {
    sim.node(1).skewMs = 3_600_000;
    sim.run(5000);
    const [finding] = sim.node(0).inspect()['findings'] as readonly { code: string; detail: object }[];
    expect(finding).toMatchObject({
      code: 'cluster.clock-skew',
      detail: { peer: 'node-b', offsetSecs: 3600, toleranceSecs: 5 },
    });
    expect(sim.node(0).peers[0]).toMatchObject({ lifecycle: 'healthy', clockOffsetSecs: 3600 });
    expect(sim.logged('declared DEAD')).toEqual([]);

    sim.node(1).skewMs = 0;
    sim.run(5000);
    expect(sim.node(0).inspect()['findings']).toEqual([]);
  });

  test('is not blamed when all peers are off to the same side: then it is our own clock', async () => {
    sim = new ClusterSimulation({ seed: 12, nodes: 3 });
    sim.node(0).skewMs = -60_000;
    await sim.startAll();
    sim.run(5000);
    const findings = sim.node(0).inspect()['findings'] as readonly { code: string; detail: object }[];
    expect(findings.map(({ code }) => code)).toEqual(['cluster.own-clock-skew']);
    expect(findings[0]?.detail).toMatchObject({ offsetSecs: -60 });
  });
});
