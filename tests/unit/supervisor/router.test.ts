import type { ToActor } from '@rustbalance/actors/kernel/envelope.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import type { ActorName, MessageName } from '@rustbalance/actors/kernel/messages.js';
import { Router } from '@rustbalance/supervisor/router.js';
import type { Routed } from '@rustbalance/supervisor/router.js';
import { beforeEach, expect, test } from 'vitest';
import { SimulatedClock } from '../../support/simulated-clock.js';

let clock: SimulatedClock;
let records: LogRecord[];
let router: Router;

beforeEach(() => {
  clock = new SimulatedClock(0);
  records = [];
  router = new Router(
    clock,
    makeLogger(
      'router',
      () => 0,
      (record) => records.push(record),
    ),
  );
});

/** An incarnation whose thread only notes what reaches it. */
class FakeThread {
  readonly got: ToActor[] = [];
  readonly name: ActorName;
  readonly generation: number;

  constructor(name: ActorName, generation = 1) {
    this.name = name;
    this.generation = generation;
    router.born(name, generation, (message) => this.got.push(message));
  }

  static up(name: ActorName, subscriptions: readonly MessageName[] = [], generation = 1): FakeThread {
    const thread = new FakeThread(name, generation);
    thread.ready(subscriptions);
    return thread;
  }

  ready(subscriptions: readonly MessageName[] = []): void {
    router.ready(this.name, this.generation, subscriptions);
  }

  says(message: Routed): void {
    router.receive(this.name, this.generation, message);
  }

  asks(id: number, deadlineMs = 1_000): void {
    this.says({ kind: 'request', id, name: 'tor.fetch', payload: { id }, deadlineMs });
  }

  dies(): void {
    router.died(this.name, this.generation);
  }

  replies(): unknown[] {
    return this.got.flatMap((message) =>
      message.kind === 'reply'
        ? [message.outcome.ok ? message.outcome.answer : message.outcome.error.code]
        : [],
    );
  }
}

const status = (state: string): Routed => ({ kind: 'fact', name: 'tor.status', payload: { state } });

test('a fact reaches those who subscribe to it, and nobody else', () => {
  const tor = FakeThread.up('tor');
  const publisher = FakeThread.up('publisher', ['tor.status']);
  const proxy = FakeThread.up('proxy');
  tor.says(status('up'));
  expect(publisher.got).toEqual([{ kind: 'fact', name: 'tor.status', payload: { state: 'up' } }]);
  expect(proxy.got).toEqual([]);
  expect(router.fact('tor.status')).toEqual({ state: 'up' });
});

test('whoever starts or restarts is given the newest facts before anything else', () => {
  const tor = FakeThread.up('tor');
  tor.says(status('down'));
  tor.says(status('up'));
  const first = FakeThread.up('publisher', ['tor.status']);
  first.dies();
  const election = FakeThread.up('election');
  election.says({ kind: 'order', name: 'publisher.publish-now', payload: { reason: 'x' } });
  const second = FakeThread.up('publisher', ['tor.status'], 2);
  expect(first.got.map(({ kind }) => kind)).toEqual(['fact']);
  expect(second.got).toEqual([
    { kind: 'fact', name: 'tor.status', payload: { state: 'up' } },
    { kind: 'order', name: 'publisher.publish-now', payload: { reason: 'x' }, from: 'election' },
  ]);
});

test('a fact that an actor publishes while it starts is kept and spread already', () => {
  const publisher = FakeThread.up('publisher', ['tor.status']);
  const tor = new FakeThread('tor');
  tor.says(status('launching'));
  expect(publisher.got).toHaveLength(1);
});

test('a signal for an actor between two incarnations is lost without a word', () => {
  const tor = FakeThread.up('tor');
  FakeThread.up('publisher', ['tor.upload-answer']).dies();
  tor.says({ kind: 'signal', name: 'tor.upload-answer', payload: {} });
  const publisher = FakeThread.up('publisher', ['tor.upload-answer'], 2);
  expect(publisher.got).toEqual([]);
  expect(records).toEqual([]);
});

