import { describe, expect, it } from 'vitest';
import type { Ed25519Seed, ExpandedSecretKey, MasterPublicKey } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import {
  clusterSecret,
  joinKeyGrant,
  joinSecret,
  tokenClientAuthorization,
} from '@rustbalance/actors/kernel/cluster-keys.js';
import type { JoinTokenId } from '@rustbalance/actors/kernel/cluster-keys.js';
import { RbError, rbError } from '@rustbalance/actors/kernel/errors.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { JoinAnswer } from '@rustbalance/actors/election/join/answer-codec.js';
import { takeCall } from '@rustbalance/actors/election/join/join-frame.js';
import { ANSWER_FRAME_BYTES } from '@rustbalance/actors/election/join/limits.js';
import { ATTEMPTS, isHopeless } from '@rustbalance/actors/election/join/attempts.js';
import { completeJoin } from '@rustbalance/actors/election/join/complete.js';
import type { FailedAttempt } from '@rustbalance/actors/election/join/complete.js';
import { keyProof } from '@rustbalance/actors/election/join/key-proof.js';
import { requestOf, withoutKeyGrant } from '@rustbalance/actors/election/join/pending-join.js';
import type { PendingJoin } from '@rustbalance/actors/election/join/pending-join.js';
import type { JoinToken, TokenOrigin } from '@rustbalance/actors/election/join/token-text.js';
import { JOIN_ANSWER_BYTES } from '@rustbalance/actors/wg/join-listener.js';

import { runHere } from '@rustbalance/crypto-worker/tasks.js';
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
  keyGrant: joinKeyGrant(new Uint8Array(64).fill(2) as ExpandedSecretKey, secret.tag, id, 2_000_000_000),
  origin: originOf('alpha', 1),
  others: [originOf('beta', 2)],
};
const pending: PendingJoin = {
  token,
  nodeSeed: joiner,
  nodeId: 'gamma' as NodeId,
  priority: null,
  wantsMasterKey: true,
  viaMaster: false,
  transport: { mode: 'direct', listen: '192.0.2.9:7001' },
  node: {
    target: 'http://127.0.0.1:8080',
    stateDir: undefined,
    runDir: undefined,
    torBinary: 'tor',
    extraTorrc: [],
    madeDirectories: [],
  },
  progress: null,
};
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

/** What happens to an attempt: an answer, noise of the same size, no connection, or no way to make one. */
type Fate = JoinAnswer | 'noise' | 'unreached' | 'no-tor';

const answerOf = async (
  member: TokenOrigin,
  frame: Uint8Array,
  fate: Exclude<Fate, 'unreached' | 'no-tor'>,
): Promise<Uint8Array> => {
  const taken = await takeCall(secret, seedOf(member.nodeId === 'alpha' ? 1 : 2), frame, runHere);
  const answer = fate === 'noise' ? null : await taken?.answer(fate, systemRandom);
  return answer ?? systemRandom.bytes(ANSWER_FRAME_BYTES);
};

interface Called {
  readonly name: string;
  readonly attempt: number;
  readonly atMs: number;
}

const START_MS = 1_700_000_000_000;

const join = async (
  fates: readonly Fate[],
  { isPatient = false, notAfter = token.notAfter, interruptAt = 0 } = {},
) => {
  const clock = new SimulatedClock(START_MS);
  const called: Called[] = [];
  const told: FailedAttempt[] = [];
  const interruption = new AbortController();
  let result: unknown;
  void completeJoin(
    { ...pending, token: { ...token, notAfter } },
    {
      clock,
      random: { ...systemRandom, uniform: () => 0.5 },
      run: runHere,
      interrupted: interruption.signal,
      isPatient,
      failed: (failed) => {
        told.push(failed);
        if (failed.attempt === interruptAt) interruption.abort();
      },
      exchange: (member, frame, attempt) => {
        called.push({ name: member.nodeId, attempt, atMs: clock.monotonicMs() });
        const fate = fates[attempt - 1] ?? 'unreached';
        if (fate === 'no-tor') return Promise.reject(rbError('join.tor-failed', 'tor', { reason: 'ENOENT' }));
        return fate === 'unreached'
          ? Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))
          : answerOf(member, frame, fate);
      },
    },
  ).then(
    (answer) => (result = answer.nodeId),
    (error: unknown) => (result = error instanceof RbError ? error.code : String(error)),
  );
  for (let turn = 0; result === undefined && turn < 5000; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(turn < 1000 ? 50 : 5000);
  }
  return { result, called, told };
};

