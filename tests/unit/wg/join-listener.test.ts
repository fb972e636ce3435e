import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { answerAtMs, JOIN_ANSWER_BYTES, JoinListener } from '@rustbalance/actors/wg/join-listener.js';
import { encodeFrame } from '@rustbalance/actors/wg/tor-transport/frames.js';
import type { UnixListenerEvents } from '@rustbalance/actors/wg/unix-listener.js';
import { SimulatedClock } from '../../support/simulated-clock.js';

/** A stream whose two directions the test holds. */
class FakeStream extends PassThrough {
  readonly written: Uint8Array[] = [];
  endedAtMs: number | null = null;
  readonly #clock: SimulatedClock;

  constructor(clock: SimulatedClock) {
    super();
    this.#clock = clock;
  }

  override end(chunk?: unknown): this {
    if (chunk instanceof Uint8Array) this.written.push(chunk);
    this.endedAtMs = this.#clock.monotonicMs();
    return this;
  }

  /** What the joiner sends. */
  says(bytes: Uint8Array): void {
    this.emit('data', bytes);
  }
}

class World {
  readonly clock = new SimulatedClock(0);
  readonly asked: Uint8Array[] = [];
  answer: (frame: Uint8Array) => Promise<Uint8Array | null> = () => Promise.resolve(null);
  #events: UnixListenerEvents | null = null;
  readonly listener = new JoinListener({
    clock: this.clock,
    random: systemRandom,
    listen: (_path, events) => {
      this.#events = events;
      return Promise.resolve({ close: () => undefined });
    },
    answer: (frame) => {
      this.asked.push(frame);
      return this.answer(frame);
    },
    failed: () => undefined,
  });

  comes(): FakeStream {
    const stream = new FakeStream(this.clock);
    this.#events?.stream(stream);
    return stream;
  }
}

const opened = async (): Promise<World> => {
  const world = new World();
  await world.listener.open('/nowhere');
  return world;
};
/** RFC 7748 §4.1: is there a v with v² = u³ + 486662u² + u? Of random u, half have none, and half have bit 255. */
const isOnCurve25519 = (key: Uint8Array): boolean => {
  const p = 2n ** 255n - 19n;
  const u = BigInt(`0x${Buffer.from(key).reverse().toString('hex')}`);
  if (u >= p) return false;
  let power = 1n;
  const square = (((u * u + 486662n * u + 1n) % p) * u) % p;
  // Euler's criterion.
  for (let base = square, left = (p - 1n) / 2n; left > 0n; base = (base * base) % p, left >>= 1n) {
    if (left & 1n) power = (power * base) % p;
  }
  return power <= 1n;
};
const request = (fill = 1, length = 300): Uint8Array => encodeFrame(new Uint8Array(length).fill(fill));
const goodAnswer = new Uint8Array(JOIN_ANSWER_BYTES).fill(9);