test('an actor may not speak for another', () => {
  const publisher = FakeThread.up('publisher', []);
  publisher.says(status('up'));
  expect(router.fact('tor.status')).toBeUndefined();
  expect(records).toMatchObject([{ level: 'warn', fields: { message: 'tor.status', to: 'publisher' } }]);
});

test('a request is answered by its owner', () => {
  const tor = FakeThread.up('tor');
  const publisher = FakeThread.up('publisher');
  publisher.asks(5);
  expect(tor.got).toMatchObject([
    { kind: 'request', name: 'tor.fetch', payload: { id: 5 }, from: 'publisher' },
  ]);
  const [request] = tor.got;
  if (request?.kind !== 'request') throw new Error('no request');
  tor.says({ kind: 'reply', id: request.id, outcome: { ok: true, answer: 'found' } });
  tor.says({ kind: 'reply', id: request.id, outcome: { ok: true, answer: 'twice' } });
  expect(publisher.got).toEqual([{ kind: 'reply', id: 5, outcome: { ok: true, answer: 'found' } }]);
});

test('a request whose owner dies is answered with that at once', () => {
  const tor = FakeThread.up('tor');
  const publisher = FakeThread.up('publisher');
  publisher.asks(1);
  tor.dies();
  expect(publisher.replies()).toEqual(['message.peer-died']);
});

test('a request to an actor that restarts waits for it', () => {
  FakeThread.up('tor').dies();
  const publisher = FakeThread.up('publisher');
  publisher.asks(1);
  const tor = new FakeThread('tor', 2);
  expect(tor.got).toEqual([]);
  tor.ready();
  const [request] = tor.got;
  if (request?.kind !== 'request') throw new Error('no request');
  tor.says({ kind: 'reply', id: request.id, outcome: { ok: true, answer: 'late but good' } });
  expect(publisher.replies()).toEqual(['late but good']);
});

test('a request to an actor that never returns is given up at its deadline and not delivered after that', async () => {
  const publisher = FakeThread.up('publisher');
  publisher.asks(1, 500);
  await clock.advance(499);
  expect(publisher.replies()).toEqual([]);
  await clock.advance(1);
  expect(publisher.replies()).toEqual(['message.deadline']);
  expect(FakeThread.up('tor').got).toEqual([]);
});

test('a request that was never delivered survives the death of its owner’s incarnation, and dies with the next', () => {
  const publisher = FakeThread.up('publisher');
  const first = new FakeThread('tor', 1);
  publisher.asks(1);
  first.dies();
  expect(publisher.replies()).toEqual([]);
  FakeThread.up('tor', [], 2).dies();
  expect(publisher.replies()).toEqual(['message.peer-died']);
});

test('what an earlier incarnation asked is neither delivered nor answered to the next', () => {
  const publisher = FakeThread.up('publisher');
  publisher.asks(1);
  publisher.dies();
  const next = FakeThread.up('publisher', [], 2);
  const tor = FakeThread.up('tor');
  expect(tor.got).toEqual([]);
  publisher.asks(2);
  publisher.says(status('up'));
  expect(tor.got).toEqual([]);
  expect(next.got).toEqual([]);
});

test('an answer comes only from the owner of the request', () => {
  const tor = FakeThread.up('tor');
  const publisher = FakeThread.up('publisher');
  const proxy = FakeThread.up('proxy');
  publisher.asks(1);
  const [request] = tor.got;
  if (request?.kind !== 'request') throw new Error('no request');
  proxy.says({ kind: 'reply', id: request.id, outcome: { ok: true, answer: 'forged' } });
  expect(publisher.replies()).toEqual([]);
});

