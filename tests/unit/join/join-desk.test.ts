import { beforeEach, describe, expect, it } from 'vitest';
import type { Ed25519Seed, ExpandedSecretKey, MasterPublicKey } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { clusterSecret, joinKeyGrant, joinSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinTokenId, KeyGrant } from '@rustbalance/actors/kernel/cluster-keys.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { JoinAnswer } from '@rustbalance/actors/election/join/answer-codec.js';
import { JoinDesk } from '@rustbalance/actors/election/join/join-desk.js';
import { placeCall } from '@rustbalance/actors/election/join/join-frame.js';
import { keyProof } from '@rustbalance/actors/election/join/key-proof.js';
import type { JoinRequest } from '@rustbalance/actors/election/join/request-codec.js';
import type { TokenUseAnswer, TokenUseRequest } from '@rustbalance/actors/election/join/token-use.js';
import { admission, newJoinToken } from '@rustbalance/actors/election/records/issuing.js';
import { EMPTY_SET, withRecords } from '@rustbalance/actors/election/records/record-set.js';
import type { RecordSet } from '@rustbalance/actors/election/records/record-set.js';
import { openRecord, recordSigner, signRecord } from '@rustbalance/actors/election/records/signing.js';
import { joinTokenOf, memberOf, presentMembers } from '@rustbalance/actors/election/records/views.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { MASTER_ADDRESS, exampleSeed } from '../../support/simulation/cluster-config.js';

const TOKEN_TEXT = 'a token for tests';
const secret = clusterSecret(new TextEncoder().encode(TOKEN_TEXT), MASTER_ADDRESS);
const token = new Uint8Array(8).fill(7) as JoinTokenId;
const MASTER = new Uint8Array(32).fill(1) as MasterPublicKey;
const MASTER_KEY = new Uint8Array(64).fill(2) as ExpandedSecretKey;

const joiner = exampleSeed(9) as Ed25519Seed;

let clock: SimulatedClock;
/** One set of records for all: gossip that takes no time. */
let records: RecordSet;
let publisher: NodeId;
let desks: Map<NodeId, JoinDesk>;
let lossy: boolean;

const makeDesk = (index: number, id: NodeId, hasKey: boolean): JoinDesk => {
  const seed = exampleSeed(index) as Ed25519Seed;
  const signer = recordSigner(secret.tag, seed);
  const deliver = (to: NodeId, message: TokenUseRequest | TokenUseAnswer): void => {
    if (lossy) return;
    clock.after(20, () => {
      if (message.kind === 'token-use-request') desks.get(to)?.onRequest(id, message);
      else desks.get(to)?.onAnswer(id, message);
    });
  };
  records = withRecords(records, [
    admission(signer, records, {
      id,
      publicKey: signer.key.publicKey,
      priority: 100 + index,
      hasMasterKey: hasKey,
      coordination: null,
      wireguard: null,
      direct: `192.0.2.${String(index)}:7001`,
    })!,
  ]);
  return new JoinDesk(
    {
      id,
      seed,
      secret,
      signer,
      clusterToken: TOKEN_TEXT,
      master: MASTER,
      masterKey: hasKey ? MASTER_KEY : null,
    },
    { mode: 'direct', maxJoins: 5, windowMs: 300_000 },
    {
      clock,
      random: systemRandom,
      run: runHere,
      log: makeLogger(
        'election',
        () => clock.wallMs(),
        () => undefined,
        'info',
      ),
      records: () => records,
      learn: (signed) => {
        records = withRecords(records, signed);
      },
      members: () => presentMembers(records),
      decider: () => publisher,
      publisher: () => publisher,
      send: deliver,
    },
  );
};

const END_SECS = 1_700_003_600;
const GRANT = joinKeyGrant(MASTER_KEY, secret.tag, token, END_SECS);

const alpha = 'alpha' as NodeId;
const beta = 'beta' as NodeId;

beforeEach(() => {
  clock = new SimulatedClock(1_700_000_000_000);
  records = EMPTY_SET;
  publisher = alpha;
  lossy = false;
  desks = new Map();
  desks.set(alpha, makeDesk(1, alpha, true));
  desks.set(beta, makeDesk(2, beta, true));
  const signer = recordSigner(secret.tag, exampleSeed(1) as Ed25519Seed);
  records = withRecords(records, [
    newJoinToken(signer, { tokenId: token, issuer: signer.key.publicKey, notAfter: END_SECS, uses: 1 }),
  ]);
});