describe('a join', () => {
  test('is one frame in and one frame out, also when the request comes in pieces', async () => {
    const world = await opened();
    world.answer = () => Promise.resolve(goodAnswer);
    const stream = world.comes();
    const frame = request();
    stream.says(frame.subarray(0, 1));
    stream.says(frame.subarray(1, 100));
    stream.says(frame.subarray(100));
    stream.says(request(2));
    await world.clock.advance(4_000);
    expect(world.asked).toEqual([new Uint8Array(300).fill(1)]);
    expect(stream.written).toEqual([encodeFrame(goodAnswer)]);
    expect(world.listener.counts).toMatchObject({ answered: 1, refused: 0 });
  });

  test.each([
    ['refused', () => Promise.resolve(null), request()],
    ['failing', () => Promise.reject(new Error('no')), request()],
    ['answered with a wrong size', () => Promise.resolve(new Uint8Array(5)), request()],
    ['of no bytes', null, encodeFrame(new Uint8Array())],
    ['of more than 4096 bytes', null, request(1, 4097)],
  ])('that is %s ends at the same time as a good one, with as many bytes', async (_what, answer, says) => {
    const world = await opened();
    const good = world.comes();
    world.answer = () => Promise.resolve(goodAnswer);
    good.says(request());
    await world.clock.advance(1);
    if (answer !== null) world.answer = answer;
    const bad = world.comes();
    const startedMs = world.clock.monotonicMs();
    bad.says(says);
    await world.clock.advance(4_000);
    expect(bad.written.map(({ length }) => length)).toEqual(good.written.map(({ length }) => length));
    expect((bad.endedAtMs ?? 0) - startedMs).toBe(good.endedAtMs);
    expect(Buffer.compare(bad.written[0]!, good.written[0]!)).not.toBe(0);
    expect(bad.destroyed).toBe(false);
    const counted = answer === null ? { refused: 0, malformed: 1 } : { refused: 1, malformed: 0 };
    expect(world.listener.counts).toMatchObject({ answered: 1, ...counted });
    expect(world.asked).toHaveLength(answer === null ? 1 : 2);
  });

  test('whose answer never comes is refused in the end', async () => {
    const world = await opened();
    world.answer = () => new Promise(() => undefined);
    const stream = world.comes();
    stream.says(request());
    await world.clock.advance(20_000);
    expect(stream.written).toHaveLength(1);
    expect(world.listener.counts.refused).toBe(1);
  });

  test.each([
    ['that stays incomplete', (stream: FakeStream) => stream.says(request().subarray(0, 50))],
    ['that never comes', () => undefined],
  ])('whose request is one %s is given up after 10 s and refused like any', async (_what, says) => {
    const world = await opened();
    const stream = world.comes();
    says(stream);
    await world.clock.advance(10_001);
    expect(world.listener.counts.malformed).toBe(1);
    await world.clock.advance(3_000);
    expect(stream.endedAtMs).toBe(13_000);
    expect(stream.written.map(({ length }) => length)).toEqual([encodeFrame(goodAnswer).length]);
    expect(world.asked).toEqual([]);
    stream.says(request());
    await world.clock.advance(3_000);
    expect([world.asked, stream.written.length]).toEqual([[], 1]);
  });

  test('with more behind its request is answered, however it was cut into pieces', async () => {
    const world = await opened();
    const stream = world.comes();
    stream.says(Buffer.concat([request(), Buffer.of(0xff, 0xff, 1)]));
    await world.clock.advance(3_001);
    expect(world.asked).toEqual([new Uint8Array(300).fill(1)]);
    expect(world.listener.counts).toMatchObject({ refused: 1, malformed: 0 });
  });

  test.each([
    ['a good answer', () => Promise.resolve(goodAnswer), request()],
    ['noise', () => Promise.resolve(null), encodeFrame(new Uint8Array())],
  ])('that does not close after %s is cut off 20 s later', async (_what, answer, says) => {
    const world = await opened();
    world.answer = answer;
    const stream = world.comes();
    stream.says(says);
    await world.clock.advance(22_999);
    expect(stream.destroyed).toBe(false);
    await world.clock.advance(1);
    expect(stream.destroyed).toBe(true);
    await world.clock.advance(1);
    expect(world.listener.counts.streams).toBe(0);
  });

  test('that is refused is answered with bytes that begin, each time, with another X25519 key, as answers do', async () => {
    const keys = new Set<string>();
    for (let n = 0; n < 12; n++) {
      const world = await opened();
      const stream = world.comes();
      stream.says(n % 2 === 0 ? request() : encodeFrame(new Uint8Array()));
      await world.clock.advance(3_001);
      const noise = stream.written[0]!.subarray(2);
      expect(noise.length).toBe(JOIN_ANSWER_BYTES);
      const key = noise.subarray(0, 32);
      expect(isOnCurve25519(key)).toBe(true);
      keys.add(Buffer.from(key).toString('hex'));
      expect(new Set(noise.subarray(32)).size).toBe(256);
    }
    expect(keys.size).toBe(12);
  });
});

describe('joins at once', () => {
  test('are eight at most, and thirty more a minute', async () => {
    const world = await opened();
    const streams = Array.from({ length: 9 }, () => world.comes());
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([...Array<boolean>(8).fill(false), true]);
    for (const stream of streams) stream.destroy();
    await world.clock.advance(1);
    let begun = 0;
    for (let second = 0; second < 60; second++) {
      for (let tries = 0; tries < 5; tries++) {
        const stream = world.comes();
        if (!stream.destroyed) begun++;
        stream.destroy();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await world.clock.advance(1_000);
    }
    expect(begun).toBeGreaterThan(30);
    expect(begun).toBeLessThanOrEqual(12 + 30);
  });
});

test.each([
  [0, 3_000],
  [2_999, 3_000],
  [3_000, 3_000],
  [3_001, 6_000],
  [14_000, 15_000],
])('An answer that took %d ms leaves after %d', (took, at) => {
  expect(answerAtMs(took)).toBe(at);
});
