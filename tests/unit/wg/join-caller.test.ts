import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Curve25519SecretKey } from '@rustbalance/crypto-worker/brands.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { JoinCaller } from '@rustbalance/actors/wg/join-caller.js';
import { JOIN_ANSWER_BYTES } from '@rustbalance/actors/wg/join-listener.js';
import { encodeFrame } from '@rustbalance/actors/wg/tor-transport/frames.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

const { address } = generateIdentity(new Uint8Array(32).fill(3));
const ofPair = { address, secret: new Uint8Array(32).fill(1) as Curve25519SecretKey };
const ofToken = { address, secret: new Uint8Array(32).fill(2) as Curve25519SecretKey };
const call = {
  coordination: address,
  direct: null,
  clientAuthorization: ofToken.secret,
  frame: new Uint8Array(100),
  attempt: 1,
};

type Fate = 'answers' | 'closes without an answer' | 'is not reached' | 'is silent';

/** Calls a member, and tells what Tor was told to open it with. */
const calling = async (fate: Fate) => {
  const clock = new SimulatedClock(0);
  const told: unknown[] = [];
  const caller: JoinCaller = new JoinCaller({
    clock,
    dial: () => {
      if (fate === 'is not reached') return Promise.reject(new Error('refused'));
      const stream = new Duplex({
        read: () => undefined,
        write: (_chunk, _encoding, done) => {
          done();
        },
      });
      setImmediate(() => {
        if (fate === 'answers') stream.emit('data', encodeFrame(new Uint8Array(JOIN_ANSWER_BYTES)));
        if (fate === 'closes without an answer') stream.destroy();
      });
      return Promise.resolve(stream);
    },
    doorsChanged: () => {
      told.push(caller.doors([ofPair]));
    },
  });
  caller.useSocks({ kind: 'unix', path: '/nowhere' });
  const answer = caller.call(call);
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  if (fate === 'is silent') await clock.advance(60_000);
  return { told, answer: await answer, after: caller.doors([ofPair]) };
};

describe('a call for a join of this node’s own', () => {
  test.each<Fate>(['answers', 'closes without an answer', 'is not reached', 'is silent'])(
    'opens the service by the token as long as it lasts, and by the pair’s key again when the member %s',
    async (fate) => {
      const { told, answer, after } = await calling(fate);
      expect(told).toEqual([[ofToken], [ofPair]]);
      expect(after).toEqual([ofPair]);
      expect(answer.frame === null).toBe(fate !== 'answers');
    },
  );
});
