import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Ed25519Seed, ExpandedSecretKey, MasterPublicKey } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import {
  clusterSecret,
  joinSecret,
  tokenClientAuthorization,
} from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { JoinAnswer } from '@rustbalance/actors/election/join/answer-codec.js';
import { takeCall } from '@rustbalance/actors/election/join/join-frame.js';
import { ANSWER_FRAME_BYTES } from '@rustbalance/actors/election/join/limits.js';
import type { JoinRequest } from '@rustbalance/actors/election/join/request-codec.js';
import type { JoinToken, TokenOrigin } from '@rustbalance/actors/election/join/token-text.js';
import { JOIN_ANSWER_BYTES } from '@rustbalance/actors/wg/join-listener.js';
import { encodeFrame } from '@rustbalance/actors/wg/tor-transport/frames.js';
import { ATTEMPTS, joinCluster } from '@rustbalance/cli/join/attempts.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { exampleSeed } from '../../support/simulation/cluster-config.js';

const secret = clusterSecret(new TextEncoder().encode('token'), 'address.onion');
const id = new Uint8Array(8).fill(7) as JoinTokenId;
const seedOf = (index: number): Ed25519Seed => exampleSeed(index) as Ed25519Seed;
const joiner = seedOf(9);

const originOf = (name: string, index: number): TokenOrigin => ({
  nodeId: name as NodeId,
  nodeKey: nodePublicKey(seedOf(index)),
  coordination: null,
  direct: `192.0.2.${String(index)}:7001`,
  wireguard: null,
});
const token: JoinToken = {
  cluster: secret.tag,
  id,
  secret: joinSecret(secret, id),
  clientAuthorization: tokenClientAuthorization(secret, id).secret,
  notAfter: 2_000_000_000,
  uses: 1,
  origin: originOf('alpha', 1),
  others: [originOf('beta', 2)],
};
const request = (): JoinRequest => ({
  publicKey: nodePublicKey(joiner),
  nodeId: 'gamma' as NodeId,
  atSecs: 1_700_000_000,
  wantsMasterKey: true,
  priority: null,
  coordination: null,
  wireguard: null,
  direct: '192.0.2.9:7001',
});
const admission: JoinAnswer = {
  outcome: 'admitted',
  nodeId: 'gamma' as NodeId,
  priority: 110,
  master: new Uint8Array(32).fill(1) as MasterPublicKey,
  masterKey: new Uint8Array(64).fill(2) as ExpandedSecretKey,
  clusterToken: 'token',
  publisher: null,
  clusterSize: 3,
  records: [],
};

/** What happens to an attempt: an answer, noise of the same size, or no connection. */
type Fate = JoinAnswer | 'noise' | 'unreached';

const streamOf = (member: TokenOrigin, fate: JoinAnswer | 'noise'): Duplex =>
  new Duplex({
    read: () => undefined,
    write(this: Duplex, chunk: Uint8Array, _encoding, done) {
      const seed = seedOf(member.nodeId === 'alpha' ? 1 : 2);
      const taken = takeCall(secret, seed, new Uint8Array(chunk.subarray(2)));
      const answer = fate === 'noise' ? null : taken?.answer(fate, systemRandom);
      this.push(encodeFrame(answer ?? systemRandom.bytes(ANSWER_FRAME_BYTES)));
      done();
    },
  });

const join = async (fates: readonly Fate[], isInterrupted = () => false) => {
  const clock = new SimulatedClock(1_700_000_000_000);
  const called: { name: string; attempt: number; atMs: number }[] = [];
  const told: string[] = [];
  let result: unknown;
  void joinCluster(token, joiner, request, {
    clock,
    random: { ...systemRandom, uniform: () => 0.5 },
    isInterrupted,
    tell: (line) => told.push(line),
    open: (member, attempt) => {
      called.push({ name: member.nodeId, attempt, atMs: clock.monotonicMs() });
      const fate = fates[attempt - 1] ?? 'unreached';
      return fate === 'unreached'
        ? Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
        : Promise.resolve(streamOf(member, fate));
    },
  }).then(
    (answer) => (result = answer.nodeId),
    (error: unknown) => (result = error instanceof RbError ? error.code : String(error)),
  );
  for (let turn = 0; result === undefined && turn < 2000; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(50);
  }
  return { result, called, told };
};

describe('joining', () => {
  it('ends with the first admission', async () => {
    const { result, called, told } = await join([admission]);
    expect([result, called.length, told]).toEqual(['gamma', 1, []]);
  });

  it('is tried five times with growing pauses, at the issuer and the others that the token names in turn', async () => {
    const { result, called, told } = await join([]);
    expect(result).toBe('join.unreachable');
    expect(called.map(({ name }) => name)).toEqual(['alpha', 'beta', 'alpha', 'beta', 'alpha']);
    expect(called.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, ATTEMPTS]);
    const pauses = called.slice(1).map(({ atMs }, index) => atMs - (called[index]?.atMs ?? 0));
    for (const [index, ms] of pauses.entries()) {
      expect(ms).toBeGreaterThanOrEqual(1000 * 2 ** index);
      expect(ms).toBeLessThan(1000 * 2 ** index + 500);
    }
    expect(told).toHaveLength(ATTEMPTS - 1);
  });

  it('goes on after noise, a missing connection, and a lease holder that could not be asked', async () => {
    const { result, called } = await join(['noise', 'unreached', { outcome: 'undecided' }, admission]);
    expect([result, called.length]).toEqual(['gamma', 4]);
  });

  it.each([
    ['spent', 'join.token-spent'],
    ['revoked', 'join.token-revoked'],
    ['expired', 'join.token-expired'],
    ['removed', 'join.removed'],
    ['limit', 'join.limit'],
    ['clock', 'join.clock'],
    ['unsuited', 'join.unsuited'],
  ] as const)('ends at once when the answer is %s', async (outcome, code) => {
    const { result, called } = await join([{ outcome }]);
    expect([result, called.length]).toEqual([code, 1]);
  });

  it('says that nobody takes the token when the last one answered with noise', async () => {
    expect((await join(Array<Fate>(5).fill('noise'))).result).toBe('join.no-answer');
  });

  it('ends with the attempt under way when it is interrupted', async () => {
    expect((await join([], () => true)).called).toHaveLength(1);
  });

  it('waits for as many bytes as a member sends', () => {
    expect(ANSWER_FRAME_BYTES).toBe(JOIN_ANSWER_BYTES);
  });
});
