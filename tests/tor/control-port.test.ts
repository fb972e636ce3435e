import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import { torCommands, type TorCommands } from '@rustbalance/actors/tor/control/commands.js';
import type { ControlConnection } from '@rustbalance/actors/tor/control/connection.js';
import type { StreamAddress } from '@rustbalance/actors/kernel/stream-address.js';
import { parseEvent, type TorEvent } from '@rustbalance/actors/tor/control/events.js';
import {
  HIDDEN_SERVICE_OPTIONS,
  hiddenServiceLines,
  parseHiddenServices,
} from '@rustbalance/actors/tor/control/hidden-service-options.js';
import { INFO, parseBootstrapPhase, parseCircuitStatus } from '@rustbalance/actors/tor/control/info.js';
import { fromWireText, toWireText } from '@rustbalance/actors/tor/control/wire-text.js';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { torProcess, type TorProcess } from '../support/tor-network/tor-process.js';
import { findTorPrograms } from '../support/tor-network/tor-programs.js';
import { dial, errorOf, login, secret } from '../wire/tor-control/dialling.js';

const PASSWORD = 'correct "horse" \\ bättery';
const ADDRESS = `${'e'.repeat(55)}d` as OnionAddress;
const RELAY = 'AB'.repeat(20) as RelayFingerprint;
const PATIENCE = { timeoutMs: 10_000, everyMs: 20 };
const line = (key: string, value: string | null) => ({
  key,
  value: value === null ? null : toWireText(value),
});

let directory = '';
let tor: TorProcess;
let endpoint: StreamAddress;
const open: ControlConnection[] = [];

const hashPassword = async (program: string): Promise<string> => {
  const { stdout } = await promisify(execFile)(program, ['--quiet', '--hash-password', PASSWORD]);
  return stdout.trim().split('\n').at(-1) ?? '';
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rb-tor-'));
  const { tor: program } = await findTorPrograms();
  // Never online: every reply here is about the control port itself.
  tor = torProcess({
    name: 'offline',
    dataDir: join(directory, 'data'),
    torrc: [
      'DisableNetwork 1',
      'SocksPort 0',
      'ControlPort 127.0.0.1:auto',
      `HashedControlPassword ${await hashPassword(program)}`,
    ],
    program,
  });
  await tor.start();
  endpoint = { kind: 'unix', path: tor.controlSocket };
});

afterEach(() => {
  for (const connection of open.splice(0)) connection.close('the test is over');
});

afterAll(async () => {
  await tor.stop();
  await rm(directory, { recursive: true, force: true });
});

const dialled = async (where: StreamAddress = endpoint): Promise<ControlConnection> => {
  const connection = await dial(where);
  open.push(connection);
  return connection;
};

const session = async (): Promise<{
  commands: TorCommands;
  connection: ControlConnection;
  events: TorEvent[];
}> => {
  const connection = await dialled();
  const events: TorEvent[] = [];
  connection.onEvent((message) => events.push(parseEvent(message)));
  await login(connection);
  return { commands: torCommands(connection), connection, events };
};

const holding = (bytes: Uint8Array) => ({
  read: () => Promise.resolve(bytes),
  groupOf: () => Promise.resolve(null),
});

describe('authentication with a real Tor', () => {
  test.each(['SAFECOOKIE', 'COOKIE', 'HASHEDPASSWORD'] as const)('%s', async (method) => {
    const connection = await dialled();
    const authenticated = await login(connection, { methods: [method], password: secret(PASSWORD) });
    expect(authenticated).toMatchObject({ method, cookieFile: tor.cookiePath });
    expect(authenticated.torVersion).toMatch(/^0\.4\./);
    expect((await torCommands(connection).getInfo(['version'])).get('version')?.text()).toMatch(/^0\.4\./);
  });

  test('over TCP', async () => {
    const { commands } = await session();
    const listeners = (await commands.getInfo(['net/listeners/control']))
      .get('net/listeners/control')!
      .text();
    const port = Number(/"127\.0\.0\.1:(\d+)"/.exec(listeners)?.[1]);
    expect((await login(await dialled({ kind: 'tcp', host: '127.0.0.1', port }))).method).toBe('SAFECOOKIE');
  });

  test('NULL, where Tor demands nothing', async () => {
    const { commands } = await session();
    const saved = await commands.getConf(['HashedControlPassword']);
    await commands.setConf([line('CookieAuthentication', '0'), line('HashedControlPassword', null)]);
    try {
      expect((await login(await dialled())).method).toBe('NULL');
    } finally {
      await commands.setConf([line('CookieAuthentication', '1'), ...saved]);
    }
  });

  test.each([
    [
      'a wrong password',
      { methods: ['HASHEDPASSWORD' as const], password: secret('wrong') },
      'control.auth-password-wrong',
    ],
    [
      "another Tor's cookie under SAFECOOKIE",
      { cookieFiles: holding(randomBytes(32)) },
      'control.auth-server-hash',
    ],
    [
      "another Tor's cookie under COOKIE",
      { methods: ['COOKIE' as const], cookieFiles: holding(randomBytes(32)) },
      'control.auth-cookie-refused',
    ],
  ])('%s', async (_, options, code) => {
    const connection = await dialled();
    expect((await errorOf(login(connection, options))).code).toBe(code);
    expect(connection.isOpen).toBe(false);
  });

  test('a command before authentication is answered 514 and the connection ends', async () => {
    const connection = await dialled();
    expect((await errorOf(torCommands(connection).getInfo(['version']))).code).toBe(
      'control.not-authenticated',
    );
    await connection.closed;
  });
});

