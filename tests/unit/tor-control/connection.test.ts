import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { RbError } from '@rustbalance/actors/kernel/errors.js';
import {
  controlConnection,
  type ControlConnectionOptions,
} from '@rustbalance/actors/tor/control/connection.js';
import { openControlConnection } from '@rustbalance/actors/tor/control/open-connection.js';
import { manualClock } from './manual-clock.js';
import { wire } from './parsing.js';

/** A stream whose other end is the test. */
class Line extends Duplex {
  readonly written: string[] = [];
  /** While set, nothing that is written is taken. */
  taken: (() => void) | null = null;
  holding = false;

  override _read(): void {
    // What the test says is pushed at once.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk.toString('latin1'));
    if (this.holding) this.taken = done;
    else done();
  }

  says(text: string): void {
    this.push(Buffer.from(text, 'latin1'));
  }
}

const connect = (options: Partial<ControlConnectionOptions> = {}, highWaterMark = 1 << 20) => {
  const line = new Line({ writableHighWaterMark: highWaterMark });
  const clock = manualClock();
  const connection = controlConnection(line, { where: 'test', clock, commandDeadlineMs: 1000, ...options });
  return { line, clock, connection };
};

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'fulfilled',
    (error: unknown) => (error instanceof RbError ? error.code : String(error)),
  );