const requestOf = (seed: Ed25519Seed, changes: Partial<JoinRequest> = {}): JoinRequest => ({
  publicKey: nodePublicKey(seed),
  nodeId: 'gamma' as NodeId,
  atSecs: Math.floor(clock.wallMs() / 1000),
  wantsMasterKey: true,
  keyProof: keyProof(GRANT, END_SECS, nodePublicKey(seed)),
  priority: null,
  coordination: null,
  wireguard: null,
  direct: '192.0.2.9:7001',
  ...changes,
});

/** Calls a member and gives what it answers, after as much simulated time as that takes. */
const joinAt = async (
  id: NodeId,
  changes: Partial<JoinRequest> = {},
  seed = joiner,
): Promise<JoinAnswer | null> => {
  const member = exampleSeed(id === alpha ? 1 : 2) as Ed25519Seed;
  const request = requestOf(seed, changes);
  const placed = (await placeCall(
    {
      cluster: secret.tag,
      token,
      secret: joinSecret(secret, token),
      member: nodePublicKey(member),
      seed,
      request,
    },
    systemRandom,
    runHere,
  ))!;
  let answer: Uint8Array | null | undefined;
  void desks
    .get(id)!
    .join(placed.frame)
    .then((frame) => {
      answer = frame;
    });
  for (let waited = 0; answer === undefined && waited < 20_000; waited += 10) {
    await clock.advance(10);
  }
  return answer === null || answer === undefined ? null : placed.read(answer);
};

