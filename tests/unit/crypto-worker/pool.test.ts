import { describe, expect, it } from 'vitest';
import type { Curve25519SecretKey, ExpandedSecretKey } from '@rustbalance/crypto-worker/brands.js';
import type { Initiated, Responded } from '@rustbalance/crypto-worker/noise/ik-psk1.js';
import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { run } from '@rustbalance/crypto-worker/pool.js';
import { CODES } from '@rustbalance/crypto-worker/result.js';
import { TASK_NAMES, type TaskCall, type TaskName } from '@rustbalance/crypto-worker/tasks.js';
import {
  NOW,
  PERIOD,
  PERIOD_LENGTH,
  bytesOf,
  codeOf,
  identityNamed,
  orderOf,
  pointsNamed,
  toHex,
} from './given.js';
import { consensusText, microdescriptorsText } from './network-text.js';

const identity = identityNamed('master');
const relays = Array.from({ length: 20 }, (_, at) => ({ name: `relay${at}` }));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const network = {
  consensus: text(consensusText({ relays })),
  microdescriptors: text(microdescriptorsText(relays)),
  testingTorNetwork: false,
};
const good = <T>(result: unknown): T => {
  expect(result).toMatchObject({ ok: true });
  return (result as { value: T }).value;
};
const view = good<never>(run({ task: 'parseNetwork', input: network }));
const order = orderOf(identity, pointsNamed('p', 3));
const [built] = good<{ text: string; revisionCounter: never; blindedKey: never }[]>(
  run({ task: 'buildDescriptors', input: order }),
);
const period = { timePeriod: PERIOD, periodLength: PERIOD_LENGTH };

const secretOf = (fill: number) => new Uint8Array(32).fill(fill) as Curve25519SecretKey;
const shared = { psk: bytesOf('psk'), prologue: text('prologue') };
const responder = { ...shared, own: secretOf(1) };
const caller = {
  ...shared,
  own: secretOf(2),
  responder: curve25519PublicKey(responder.own),
  ephemeral: secretOf(3),
};
const called = good<Initiated>(
  run({ task: 'noiseInitiate', input: { keys: caller, payload: text('request') } }),
);
const taken = good<Responded>(
  run({ task: 'noiseRespond', input: { keys: responder, message: called.message } }),
);
const answered = good<Uint8Array>(
  run({
    task: 'noiseWriteAnswer',
    input: { state: taken.state, ephemeral: secretOf(4), reply: text('reply') },
  }),
);

/** One good call of each task: a task without an example does not compile. */
const EXAMPLES: { readonly [N in TaskName]: Extract<TaskCall, { task: N }>['input'] } = {
  generateIdentity: { seed: bytesOf('seed') },
  importIdentity: { bytes: bytesOf('seed') },
  hiddenServiceFiles: { secret: identity.secret },
  parseAddress: { address: identity.address },
  parseNetwork: network,
  blindedKeys: { identity: identity.publicKey, periodLength: PERIOD_LENGTH, timePeriods: [PERIOD] },
  responsibleHsDirs: {
    blindedKey: built!.blindedKey,
    timePeriod: PERIOD,
    sharedRandom: null,
    params: {
      periodLength: PERIOD_LENGTH,
      replicas: 2,
      spreadStore: 4,
      spreadFetch: 3,
      maxDescriptorSize: 50_000,
    },
    relays: (view as { relays: never }).relays,
  },
  publicationPlan: { identity: identity.publicKey, network: view },
  mergeIntroductionPoints: {
    masterSecret: identity.secret,
    timePeriods: [PERIOD],
    contributions: [{ nodeId: 'a', introductionPoints: pointsNamed('p', 3) }],
  },
  buildDescriptors: order,
  decodeDescriptor: {
    descriptor: text(built!.text),
    identity: identity.publicKey,
    periodLength: PERIOD_LENGTH,
    timePeriods: [PERIOD],
    now: NOW,
    maxDescriptorSize: 50_000,
  },
  noiseInitiate: { keys: caller, payload: text('request') },
  noiseOpenAnswer: { state: called.state, answer: answered },
  noiseRespond: { keys: responder, message: called.message },
  noiseWriteAnswer: { state: taken.state, ephemeral: secretOf(4), reply: text('reply') },
  pairAgreements: {
    seed: bytesOf('seed') as never,
    peers: [identity.publicKey as never, bytesOf('no point') as never],
  },
  findCounterInput: { secret: identity.secret, ...period, counter: built!.revisionCounter, maxN: 200_000 },
};

const call = (task: TaskName, input: unknown): TaskCall => ({ task, input }) as TaskCall;

/** All typed arrays in a value. */
const arraysIn = (value: unknown): (Uint8Array | Uint16Array)[] => {
  if (value instanceof Uint8Array || value instanceof Uint16Array) return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(arraysIn);
};

describe.each(TASK_NAMES)('the task %s', (task) => {
  const result = run(call(task, structuredClone(EXAMPLES[task])));

  it('does its work on a copy from another thread, and its result survives the way back', () => {
    expect(result).toMatchObject({ ok: true });
    expect(structuredClone(result)).toEqual(result);
  });

  it('gives arrays that own their buffers, so that a copy carries nothing else along', () => {
    for (const array of arraysIn(result)) {
      expect(array.buffer.byteLength).toBe(array.byteLength);
      expect(Buffer.isBuffer(array)).toBe(false);
    }
  });

  it('leaves its input as it was', () => {
    const input = structuredClone(EXAMPLES[task]);
    run(call(task, input));
    expect(input).toEqual(EXAMPLES[task]);
  });

  it.each([undefined, null, 7, {}, [], { secret: 1, address: 2, timePeriods: 3 }])(
    'given %j gives a code and never throws',
    (input) => {
      const refused = run(call(task, input));
      expect(CODES).toContain(codeOf(refused));
    },
  );
});

describe('the pool', () => {
  it('refuses tasks that it does not know, inherited names included', () => {
    for (const name of ['nothing', 'constructor', '__proto__', undefined]) {
      expect(run(call(name as TaskName, {}))).toMatchObject({ ok: false, code: 'task.unknown' });
    }
    expect(run(undefined as never)).toMatchObject({ ok: false, code: 'task.crashed' });
  });

  it('says where a task crashed and quotes none of its values', () => {
    const secret = Uint8Array.from(identity.secret).fill(0x41, 0, 40).slice(0, 63) as ExpandedSecretKey;
    const crashed = run({ task: 'hiddenServiceFiles', input: { secret } });
    expect(crashed).toMatchObject({ ok: false, code: 'task.crashed' });
    const { detail } = crashed as { detail: string };
    expect(detail).toMatch(/^TypeError at [\w-]+\.(ts|js):\d+$/);
    expect(detail).not.toContain(toHex(secret).slice(0, 8));
  });
});
