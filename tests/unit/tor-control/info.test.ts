import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfLine } from '@rustbalance/actors/tor/control/conf-line.js';
import {
  hiddenServiceLines,
  parseHiddenServices,
} from '@rustbalance/actors/tor/control/hidden-service-options.js';
import { parseBootstrapPhase, parseCircuitStatus } from '@rustbalance/actors/tor/control/info.js';
import { infoValues } from '@rustbalance/actors/tor/control/info-values.js';
import { oneMessage, wire } from './parsing.js';

const ADDRESS = 'b'.repeat(55) + 'd';
const RELAY = 'AB'.repeat(20);

describe('values of GETINFO', () => {
  test('status/bootstrap-phase', () => {
    expect(
      parseBootstrapPhase(wire('NOTICE BOOTSTRAP PROGRESS=75 TAG=enough_dirinfo SUMMARY="Loaded enough"')),
    ).toEqual({
      progress: 75,
      tag: 'enough_dirinfo',
      summary: 'Loaded enough',
      warning: null,
      reason: null,
    });
  });

  test.each([
    '',
    'NOTICE',
    'NOTICE BOOTSTRAP PROGRESS=101',
    'NOTICE BOOTSTRAP PROGRESS=x',
    'NOTICE OTHER PROGRESS=1',
  ])('%j is no bootstrap phase', (text) => {
    expect(parseBootstrapPhase(wire(text))).toBeNull();
  });

  test('circuit-status lists circuits and leaves garbage out', () => {
    const text =
      `4 BUILT $${RELAY}~one BUILD_FLAGS=IS_INTERNAL PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED REND_QUERY=${ADDRESS}\n` +
      '\n!!\n5 LAUNCHED PURPOSE=GENERAL\n';
    expect(
      parseCircuitStatus(wire(text)).map(({ id, status, purpose, rendQuery }) => [
        id,
        status,
        purpose,
        rendQuery,
      ]),
    ).toEqual([
      ['4', 'BUILT', 'HS_SERVICE_INTRO', ADDRESS],
      ['5', 'LAUNCHED', 'GENERAL', null],
    ]);
  });

  test('circuit-status of a Tor without circuits is empty', () => {
    expect(parseCircuitStatus(wire(''))).toEqual([]);
  });

  test('values on one line and in sections are both text and bytes', () => {
    const reply = oneMessage('250-version=0.4.9.11\r\n250+md/all=\r\nonion-key\r\n.\r\n250 OK\r\n');
    const values = infoValues(reply, ['version', 'md/all'])!;
    expect(values.get('version')?.text()).toBe('0.4.9.11');
    expect(Buffer.from(values.get('version')!.bytes()).toString()).toBe('0.4.9.11');
    expect(values.get('md/all')?.text()).toBe('onion-key\n');
  });

  test.each([
    ['lacks a key', '250-version=1\r\n250 OK\r\n'],
    ['has a line without a value', '250-version\r\n250 OK\r\n'],
    ['has no value at all', '250 OK\r\n'],
  ])('a reply that %s is no answer', (_, text) => {
    expect(infoValues(oneMessage(text), ['version', 'md/all'])).toBeNull();
  });
});

describe('onion services in GETCONF HiddenServiceOptions', () => {
  const lines = (...texts: string[]) => texts.map((text) => parseConfLine(wire(text)));

  test('lines are grouped under their directory, in order', () => {
    const services = parseHiddenServices(
      lines(
        'HiddenServiceDir=/a',
        'HiddenServicePort=80 127.0.0.1:1',
        'HiddenServicePort=443 127.0.0.1:2',
        'HiddenServiceDir="/b\\043"',
        'HiddenServicePort=80 unix:/x',
      ),
    );
    expect(services?.map(({ directory, lines: own }) => [directory, own.length])).toEqual([
      ['/a', 3],
      ['/b#', 2],
    ]);
  });

  test('a Tor without services answers with the bare name', () => {
    expect(parseHiddenServices(lines('HiddenServiceOptions'))).toEqual([]);
  });

  test.each([
    ['a line before the first directory', ['HiddenServicePort=80 x']],
    ['a line without a value between others', ['HiddenServiceDir=/a', 'HiddenServicePort']],
  ])('%s is told, since it could not be sent again', (_, texts) => {
    expect(parseHiddenServices(lines(...texts))).toBeNull();
  });

  test('what was read is written again as it was, bytes included', () => {
    const value = fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((bytes) => wire(Buffer.from(bytes).toString('latin1')));
    const service = fc
      .tuple(value, fc.array(value, { maxLength: 3 }))
      .map(([directory, ports]) => [
        { key: 'HiddenServiceDir', value: directory },
        ...ports.map((port) => ({ key: 'HiddenServicePort', value: port })),
      ]);
    fc.assert(
      fc.property(fc.array(service, { minLength: 1, maxLength: 4 }), (services) => {
        expect(hiddenServiceLines(parseHiddenServices(services.flat())!)).toEqual(services.flat());
      }),
    );
  });
});
