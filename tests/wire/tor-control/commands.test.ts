import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  hiddenServiceLines,
  HIDDEN_SERVICE_OPTIONS,
  parseHiddenServices,
} from '@rustbalance/actors/tor/control/hidden-service-options.js';
import { toWireText } from '@rustbalance/actors/tor/control/wire-text.js';
import { eventually } from '../../support/eventually.js';
import { errorOf, startSession, withDirectory, type Session } from './dialling.js';

const ADDRESS = `${'e'.repeat(55)}d` as OnionAddress;
const relay = (n: number): RelayFingerprint =>
  n.toString(16).toUpperCase().padStart(40, '0') as RelayFingerprint;
const PATIENCE = { timeoutMs: 5000, everyMs: 5 };
const line = (key: string, value: string | null) => ({
  key,
  value: value === null ? null : toWireText(value),
});

let session: Session | null = null;
afterEach(async () => {
  await session?.close();
  session = null;
});
const start = async (...args: Parameters<typeof startSession>): Promise<Session> =>
  (session = await startSession(...args));

describe('GETINFO', () => {
  test('values on one line and long ones, pipelined, each to whoever asked', async () => {
    const { port, commands } = await start();
    const microdescriptors = `onion-key\n.dotted\n${'id ed25519 AAAA\n'.repeat(50_000)}`;
    port.info.set('md/all', microdescriptors);
    const [version, all, pid] = await Promise.all([
      commands.getInfo(['version']),
      commands.getInfo(['md/all', 'version']),
      commands.getInfo(['process/pid']),
    ]);
    expect(version.get('version')?.text()).toBe('0.4.9.11');
    expect(all.get('md/all')?.text()).toBe(microdescriptors);
    expect(pid.get('process/pid')?.text()).toBe('4711');
  });

  test('one key that Tor does not know fails the whole command', async () => {
    const { commands, connection } = await start();
    expect(await errorOf(commands.getInfo(['version', 'no/such']))).toMatchObject({
      code: 'control.unknown-key',
      detail: { text: 'Unrecognized key "no/such"' },
    });
    expect(connection.isOpen).toBe(true);
  });

  test('a reply for another key ends the connection: replies are out of step', async () => {
    const { port, commands, connection } = await start();
    port.misbehave('GETINFO', { raw: '250-config-file=/x\r\n250 OK\r\n' });
    expect(await errorOf(commands.getInfo(['version']))).toMatchObject({
      detail: { violation: 'getinfo-reply-mismatch' },
    });
    expect(connection.isOpen).toBe(false);
  });

  test("the own service's descriptor is null until there is one", async () => {
    const { port, commands } = await start();
    const key = `hs/service/desc/id/${ADDRESS}`;
    port.unavailable.set(key, 'Not found in cache');
    expect(await commands.serviceDescriptor(ADDRESS)).toBeNull();
    port.unavailable.clear();
    port.info.set(key, 'hs-descriptor 3\n');
    expect(Buffer.from((await commands.serviceDescriptor(ADDRESS))!).toString()).toBe('hs-descriptor 3\n');
  });

  test('the descriptor of what is no address is not asked for', async () => {
    const { port, commands } = await start();
    const before = port.received.length;
    expect((await errorOf(commands.serviceDescriptor('x' as OnionAddress))).code).toBe(
      'control.bad-argument',
    );
    expect(port.received).toHaveLength(before);
  });
});

