import { PassThrough } from 'node:stream';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { formatted } from '@rustbalance/supervisor/log-format.js';
import { chosenFormat, logSink } from '@rustbalance/supervisor/log-sink.js';
import { guarded } from '@rustbalance/supervisor/redaction-guard.js';
import { repeatLimiter } from '@rustbalance/supervisor/repeat-limiter.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimulatedClock } from '../../support/simulated-clock.js';

const record = (change: Partial<LogRecord> = {}): LogRecord => ({
  level: 'info',
  component: 'tor',
  message: 'connected',
  fields: {},
  error: null,
  atMs: 0,
  ...change,
});

const ADDRESS = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd';

test('text is a time, a level, a component, a message, fields, and what to do about an error', () => {
  const error = errorData('state.write-failed', '/var/lib/x', { reason: 'ENOSPC' });
  expect(formatted(record({ level: 'warn', fields: { n: 1, why: 'two words' }, error }), 'text')).toBe(
    '1970-01-01T00:00:00.000Z warn  tor: connected n=1 why="two words": /var/lib/x: the state file cannot be ' +
      'written (ENOSPC); it is tried again every 15 s [state.write-failed]. Check free space, and that the directory belongs to the user of the daemon.',
  );
});

test.each([
  ['error', '<3>'],
  ['warn', '<4>'],
  ['info', '<6>'],
  ['debug', '<7>'],
] as const)('in the journal, %s has the priority %s and no time', (level, prefix) => {
  expect(formatted(record({ level }), 'journal')).toBe(`${prefix}tor: connected`);
});

test('json is one object a line, with the error as data', () => {
  const error = errorData('chaos.disabled', 'chaos.enabled');
  const line = formatted(record({ fields: { a: null }, error }), 'json');
  expect(JSON.parse(line)).toEqual({
    time: '1970-01-01T00:00:00.000Z',
    level: 'info',
    component: 'tor',
    message: 'connected',
    error,
    fields: { a: null },
  });
});

test('whatever is logged is one line without control characters', () => {
  const anyText = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(anyText, anyText, fc.constantFrom('text', 'json', 'journal'), (message, value, format) => {
      const line = formatted(record({ message, fields: { value } }), format);
      expect(line).not.toMatch(/[\u0000-\u001f]/);
    }),
  );
});

test('the journal format is chosen only when standard error is the journal', () => {
  expect(chosenFormat('text', '8:1234', { dev: 8, ino: 1234 })).toBe('journal');
  expect(chosenFormat('text', '8:1234', { dev: 8, ino: 99 })).toBe('text');
  expect(chosenFormat('text', undefined, { dev: 8, ino: 99 })).toBe('text');
  expect(chosenFormat('json', '8:1234', { dev: 8, ino: 1234 })).toBe('json');
});

test('a full onion address is masked everywhere in a record at info and above', () => {
  const error = errorData('internal.unexpected', `${ADDRESS}.onion`, { message: `fetch ${ADDRESS}.onion` });
  const leaky = record({
    message: `published ${ADDRESS}.onion and ${ADDRESS.toUpperCase()}`,
    fields: { address: ADDRESS, url: `http://${ADDRESS}.onion/x` },
    error,
  });
  for (const level of ['error', 'warn', 'info'] as const) {
    const text = JSON.stringify(guarded({ ...leaky, level })).toLowerCase();
    expect(text).not.toContain(ADDRESS);
    expect(text).toContain('…cryd.onion');
  }
  expect(JSON.stringify(guarded({ ...leaky, level: 'debug' }))).toContain(ADDRESS);
});

test('what only looks like an address is left alone', () => {
  const hash = 'a'.repeat(57);
  expect(guarded(record({ message: `${hash} ${'b'.repeat(55)}` })).message).toBe(`${hash} ${'b'.repeat(55)}`);
});

test('a record that repeats is written ten times a minute, and then says how many were left out', () => {
  const clock = new SimulatedClock(0);
  const limiter = repeatLimiter(clock);
  const written = Array.from({ length: 1_000 }, (_, n) => limiter.admit(record({ fields: { n } })));
  expect(written.filter((entry) => entry !== null)).toHaveLength(10);
});

test('the first of the next minute carries the number that was left out', async () => {
  const clock = new SimulatedClock(0);
  const limiter = repeatLimiter(clock);
  for (let i = 0; i < 25; i++) limiter.admit(record());
  await clock.advance(60_000);
  expect(limiter.admit(record())?.fields).toEqual({ repeated: 15 });
  expect(limiter.admit(record())?.fields).toEqual({});
});

test('different records do not share a limit, and debug has none', () => {
  const limiter = repeatLimiter(new SimulatedClock(0));
  for (let i = 0; i < 20; i++) limiter.admit(record());
  expect(limiter.admit(record({ message: 'other' }))).not.toBeNull();
  expect(limiter.admit(record({ fields: { actor: 'wg' } }))).not.toBeNull();
  for (let i = 0; i < 20; i++) expect(limiter.admit(record({ level: 'debug' }))).not.toBeNull();
});

test('the limiter forgets what it has not seen for longest instead of growing', () => {
  const limiter = repeatLimiter(new SimulatedClock(0));
  for (let i = 0; i < 20; i++) limiter.admit(record({ message: 'first' }));
  expect(limiter.admit(record({ message: 'first' }))).toBeNull();
  for (let i = 0; i < 600; i++) limiter.admit(record({ message: String(i) }));
  expect(limiter.admit(record({ message: 'first' }))).not.toBeNull();
});

test('a closed sink has written everything, one line a record, and nothing beyond its level', async () => {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const sink = logSink({ level: 'info', format: 'text', stream, clock: new SimulatedClock(0) });
  for (let i = 0; i < 100; i++) sink.write(record({ message: `line ${String(i)}` }));
  sink.write(record({ level: 'debug', message: 'secret of developers' }));
  await sink.close();
  expect(text.trimEnd().split('\n')).toHaveLength(100);
  expect(text).not.toContain('secret of developers');
});

test('a stream that breaks does not take the daemon along', async () => {
  const stream = new PassThrough();
  const sink = logSink({ level: 'info', format: 'text', stream, clock: new SimulatedClock(0) });
  expect(() => stream.emit('error', new Error('EPIPE'))).not.toThrow();
  sink.write(record());
  await sink.close();
});