describe('GETINFO of a real Tor', () => {
  test('every value that is read has the form that is expected', async () => {
    const { commands } = await session();
    const values = await commands.getInfo([
      INFO.version,
      INFO.bootstrapPhase,
      INFO.circuitStatus,
      INFO.processId,
      'config-file',
    ]);
    const text = (key: string) => values.get(key)!.text();
    expect(text(INFO.version)).toMatch(/^0\.4\.\d/);
    expect(parseBootstrapPhase(text(INFO.bootstrapPhase))).toMatchObject({ progress: 0, tag: 'starting' });
    expect(parseCircuitStatus(text(INFO.circuitStatus))).toEqual([]);
    expect(text(INFO.processId)).toBe(String(tor.pid));
    expect(fromWireText(text('config-file'))).toBe(tor.torrcPath);
  });

  test('a long value comes as a data section that ends in LF', async () => {
    const { commands } = await session();
    const names = (await commands.getInfo(['config/names'])).get('config/names')!.text();
    expect(names.split('\n').length).toBeGreaterThan(300);
    expect(names).toMatch(/\nHiddenServiceDir [^\n]+\n/);
    expect(names.endsWith('\n')).toBe(true);
    expect(names).not.toContain('\r');
  });

  test('two hundred commands in flight are answered in their order', async () => {
    const { commands } = await session();
    const keys = Array.from({ length: 200 }, (_, n) =>
      n % 3 === 0 ? 'config/names' : n % 3 === 1 ? 'version' : 'process/pid',
    );
    const answers = await Promise.all(keys.map((key) => commands.getInfo([key])));
    expect(answers.map((values) => [...values.keys()])).toEqual(keys.map((key) => [key]));
  });

  test('a key that Tor does not know, and a consensus that it does not have', async () => {
    const { commands } = await session();
    expect((await errorOf(commands.getInfo(['version', 'no/such/key']))).code).toBe('control.unknown-key');
    expect((await errorOf(commands.getInfo([INFO.consensus]))).code).toBe('control.not-available');
  });
});