describe('configuration', () => {
  const others = [
    { key: 'HiddenServiceDir', value: '/var/lib/tor/shop #1' },
    { key: 'HiddenServicePort', value: '80 127.0.0.1:8080' },
    { key: 'HiddenServicePort', value: '443 unix:/run/"x"' },
  ];

  test('a service is added beside those that are there, in order, by sending theirs again', async () => {
    const { port, commands } = await start({ torrc: others });
    const services = parseHiddenServices(await commands.getConf([HIDDEN_SERVICE_OPTIONS]))!;
    await commands.setConf([
      ...hiddenServiceLines(services),
      line('HiddenServiceDir', '/var/lib/rb/é'),
      line('HiddenServicePort', '80 127.0.0.1:9101'),
    ]);
    expect(port.configuration.services).toEqual([
      ...others,
      { key: 'HiddenServiceDir', value: Buffer.from('/var/lib/rb/é').toString('latin1') },
      { key: 'HiddenServicePort', value: '80 127.0.0.1:9101' },
    ]);
  });

  test('a service that is set alone replaces all others, as Tor does', async () => {
    const { port, commands } = await start({ torrc: others });
    await commands.setConf([line('HiddenServiceDir', '/only')]);
    expect(port.configuration.services).toEqual([{ key: 'HiddenServiceDir', value: '/only' }]);
  });

  test('an option that is not set has no value', async () => {
    const { commands } = await start();
    expect(await commands.getConf(['HiddenServiceOptions', 'PublishHidServDescriptors'])).toEqual([
      { key: 'HiddenServiceOptions', value: null },
      { key: 'PublishHidServDescriptors', value: null },
    ]);
  });

  test('RESETCONF gives the default back', async () => {
    const { commands } = await start();
    await commands.setConf([line('PublishHidServDescriptors', '0')]);
    expect(await commands.getConf(['PublishHidServDescriptors'])).toEqual([
      line('PublishHidServDescriptors', '0'),
    ]);
    await commands.resetConf([line('PublishHidServDescriptors', null)]);
    expect(await commands.getConf(['PublishHidServDescriptors'])).toEqual([
      line('PublishHidServDescriptors', null),
    ]);
  });

  test.each([
    ['an option that Tor does not know', [line('Bogus', '1')], 552],
    ['a port before its directory', [line('HiddenServicePort', '80')], 513],
  ])("%s is refused with Tor's words", async (_, lines, status) => {
    const { commands } = await start();
    expect(await errorOf(commands.setConf(lines))).toMatchObject({
      code: 'control.option-rejected',
      detail: { status },
    });
  });

  test('GETCONF of an option that Tor does not know', async () => {
    const { commands } = await start();
    expect((await errorOf(commands.getConf(['Bogus']))).code).toBe('control.unknown-key');
  });

  test('a reload that forgets our service is told by CONF_CHANGED', async () => {
    const { port, commands, events } = await start({ torrc: others });
    await commands.setEvents(['CONF_CHANGED', 'SIGNAL']);
    await commands.setConf([line('HiddenServiceDir', '/ours')]);
    port.reload();
    await eventually('the reload is told', () => events.some((event) => event.type === 'SIGNAL'), PATIENCE);
    await eventually(
      'both changes are told',
      () => events.filter(({ type }) => type === 'CONF_CHANGED').length === 2,
      PATIENCE,
    );
    const services = parseHiddenServices(await commands.getConf([HIDDEN_SERVICE_OPTIONS]))!;
    expect(services.map(({ directory }) => directory)).toEqual(['/var/lib/tor/shop #1']);
  });
});

describe('events and signals', () => {
  test('SETEVENTS replaces the subscriptions', async () => {
    const { port, commands } = await start();
    await commands.setEvents(['CIRC', 'HS_DESC']);
    await commands.setEvents(['SIGNAL']);
    expect([...port.subscribed]).toEqual(['SIGNAL']);
  });

  test('an event that this Tor does not know is refused by name', async () => {
    const { commands } = await start();
    expect((await errorOf(commands.setEvents(['FUTURE' as 'CIRC']))).detail).toMatchObject({
      status: 552,
      text: 'Unrecognized event "FUTURE"',
    });
  });

  test('SHUTDOWN that Tor answers by hanging up has succeeded; NEWNYM has not', async () => {
    const first = await start();
    first.port.misbehave('SIGNAL', 'close');
    await first.commands.signal('SHUTDOWN');
    await first.close();
    const second = await start();
    second.port.misbehave('SIGNAL', 'close');
    expect((await errorOf(second.commands.signal('NEWNYM'))).code).toBe('control.closed');
  });

  test('a consensus of megabytes is told as a signal, one byte a write or many', async () => {
    const { port, commands, events } = await start();
    await commands.setEvents(['NEWCONSENSUS', 'SIGNAL']);
    port.push(
      'NEWCONSENSUS',
      `650+NEWCONSENSUS\r\n${'r relay AAAA BBBB 2025-11-21\r\n'.repeat(100_000)}.\r\n650 OK\r\n`,
    );
    port.push('SIGNAL', '650 SIGNAL RELOAD\r\n');
    await eventually('both are told', () => events.length === 2, PATIENCE);
    expect(events).toEqual([{ type: 'NEWCONSENSUS' }, { type: 'SIGNAL', signal: 'RELOAD' }]);
  });
});