const pausesOf = (called: readonly Called[]): readonly number[] =>
  called.slice(1).map(({ atMs }, index) => atMs - (called[index]?.atMs ?? 0));

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
    for (const [index, ms] of pausesOf(called).entries()) {
      expect(ms).toBeGreaterThanOrEqual(1000 * 2 ** index);
      expect(ms).toBeLessThan(1000 * 2 ** index + 500);
    }
    expect(told).toHaveLength(ATTEMPTS - 1);
  });

  it('goes on after noise, a missing connection, a lease holder that could not be asked, and too many joins at once', async () => {
    const { result, called } = await join([
      'noise',
      'unreached',
      { outcome: 'undecided' },
      { outcome: 'limit' },
      admission,
    ]);
    expect([result, called.length]).toEqual(['gamma', 5]);
  });

  it.each([
    ['spent', 'join.token-spent'],
    ['revoked', 'join.token-revoked'],
    ['expired', 'join.token-expired'],
    ['removed', 'join.removed'],
    ['clock', 'join.clock'],
    ['unsuited', 'join.unsuited'],
    ['ungranted', 'join.no-key-grant'],
  ] as const)('ends at once when the answer is %s', async (outcome, code) => {
    const { result, called } = await join([{ outcome }]);
    expect([result, called.length]).toEqual([code, 1]);
  });

  it('says that nobody takes the token when the last one answered with noise', async () => {
    expect((await join(Array<Fate>(5).fill('noise'))).result).toBe('join.no-answer');
  });

  it('ends with the attempt under way when it is interrupted', async () => {
    expect((await join([], { interruptAt: 1 })).called).toHaveLength(1);
  });

  it('shows the same node key and another ephemeral one at each attempt', async () => {
    const frames: Uint8Array[] = [];
    const clock = new SimulatedClock(START_MS);
    const done = completeJoin(pending, {
      clock,
      random: systemRandom,
      run: runHere,
      interrupted: new AbortController().signal,
      isPatient: false,
      failed: () => undefined,
      exchange: (member, frame) => {
        frames.push(frame);
        return answerOf(member, frame, frames.length === 1 ? 'noise' : admission);
      },
    });
    for (let turn = 0; turn < 100; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(50);
    }
    await done;
    const taken = await Promise.all(
      frames.map(
        async (frame, index) =>
          (await takeCall(secret, seedOf(index + 1), frame, runHere))?.request.publicKey,
      ),
    );
    expect(taken).toEqual([nodePublicKey(joiner), nodePublicKey(joiner)]);
    expect(frames[0]?.subarray(17, 49)).not.toEqual(frames[1]?.subarray(17, 49));
  });

  it('for the master key is not begun with a token that does not bring it', async () => {
    const way = {
      clock: new SimulatedClock(START_MS),
      random: systemRandom,
      run: runHere,
      interrupted: new AbortController().signal,
      isPatient: true,
      failed: () => undefined,
      exchange: () => Promise.reject(new Error('somebody was called')),
    };
    const less = { ...pending, token: withoutKeyGrant(token) };
    await expect(completeJoin(less, way)).rejects.toMatchObject({ code: 'join.no-key-grant' });
  });

  it('proves with each request that its token brings the master key', () => {
    const request = requestOf(pending, START_MS);
    expect(request.keyProof).toEqual(keyProof(token.keyGrant!, token.notAfter, nodePublicKey(joiner)));
    expect(requestOf({ ...pending, wantsMasterKey: false }, START_MS).keyProof).toBeNull();
  });

  it('of a node that was made with the master key asks for none, and so may be completed by any member', () => {
    const made = { ...pending, token: withoutKeyGrant(token), node: null };
    expect(requestOf(made, START_MS)).toMatchObject({ wantsMasterKey: false, keyProof: null });
  });

  it('ends at once without a way to call anybody', async () => {
    const { result, called } = await join(['no-tor']);
    expect([result, called.length]).toEqual(['join.tor-failed', 1]);
  });

  describe('with patience', () => {
    it('goes on with pauses that grow to some minutes, until somebody takes it in', async () => {
      const { result, called } = await join([...Array<Fate>(19).fill('unreached'), admission], {
        isPatient: true,
      });
      expect([result, called.length]).toEqual(['gamma', 20]);
      const pauses = pausesOf(called);
      expect(Math.max(...pauses)).toBeLessThan(190_000);
      expect(pauses.at(-1)).toBeGreaterThanOrEqual(180_000);
    });

    it('outlasts a wrong clock and a Tor that does not reach the network', async () => {
      const { result } = await join([{ outcome: 'clock' }, 'no-tor', admission], { isPatient: true });
      expect(result).toBe('gamma');
    });

    it('ends when the token has', async () => {
      const { result, called } = await join([], { isPatient: true, notAfter: START_MS / 1000 + 60 });
      expect([result, called.length]).toEqual(['join.token-expired', 6]);
    });

    it('ends in a pause when it is interrupted', async () => {
      const { result, called } = await join([], { isPatient: true, interruptAt: 12 });
      expect([result, called.length]).toEqual(['join.unreachable', 12]);
    });
  });

  it.each([
    ['join.token-spent', true],
    ['join.token-revoked', true],
    ['join.token-expired', true],
    ['join.token-foreign', true],
    ['join.removed', true],
    ['join.clock', false],
    ['join.unreachable', false],
    ['join.undecided', false],
  ] as const)('is hopeless after %s: %s', (code, hopeless) => {
    expect(isHopeless(code)).toBe(hopeless);
  });

  it('waits for as many bytes as a member sends', () => {
    expect(ANSWER_FRAME_BYTES).toBe(JOIN_ANSWER_BYTES);
  });
});
