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
    ['refused', () => Promise.resolve(null)],
    ['failing', () => Promise.reject(new Error('no'))],
    ['answered with a wrong size', () => Promise.resolve(new Uint8Array(5))],
  ])('that is %s ends at the same time as a good one, with as many bytes', async (_what, answer) => {
    const world = await opened();
    const good = world.comes();
    world.answer = () => Promise.resolve(goodAnswer);
    good.says(request());
    await world.clock.advance(1);
    world.answer = answer;
    const bad = world.comes();
    const startedMs = world.clock.monotonicMs();
    bad.says(request());
    await world.clock.advance(4_000);
    expect(bad.written.map(({ length }) => length)).toEqual(good.written.map(({ length }) => length));
    expect((bad.endedAtMs ?? 0) - startedMs).toBe(good.endedAtMs);
    expect(Buffer.compare(bad.written[0]!, good.written[0]!)).not.toBe(0);
    expect(world.listener.counts).toMatchObject({ answered: 1, refused: 1 });
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
    ['of more than 4096 bytes', (stream: FakeStream) => stream.says(request(1, 4097))],
    ['of no bytes', (stream: FakeStream) => stream.says(encodeFrame(new Uint8Array()))],
    ['that stays incomplete', (stream: FakeStream) => stream.says(request().subarray(0, 50))],
  ])('request %s ends the stream within its time, and nobody is asked', async (_what, says) => {
    const world = await opened();
    const stream = world.comes();
    says(stream);
    await world.clock.advance(10_001);
    expect(stream.destroyed).toBe(true);
    expect(world.asked).toEqual([]);
    expect(world.listener.counts.malformed).toBe(1);
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