describe('a node that joins', () => {
  it.each([
    ['the lease holder', alpha],
    ['another member, which asks the lease holder', beta],
  ])('by %s is a member with all that it needs, and its use of the token is counted', async (_, called) => {
    const answer = await joinAt(called);
    expect(answer).toMatchObject({
      outcome: 'admitted',
      nodeId: 'gamma',
      priority: 112,
      master: MASTER,
      masterKey: MASTER_KEY,
      clusterToken: TOKEN_TEXT,
      publisher: alpha,
      clusterSize: 3,
    });
    if (answer?.outcome !== 'admitted') return;
    const ids = answer.records.map((bytes) => openRecord(secret.tag, bytes)?.record);
    expect(ids.map((record) => record?.kind === 'member' && record.id).sort()).toEqual([
      'alpha',
      'beta',
      'gamma',
    ]);
    expect(joinTokenOf(records, token)?.usedBy).toEqual([nodePublicKey(joiner)]);
    expect(memberOf(records, nodePublicKey(joiner))).toMatchObject({
      hasMasterKey: true,
      direct: '192.0.2.9:7001',
    });
  });

  it('is answered the same when it asks again, and nothing is counted', async () => {
    const first = await joinAt(beta);
    const known = records;
    expect(await joinAt(alpha)).toMatchObject({
      ...first,
      records: expect.arrayContaining([]) as unknown[],
    });
    expect(records).toBe(known);
  });

  it('that did not want the master key is not given it by asking again', async () => {
    expect(await joinAt(alpha, { wantsMasterKey: false })).toMatchObject({ masterKey: null });
    expect(await joinAt(alpha, { wantsMasterKey: true })).toMatchObject({ masterKey: null });
    expect(memberOf(records, nodePublicKey(joiner))?.hasMasterKey).toBe(false);
  });

  it.each([
    ['shows nothing', null],
    [
      // The secret of the token is all that a member without the master key has of it.
      'makes its proof of the token’s secret',
      keyProof(joinSecret(secret, token) as Uint8Array as KeyGrant, END_SECS, nodePublicKey(joiner)),
    ],
    [
      'shows the proof of another node',
      keyProof(GRANT, END_SECS, nodePublicKey(exampleSeed(8) as Ed25519Seed)),
    ],
    ['shows a proof of another end', keyProof(GRANT, END_SECS + 1, nodePublicKey(joiner))],
    [
      'has the grant of another master key',
      keyProof(
        joinKeyGrant(new Uint8Array(64).fill(3) as ExpandedSecretKey, secret.tag, token, END_SECS),
        END_SECS,
        nodePublicKey(joiner),
      ),
    ],
  ])('and %s is not given the master key, and counts as no use', async (_, proof) => {
    expect(await joinAt(alpha, { keyProof: proof })).toEqual({ outcome: 'ungranted' });
    expect(joinTokenOf(records, token)?.usedBy).toEqual([]);
    expect(await joinAt(alpha, { keyProof: null, wantsMasterKey: false })).toMatchObject({
      outcome: 'admitted',
      masterKey: null,
    });
  });

  it('is not given the master key for the word of its own record', async () => {
    await joinAt(alpha, { wantsMasterKey: false, keyProof: null });
    const own = memberOf(records, nodePublicKey(joiner))!;
    records = withRecords(records, [
      admission(recordSigner(secret.tag, joiner), records, { ...own, hasMasterKey: true })!,
    ]);
    expect(await joinAt(alpha, { keyProof: null })).toEqual({ outcome: 'ungranted' });
    expect(await joinAt(beta, { keyProof: null })).toEqual({ outcome: 'ungranted' });
  });

  it('is not given the master key by a token that has ended, whoever signs it a new end', async () => {
    await clock.advance(3_700_000);
    const mallory = recordSigner(secret.tag, exampleSeed(2) as Ed25519Seed);
    records = withRecords(records, [
      signRecord(mallory, { ...joinTokenOf(records, token)!, version: 2, notAfter: END_SECS + 1e6 }),
    ]);
    expect(await joinAt(alpha)).toEqual({ outcome: 'expired' });
    const longer = keyProof(GRANT, END_SECS + 1e6, nodePublicKey(joiner));
    expect(await joinAt(alpha, { keyProof: longer })).toEqual({ outcome: 'ungranted' });
  });

  it('is left to other members where the one that it calls has no master key to give', async () => {
    desks.set(beta, makeDesk(2, beta, false));
    expect(await joinAt(beta)).toEqual({ outcome: 'undecided' });
    expect(joinTokenOf(records, token)?.usedBy).toEqual([]);
    expect(await joinAt(beta, { wantsMasterKey: false, keyProof: null })).toMatchObject({
      outcome: 'admitted',
      masterKey: null,
    });
  });

  it('that holds the master key goes on being known for it when it comes again without wanting it', async () => {
    await joinAt(alpha);
    expect(await joinAt(beta, { wantsMasterKey: false, keyProof: null })).toMatchObject({ masterKey: null });
    expect(memberOf(records, nodePublicKey(joiner))?.hasMasterKey).toBe(true);
  });

  it('is told that the token is spent when another one used it', async () => {
    await joinAt(alpha);
    expect(await joinAt(beta, {}, exampleSeed(8) as Ed25519Seed)).toEqual({ outcome: 'spent' });
    expect(presentMembers(records)).toHaveLength(3);
  });

  it('is told of a clock that is off by more than 300 s behind or 60 s ahead', async () => {
    const now = Math.floor(clock.wallMs() / 1000);
    expect(await joinAt(alpha, { atSecs: now - 301 })).toEqual({ outcome: 'clock' });
    expect(await joinAt(alpha, { atSecs: now + 62 })).toEqual({ outcome: 'clock' });
    expect(await joinAt(alpha, { atSecs: now - 299 })).toMatchObject({ outcome: 'admitted' });
  });

  it('without an address at which the members could reach it is told so', async () => {
    expect(await joinAt(alpha, { direct: null })).toEqual({ outcome: 'unsuited' });
  });

  it('is told to try again when the lease holder does not answer, and is not let in', async () => {
    lossy = true;
    expect(await joinAt(beta)).toEqual({ outcome: 'undecided' });
    expect(presentMembers(records)).toHaveLength(2);
  });

  it('is let in when the first question is lost and the second is not', async () => {
    lossy = true;
    clock.after(1000, () => {
      lossy = false;
    });
    expect(await joinAt(beta)).toMatchObject({ outcome: 'admitted' });
  });

  it('is let in when the lease passes to the called node meanwhile', async () => {
    lossy = true;
    clock.after(1000, () => {
      publisher = beta;
    });
    expect(await joinAt(beta)).toMatchObject({ outcome: 'admitted', publisher: beta });
  });
});

describe('a frame without a token of ours', () => {
  it('gets no answer and changes nothing', async () => {
    const before = records;
    expect(await desks.get(alpha)!.join(new Uint8Array(300).fill(1))).toBeNull();
    expect(records).toBe(before);
  });
});
