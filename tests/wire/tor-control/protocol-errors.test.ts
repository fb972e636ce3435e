import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import type { Misbehaviour } from '../../support/fake-control/misbehaviour.js';
import { dial, errorOf, startSession, withDirectory, type Session } from './dialling.js';

let session: Session | null = null;
afterEach(async () => {
  await session?.close();
  session = null;
});
const start = async (...args: Parameters<typeof startSession>): Promise<Session> =>
  (session = await startSession(...args));

const SMALL_LIMITS = { maxLineBytes: 64 * 1024, maxReplyBytes: 256 * 1024, maxReplyLines: 100 };

describe('a control port that breaks the protocol', () => {
  test.each<[string, Misbehaviour, string, Record<string, unknown>]>([
    [
      'closes in the middle of a reply',
      'close-mid-reply',
      'control.closed',
      { reason: 'Tor closed it in the middle of a reply' },
    ],
    ['closes instead of answering', 'close', 'control.closed', { reason: 'Tor closed it' }],
    ['stops after half a line', 'half-a-line', 'control.deadline', { command: 'GETINFO' }],
    ['falls silent', 'mute', 'control.deadline', { command: 'GETINFO' }],
    ['sends a line without end', 'endless-line', 'control.protocol', { violation: 'line-too-long' }],
    [
      'sends a data section without end',
      'endless-data',
      'control.protocol',
      { violation: 'reply-too-large' },
    ],
    [
      'sends a status that does not exist',
      'unknown-status',
      'control.protocol',
      { violation: 'unknown-status' },
    ],
    [
      'ends lines with LF alone',
      { raw: '250-version=1\n250 OK\n' },
      'control.protocol',
      { violation: 'bare-line-feed' },
    ],
    [
      'puts an event into a reply',
      { raw: '250-version=1\r\n650 BW 1 1\r\n' },
      'control.protocol',
      { violation: 'event-inside-reply' },
    ],
    [
      'sends endless lines',
      { raw: '250-x=y\r\n'.repeat(200) },
      'control.protocol',
      { violation: 'too-many-lines' },
    ],
    [
      'sends bytes of no protocol',
      { raw: '\x16\x03\x01\x02\x00\x01\r\n' },
      'control.protocol',
      { violation: 'malformed-line' },
    ],
  ])('one that %s', async (_, how, code, detail) => {
    const { port, commands, connection } = await start({}, { commandDeadlineMs: 3000, limits: SMALL_LIMITS });
    port.misbehave('GETINFO', how);
    const both = [commands.getInfo(['version']), commands.getConf(['SocksPort'])].map(errorOf);
    const [error] = await Promise.all(both);
    expect(error).toMatchObject({ code, detail });
    expect(error?.where).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(connection.isOpen).toBe(false);
    await eventually('the fake has lost us', () => port.connections === 0, { timeoutMs: 10_000, everyMs: 5 });
  });

  test('an answer left out shifts all later ones, so the connection is not trusted past the deadline', async () => {
    const { port, commands, connection } = await start({}, { commandDeadlineMs: 1500 });
    port.misbehave('SETEVENTS', 'no-answer');
    const left = commands.setEvents(['CIRC']);
    const after = commands.getInfo(['version']);
    // The reply to GETINFO came first and was taken for that of SETEVENTS; GETINFO itself then hears nothing.
    await left;
    expect((await errorOf(after)).code).toBe('control.deadline');
    expect(connection.isOpen).toBe(false);
  });

  test('a reply that comes after its deadline reaches nobody', async () => {
    const { port, commands, connection } = await start({}, { commandDeadlineMs: 1500 });
    port.misbehave('GETINFO', 'late');
    expect((await errorOf(commands.getInfo(['version']))).code).toBe('control.deadline');
    port.answerLate();
    expect((await connection.closed).code).toBe('control.deadline');
  });

  test('a late reply within the deadline is an answer like any other', async () => {
    const { port, commands } = await start();
    port.misbehave('GETINFO', 'late');
    const asked = commands.getInfo(['version']);
    await eventually('the command has arrived', () => port.received.at(-1)?.keyword === 'GETINFO', {
      timeoutMs: 5000,
      everyMs: 5,
    });
    port.answerLate();
    expect((await asked).get('version')?.text()).toBe('0.4.9.11');
  });

  test('two replies to one command end the connection', async () => {
    const { port, commands, connection } = await start();
    port.misbehave('GETINFO', 'twice');
    await commands.getInfo(['version']);
    expect((await connection.closed).data.detail).toEqual({ violation: 'reply-without-command' });
  });

  test('a Tor that dies is told at once, to every command in flight', async () => {
    const { port, commands, connection } = await start();
    port.misbehave('GETINFO', 'mute');
    const asked = [commands.getInfo(['version']), commands.getConf(['SocksPort'])].map(errorOf);
    await eventually('the commands have arrived', () => port.received.at(-1)?.keyword === 'GETCONF', {
      timeoutMs: 5000,
      everyMs: 5,
    });
    port.dropConnections();
    expect((await Promise.all(asked)).map(({ code }) => code)).toEqual(['control.closed', 'control.closed']);
    expect((await connection.closed).code).toBe('control.closed');
  });
});

describe('no control port', () => {
  test('nothing listens at a TCP port', async () => {
    const { port } = await start();
    const { endpoint } = port;
    await port.close();
    expect(await errorOf(dial(endpoint))).toMatchObject({ code: 'control.unreachable' });
  });

  test('the unix socket is missing: the error names it', () =>
    withDirectory(async (directory) => {
      const path = join(directory, 'missing');
      const error = await errorOf(dial({ kind: 'unix', path }));
      expect(error.where).toBe(`unix:${path}`);
      expect(error.detail['reason']).toContain('ENOENT');
    }));
});