describe('control connection', () => {
  test('commands in flight are answered in the order of sending', async () => {
    const { line, connection } = connect();
    const replies = [connection.send(wire('GETINFO a')), connection.send(wire('GETINFO b'))];
    expect(line.written.join('')).toBe('GETINFO a\r\nGETINFO b\r\n');
    line.says('250 first\r\n250 second\r\n');
    expect((await Promise.all(replies)).map(({ lines }) => lines[0]?.text)).toEqual(['first', 'second']);
  });

  test('a refusal is a reply like any other', async () => {
    const { line, connection } = connect();
    const reply = connection.send(wire('NONSENSE'));
    line.says('510 Unrecognized command "NONSENSE"\r\n');
    expect((await reply).status).toBe(510);
    expect(connection.isOpen).toBe(true);
  });

  test('an event between command and reply goes to the listeners, not to the command', async () => {
    const { line, connection } = connect();
    const seen: string[] = [];
    const stop = connection.onEvent((event) => seen.push(event.lines[0]!.text));
    const reply = connection.send(wire('GETINFO a'));
    line.says('650 SIGNAL RELOAD\r\n250 OK\r\n650 BW 1 1\r\n');
    expect((await reply).lines[0]?.text).toBe('OK');
    expect(seen).toEqual(['SIGNAL RELOAD', 'BW 1 1']);
    stop();
    line.says('650 BW 2 2\r\n');
    await tick();
    expect(seen).toHaveLength(2);
  });

  test('a command past its deadline ends the connection, since later replies could not be told apart', async () => {
    const { line, clock, connection } = connect();
    const slow = codeOf(connection.send(wire('GETINFO a'), { deadlineMs: 500 }));
    const other = codeOf(connection.send(wire('GETINFO b')));
    clock.advance(499);
    expect(connection.isOpen).toBe(true);
    clock.advance(1);
    expect(await slow).toBe('control.deadline');
    expect(await other).toBe('control.deadline');
    expect(connection.isOpen).toBe(false);
    expect(line.destroyed).toBe(true);
    expect((await connection.closed).data.detail).toMatchObject({ command: 'GETINFO', deadlineMs: 500 });
  });

  test('a reply before the deadline leaves no timer behind', async () => {
    const { line, clock, connection } = connect();
    const reply = connection.send(wire('GETINFO a'));
    line.says('250 OK\r\n');
    await reply;
    expect(clock.timers).toBe(0);
    clock.advance(10_000);
    expect(connection.isOpen).toBe(true);
  });

  test('close gives its reason to everything in flight and to everything later', async () => {
    const { connection, clock } = connect();
    const inFlight = connection.send(wire('GETINFO a'));
    connection.close('the actor stops');
    connection.close('again');
    await expect(inFlight).rejects.toMatchObject({
      data: { code: 'control.closed', detail: { reason: 'the actor stops' } },
    });
    expect(await codeOf(connection.send(wire('GETINFO b')))).toBe('control.closed');
    expect((await connection.closed).data.detail).toEqual({ reason: 'the actor stops' });
    expect(clock.timers).toBe(0);
  });

  test('an end of file between replies and one inside a reply are told apart', async () => {
    const between = connect();
    between.line.push(null);
    expect((await between.connection.closed).data.detail['reason']).toBe('Tor closed it');
    const inside = connect();
    inside.line.says('250-half=');
    inside.line.push(null);
    expect((await inside.connection.closed).data.detail['reason']).toContain('in the middle of a reply');
  });

  test("an error of the stream ends the connection with the system's words", async () => {
    const { line, connection } = connect();
    line.destroy(new Error('read ECONNRESET'));
    expect((await connection.closed).data).toMatchObject({
      code: 'control.closed',
      detail: { reason: 'read ECONNRESET' },
    });
  });

  test('a reply that nobody asked for ends the connection', async () => {
    const { line, connection } = connect();
    line.says('250 OK\r\n');
    expect((await connection.closed).data).toMatchObject({
      code: 'control.protocol',
      detail: { violation: 'reply-without-command' },
    });
  });

  test('what is no control protocol ends the connection and fails the command', async () => {
    const { line, connection } = connect();
    const reply = codeOf(connection.send(wire('PROTOCOLINFO 1')));
    line.says('HTTP/1.1 400 Bad Request\r\n');
    expect(await reply).toBe('control.protocol');
    expect((await connection.closed).data.detail).toEqual({ violation: 'malformed-line' });
  });

  test('more commands in flight than the limit are refused, and the connection lives', async () => {
    const { line, connection } = connect({ maxInFlight: 1 });
    const first = connection.send(wire('GETINFO a'));
    expect(await codeOf(connection.send(wire('GETINFO b')))).toBe('control.overloaded');
    line.says('250 OK\r\n');
    expect((await first).status).toBe(250);
  });

  test.each([
    ['a line break', 'GETINFO a\r\nSIGNAL HALT', undefined],
    ['a NUL', 'GETINFO a\0', undefined],
    ['a body without the + of a multi-line command', 'HSPOST', new Uint8Array(1)],
    ['a + without a body', '+HSPOST', undefined],
    ['more than Tor reads', `GETINFO ${'x'.repeat(1024 * 1024)}`, undefined],
  ])('a command with %s is not sent', async (_, text, data) => {
    const { line, connection } = connect();
    expect(await codeOf(connection.send(wire(text), data === undefined ? {} : { data }))).toBe(
      'control.bad-argument',
    );
    expect(line.written).toEqual([]);
    expect(connection.isOpen).toBe(true);
  });

  test('errors name the command but never its arguments', async () => {
    const { clock, connection } = connect();
    const reply = connection.send(wire('AUTHENTICATE 736563726574'));
    clock.advance(1000);
    const error: unknown = await reply.catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error)).not.toContain('736563726574');
    expect(error).toMatchObject({ data: { detail: { command: 'AUTHENTICATE' } } });
  });

  test('while Tor does not read, commands wait here; when it reads again they go out in order', async () => {
    const { line, connection } = connect({}, 16);
    line.holding = true;
    const sent = [1, 2, 3].map((n) =>
      connection.send(wire(`+HSPOST ${n}`), { data: Buffer.from('.document\n') }),
    );
    await tick();
    expect(line.written).toHaveLength(1);
    expect(line.writableLength).toBeLessThan(60);
    line.holding = false;
    line.taken?.();
    await tick();
    expect(line.written.join('')).toBe([1, 2, 3].map((n) => `+HSPOST ${n}\r\n..document\r\n.\r\n`).join(''));
    line.says('250 OK\r\n'.repeat(3));
    expect((await Promise.all(sent)).map(({ status }) => status)).toEqual([250, 250, 250]);
  });
});

describe('opening a control connection', () => {
  test("a connector that fails is told with the system's reason", async () => {
    const opening = openControlConnection({
      where: 'unix:/nowhere',
      clock: manualClock(),
      connector: () => Promise.reject(new Error('connect ENOENT /nowhere')),
    });
    await expect(opening).rejects.toMatchObject({
      data: {
        code: 'control.unreachable',
        where: 'unix:/nowhere',
        detail: { reason: 'connect ENOENT /nowhere' },
      },
    });
  });

  test('a connector that gets no answer is ended at the deadline', async () => {
    const clock = manualClock();
    const opening = openControlConnection({
      where: 'hung',
      clock,
      connectDeadlineMs: 100,
      connector: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('no answer')))),
    });
    clock.advance(100);
    expect(await codeOf(opening)).toBe('control.unreachable');
    expect(clock.timers).toBe(0);
  });
});