describe('HSPOST', () => {
  const descriptor = `hs-descriptor 3\n.starts with a dot\n${'x'.repeat(40_000)}\nsignature y\n`;

  test('the document arrives as it was, and each HSDir answers for itself or not at all', async () => {
    const { port, commands, events } = await start();
    port.hsdirs.set(relay(2), { reject: 'UPLOAD_REJECTED' });
    port.hsdirs.set(relay(3), 'silent');
    await commands.setEvents(['HS_DESC']);
    await commands.hsPost({ servers: [relay(1), relay(2), relay(3)], address: ADDRESS, descriptor });
    await eventually('two HSDirs have answered', () => events.length === 2, PATIENCE);
    expect(port.uploads).toEqual([{ servers: [relay(1), relay(2), relay(3)], address: ADDRESS, descriptor }]);
    expect(events).toMatchObject([
      { action: 'UPLOADED', address: ADDRESS, hsDir: { fingerprint: relay(1) }, reason: null },
      { action: 'FAILED', address: ADDRESS, hsDir: { fingerprint: relay(2) }, reason: 'UPLOAD_REJECTED' },
    ]);
  });

  test('several uploads of full size in flight at once arrive in order', async () => {
    const { port, commands } = await start();
    const documents = Array.from(
      { length: 40 },
      (_, n) => `hs-descriptor 3\nn ${n}\n${'.\n'.repeat(20_000)}`,
    );
    await Promise.all(
      documents.map((document) =>
        commands.hsPost({ servers: [relay(1)], address: ADDRESS, descriptor: document }),
      ),
    );
    expect(port.uploads.map((upload) => upload.descriptor)).toEqual(documents);
  });

  test('a relay that Tor does not know', async () => {
    const { port, commands } = await start();
    port.hsdirs.set(relay(9), null);
    const error = await errorOf(commands.hsPost({ servers: [relay(9)], address: ADDRESS, descriptor }));
    expect(error.code).toBe('control.unknown-hsdir');
    expect(error.detail['text']).toContain(relay(9));
  });

  test('a document that Tor cannot decode', async () => {
    const { commands } = await start();
    const upload = { servers: [relay(1)], address: ADDRESS, descriptor: 'nonsense\n' };
    expect((await errorOf(commands.hsPost(upload))).code).toBe('control.invalid-descriptor');
  });

  test('a document that Tor would hang up on is not sent', async () => {
    const { commands, connection } = await start();
    const upload = { servers: [relay(1)], address: ADDRESS, descriptor: 'x\n'.repeat(600_000) };
    expect((await errorOf(commands.hsPost(upload))).code).toBe('control.bad-argument');
    expect(connection.isOpen).toBe(true);
  });
});

describe('HSFETCH', () => {
  test('each HSDir that was named tells what it holds', async () => {
    const { port, commands, events } = await start();
    port.fetches.set(relay(1), { descriptor: 'hs-descriptor 3\n.x\n' });
    port.fetches.set(relay(3), 'silent');
    await commands.setEvents(['HS_DESC', 'HS_DESC_CONTENT']);
    await commands.hsFetch({ address: ADDRESS, servers: [relay(1), relay(2), relay(3)] });
    await eventually('all that answer have answered', () => events.length === 7, PATIENCE);
    const contents = events.flatMap((event) =>
      event.type === 'HS_DESC_CONTENT'
        ? [
            [
              event.hsDir?.fingerprint,
              event.descriptor === null ? null : Buffer.from(event.descriptor).toString(),
            ],
          ]
        : [],
    );
    expect(contents).toEqual([
      [relay(1), 'hs-descriptor 3\n.x\n'],
      [relay(2), null],
    ]);
    expect(
      events.flatMap((event) =>
        event.type === 'HS_DESC' && event.action === 'FAILED' ? [event.reason] : [],
      ),
    ).toEqual(['NOT_FOUND']);
  });
});

describe('over a unix socket, one byte a write', () => {
  test('replies and events between them are the same', () =>
    withDirectory(async (directory) => {
      const { port, commands, events } = await start({ socketPath: join(directory, 'c'), byteByByte: true });
      port.info.set('md/all', 'onion-key\n.x\n');
      await commands.setEvents(['SIGNAL']);
      const asked = [commands.getInfo(['md/all']), commands.getInfo(['version'])];
      port.push('SIGNAL', '650 SIGNAL RELOAD\r\n');
      const [all, version] = await Promise.all(asked);
      expect(all?.get('md/all')?.text()).toBe('onion-key\n.x\n');
      expect(version?.get('version')?.text()).toBe('0.4.9.11');
      await eventually('the event came', () => events.length === 1, PATIENCE);
    }));
});