test('services of the main thread answer requests, and their refusals cross as data', async () => {
  router.provide<'pool'>({
    'pool.run': ({ task }, { deadlineMs }) =>
      task === 'good'
        ? Promise.resolve({ deadlineMs })
        : Promise.reject(Object.assign(new Error('first line\nsecond'), { code: 'X' })),
  });
  const publisher = FakeThread.up('publisher');
  const ask = (id: number, task: string): void => {
    publisher.says({
      kind: 'request',
      id,
      name: 'pool.run',
      payload: { task, input: null },
      deadlineMs: 700,
    });
  };
  ask(1, 'good');
  ask(2, 'bad');
  await clock.advance(0);
  expect(publisher.replies()).toEqual([{ deadlineMs: 700 }, 'internal.unexpected']);
});

test('a request that nobody serves is refused', () => {
  const publisher = FakeThread.up('publisher');
  publisher.says({ kind: 'request', id: 1, name: 'host.spawn', payload: {}, deadlineMs: 700 });
  expect(publisher.replies()).toEqual(['message.unknown']);
});

test('the main thread itself can ask', async () => {
  const tor = FakeThread.up('tor');
  const answer = router.request('tor.fetch', { address: 'a' as never, hsdir: 'h' as never }, 100);
  const [request] = tor.got;
  if (request?.kind !== 'request') throw new Error('no request');
  const error = errorData('control.closed', 'tor', { reason: 'gone' });
  tor.says({ kind: 'reply', id: request.id, outcome: { ok: false, error } });
  await expect(answer).rejects.toMatchObject({ code: 'control.closed' });
});

test('an actor that does not keep up is given no more: signals are dropped, requests refused, facts postponed', () => {
  const tor = FakeThread.up('tor');
  const publisher = FakeThread.up('publisher', ['tor.upload-answer', 'tor.status']);
  const health = FakeThread.up('health');
  for (let i = 0; i < 3_000; i++) tor.says({ kind: 'signal', name: 'tor.upload-answer', payload: i });
  expect(publisher.got).toHaveLength(2_000);
  expect(router.depth('publisher')).toBe(2_000);
  expect(records).toHaveLength(1);
  tor.says(status('down'));
  tor.says(status('up'));
  expect(publisher.got).toHaveLength(2_000);
  publisher.says({ kind: 'handled', count: 1_500 });
  expect(publisher.got.slice(2_000)).toEqual([
    { kind: 'fact', name: 'tor.status', payload: { state: 'up' } },
  ]);
  expect(health.got).toEqual([]);
});

test('a request to an actor that does not keep up is refused with how far it is behind', () => {
  const tor = FakeThread.up('tor');
  const publisher = FakeThread.up('publisher');
  const election = FakeThread.up('election');
  for (let i = 0; i < 1_000; i++) publisher.asks(i);
  for (let i = 0; i < 1_000; i++) election.asks(i);
  expect(tor.got).toHaveLength(2_000);
  FakeThread.up('health').asks(1);
  election.asks(1_001);
  expect(election.replies()).toEqual(['message.overloaded']);
});

test('what waits for an actor that is down is bounded', () => {
  const publisher = FakeThread.up('publisher');
  for (let i = 0; i < 600; i++) publisher.asks(i);
  expect(publisher.replies()).toHaveLength(100);
  expect(new Set(publisher.replies())).toEqual(new Set(['message.overloaded']));
  expect(router.depth('tor')).toBe(500);
});

test('an actor that asks and asks without end is refused', () => {
  const tor = FakeThread.up('tor');
  const publisher = FakeThread.up('publisher');
  for (let i = 0; i < 2_001; i++) {
    publisher.asks(i);
    tor.says({ kind: 'handled', count: 1 });
  }
  expect(publisher.replies()).toEqual(['message.overloaded']);
});

test.each([Number.NaN, -1, 0, Number.POSITIVE_INFINITY])(
  'a deadline of %s ms is cut to one that ends',
  async (deadlineMs) => {
    const publisher = FakeThread.up('publisher');
    publisher.asks(1, deadlineMs);
    await clock.advance(600_000);
    expect(publisher.replies()).toEqual(['message.deadline']);
  },
);