describe('configuration of a real Tor', () => {
  test('any text that fits on a line is set and read back as it was', async () => {
    const { commands } = await session();
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .filter((value) => !/\p{Cc}/u.test(value));
    const odd = fc.constantFrom('#', '"', '\\', '"a" b', '\\n', 'a # b', "it's", '"', 'x="y"', '\\101');
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, odd), async (value) => {
        await commands.setConf([line('ContactInfo', value)]);
        expect(await commands.getConf(['ContactInfo'])).toEqual([line('ContactInfo', value)]);
      }),
      { numRuns: 60 },
    );
    await commands.resetConf([line('ContactInfo', null)]);
    expect(await commands.getConf(['ContactInfo'])).toEqual([line('ContactInfo', null)]);
  });

  test('onion services: added beside others, told by CONF_CHANGED, replaced as a whole, forgotten by a reload', async () => {
    const { commands, events } = await session();
    await commands.setEvents(['CONF_CHANGED', 'SIGNAL', 'HS_DESC', 'HS_DESC_CONTENT', 'CIRC', 'CIRC_MINOR']);
    const services = async () => parseHiddenServices(await commands.getConf([HIDDEN_SERVICE_OPTIONS]))!;
    expect(await services()).toEqual([]);

    const other = [
      line('HiddenServiceDir', join(tor.dataDir, 'other #1 é')),
      line('HiddenServicePort', '80 127.0.0.1:8080'),
      line('HiddenServicePort', '443 unix:/run/other'),
    ];
    await commands.setConf(other);
    const before = await services();
    expect(before.map(({ directory: path }) => fromWireText(path))).toEqual([
      join(tor.dataDir, 'other #1 é'),
    ]);
    expect(before[0]?.lines).toEqual(expect.arrayContaining(other));

    const ours = [
      line('HiddenServiceDir', join(tor.dataDir, 'ours')),
      line('HiddenServicePort', '80 127.0.0.1:9101'),
    ];
    await commands.setConf([...hiddenServiceLines(before), ...ours]);
    const both = await services();
    expect(both.map(({ lines: [first] }) => first)).toEqual([other[0], ours[0]]);
    // The same again changes nothing.
    await commands.setConf(hiddenServiceLines(both));
    expect(await services()).toEqual(both);

    const changes = await eventually(
      'CONF_CHANGED names our directory',
      () =>
        events
          .flatMap((event) => (event.type === 'CONF_CHANGED' ? event.changes : []))
          .find(({ value }) => value === ours[0]?.value),
      PATIENCE,
    );
    expect(changes.key).toBe('HiddenServiceDir');

    await commands.setConf(ours);
    expect((await services()).map(({ lines: [first] }) => first)).toEqual([ours[0]]);

    events.length = 0;
    await commands.signal('RELOAD');
    await eventually(
      'the reload is told',
      () => events.some((event) => event.type === 'SIGNAL' && event.signal === 'RELOAD'),
      PATIENCE,
    );
    await eventually('the services are gone', async () => (await services()).length === 0, PATIENCE);
    expect(events.some((event) => event.type === 'CONF_CHANGED')).toBe(true);
  });

  test('a service that is not up yet has no descriptor', async () => {
    const { commands } = await session();
    expect(await commands.serviceDescriptor(ADDRESS)).toBeNull();
  });

  test.each([
    ['an option that Tor does not know', [line('NoSuchOption', '1')], 552],
    ['a value that makes no sense', [line('SocksTimeout', 'never')], 513],
    ['a port before its directory', [line('HiddenServicePort', '80 127.0.0.1:1')], 513],
    ['a change that only a restart can make', [line('DataDirectory', '/nowhere')], 553],
  ])('%s is refused, and nothing is set', async (_, lines, status) => {
    const { commands, connection } = await session();
    const error = await errorOf(commands.setConf([line('ContactInfo', 'must not stay'), ...lines]));
    expect(error).toMatchObject({ code: 'control.option-rejected', detail: { status } });
    expect(await commands.getConf(['ContactInfo'])).toEqual([line('ContactInfo', null)]);
    expect(connection.isOpen).toBe(true);
  });
});

describe('refusals of a real Tor', () => {
  test('a command that does not exist', async () => {
    const { connection } = await session();
    expect((await connection.send(toWireText('NONSENSE 1 2 3'))).status).toBe(510);
    expect((await connection.send(toWireText('GETINFO'))).status).toBe(250);
  });

  test('an option and an event that Tor does not know', async () => {
    const { commands } = await session();
    expect((await errorOf(commands.getConf(['NoSuchOption']))).code).toBe('control.unknown-key');
    expect((await errorOf(commands.setEvents(['NOSUCH' as 'CIRC']))).detail['status']).toBe(552);
  });

  test('every event that is understood here exists', async () => {
    const { commands } = await session();
    const { EVENT_NAMES } = await import('@rustbalance/actors/tor/control/events.js');
    await commands.setEvents(EVENT_NAMES);
  });

  test('uploads and fetches to a relay that Tor does not know', async () => {
    const { commands } = await session();
    const upload = { servers: [RELAY], address: ADDRESS, descriptor: 'hs-descriptor 3\n.\n' };
    expect((await errorOf(commands.hsPost(upload))).code).toBe('control.unknown-hsdir');
    // Tor checks the address's checksum before it looks for the relay.
    const error = await errorOf(commands.hsFetch({ address: ADDRESS, servers: [RELAY] }));
    expect(error).toMatchObject({ code: 'control.rejected', detail: { status: 513 } });
    expect(JSON.stringify(error)).not.toContain(ADDRESS);
  });
});

describe('the end of a real Tor', () => {
  test('SIGNAL SHUTDOWN succeeds and ends every connection', async () => {
    const first = await session();
    const second = await session();
    await first.commands.signal('SHUTDOWN');
    expect((await first.connection.closed).code).toBe('control.closed');
    expect((await second.connection.closed).code).toBe('control.closed');
    expect((await errorOf(second.commands.getInfo(['version']))).code).toBe('control.closed');
    await eventually('tor has ended', () => !tor.isRunning, PATIENCE);
  });
});
