import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANSWER_FRAME_BYTES, LONGEST_JOIN_FRAME } from '@rustbalance/actors/election/join/limits.js';
import { JOIN_REFUSALS } from '@rustbalance/actors/election/join/answer-codec.js';
import type { JoinAnswer } from '@rustbalance/actors/election/join/answer-codec.js';
import { placeCall, takeCall } from '@rustbalance/actors/election/join/join-frame.js';
import type { Call } from '@rustbalance/actors/election/join/join-frame.js';
import { decodeRequest, encodeRequest } from '@rustbalance/actors/election/join/request-codec.js';
import type { JoinRequest } from '@rustbalance/actors/election/join/request-codec.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { clusterSecret, joinSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';

const seedOf = (name: string): Ed25519Seed =>
  new Uint8Array(createHash('sha256').update(name).digest()) as Ed25519Seed;
const countingRandom = (start: number): Random => {
  let next = start;
  return { bytes: (length) => new Uint8Array(length).fill(next++), uniform: () => 0.5 };
};

const secret = clusterSecret(new TextEncoder().encode('token'), 'address.onion');
const member = seedOf('member');
const joiner = seedOf('joiner');
const token = new Uint8Array(8).fill(9) as JoinTokenId;

const request: JoinRequest = {
  publicKey: nodePublicKey(joiner),
  nodeId: 'node-b' as NodeId,
  atSecs: 1_700_000_000,
  wantsMasterKey: true,
  keyProof: { notAfter: 1_700_003_600, mac: new Uint8Array(32).fill(8) as never },
  priority: null,
  coordination: null,
  wireguard: { publicKey: new Uint8Array(32).fill(7) as never, endpoint: null },
  direct: '192.0.2.1:7001',
};
const call: Call = {
  cluster: secret.tag,
  token,
  secret: joinSecret(secret, token),
  member: nodePublicKey(member),
  seed: joiner,
  request,
};
const admission: JoinAnswer = {
  outcome: 'admitted',
  nodeId: 'node-b' as NodeId,
  priority: 110,
  master: new Uint8Array(32).fill(3) as never,
  masterKey: new Uint8Array(64).fill(4) as never,
  clusterToken: 'token',
  publisher: 'node-a' as NodeId,
  clusterSize: 2,
  records: [new Uint8Array(300).fill(1), new Uint8Array(200).fill(2)],
};

describe('a join request', () => {
  it('is read as it was written', () => {
    expect(decodeRequest(encodeRequest(request))).toEqual(request);
    const bare = { ...request, keyProof: null, wireguard: null, direct: null, priority: 5 };
    expect(decodeRequest(encodeRequest(bare))).toEqual(bare);
  });

  it('is refused with bytes missing or added, and never throws', () => {
    const whole = encodeRequest(request);
    for (let length = 0; length < whole.length; length++) {
      expect(decodeRequest(whole.subarray(0, length))).toBeNull();
    }
    expect(decodeRequest(Uint8Array.from([...whole, 0]))).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
        const read = decodeRequest(noise);
        if (read !== null) expect(Buffer.from(encodeRequest(read))).toEqual(Buffer.from(noise));
      }),
    );
  });
});

describe('the frames of a join', () => {
  it('bring the request to the member and its answer back', async () => {
    const placed = (await placeCall(call, countingRandom(1), runHere))!;
    expect(placed.frame.length).toBeLessThan(LONGEST_JOIN_FRAME);
    const taken = (await takeCall(secret, member, placed.frame, runHere))!;
    expect(taken.request).toEqual(request);
    expect(taken.token).toEqual(token);
    const frame = (await taken.answer(admission, countingRandom(60)))!;
    expect(await placed.read(frame)).toEqual(admission);
    await expect(placed.read(frame)).rejects.toThrow('once');
    await expect(taken.answer(admission, countingRandom(70))).rejects.toThrow('once');
  });

  it('have one length for every outcome, however much there is to say', async () => {
    const records = Array.from({ length: 100 }, (_, i) => new Uint8Array(365).fill(i));
    const answers: readonly JoinAnswer[] = [
      admission,
      { ...admission, masterKey: null, publisher: null, records },
      ...JOIN_REFUSALS.map((outcome) => ({ outcome })),
    ];
    for (const answer of answers) {
      const placed = (await placeCall(call, countingRandom(1), runHere))!;
      const frame = (await (await takeCall(secret, member, placed.frame, runHere))!.answer(
        answer,
        countingRandom(60),
      ))!;
      expect(frame).toHaveLength(ANSWER_FRAME_BYTES);
      const read = await placed.read(frame);
      if (answer.outcome !== 'admitted') expect(read).toEqual(answer);
      else if (answer.records !== records) expect(read).toEqual(answer);
      else {
        const kept = read?.outcome === 'admitted' ? read.records : [];
        expect(kept.length).toBeGreaterThan(40);
        expect(kept).toEqual(records.slice(0, kept.length));
      }
    }
  });

  it('come to nothing with another token, cluster, member or version, or with any other secret', async () => {
    const frame = (await placeCall(call, countingRandom(1), runHere))!.frame;
    const changed = (at: number): Uint8Array => {
      const copy = frame.slice();
      copy[at]! ^= 1;
      return copy;
    };
    for (const at of [0, 1, 9, 20, 60, frame.length - 1])
      expect(await takeCall(secret, member, changed(at), runHere)).toBeNull();
    expect(await takeCall(secret, seedOf('another member'), frame, runHere)).toBeNull();
    const other = clusterSecret(new TextEncoder().encode('other'), 'address.onion');
    expect(await takeCall({ ...other, tag: secret.tag }, member, frame, runHere)).toBeNull();
    const guessed = (await placeCall(
      { ...call, secret: new Uint8Array(32) as never },
      countingRandom(1),
      runHere,
    ))!.frame;
    expect(await takeCall(secret, member, guessed, runHere)).toBeNull();
    expect(await takeCall(secret, member, new Uint8Array(), runHere)).toBeNull();
    expect(
      await takeCall(secret, member, new Uint8Array(LONGEST_JOIN_FRAME + 1).fill(1), runHere),
    ).toBeNull();
  });

  it('come to nothing when the request names another node key than the one proved', async () => {
    const lying = { ...call, request: { ...request, publicKey: nodePublicKey(seedOf('somebody else')) } };
    expect(
      await takeCall(secret, member, (await placeCall(lying, countingRandom(1), runHere))!.frame, runHere),
    ).toBeNull();
  });

  it('give nothing for noise instead of an answer', async () => {
    const placed = (await placeCall(call, countingRandom(1), runHere))!;
    expect(await placed.read(new Uint8Array(ANSWER_FRAME_BYTES).fill(5))).toBeNull();
  });
});
