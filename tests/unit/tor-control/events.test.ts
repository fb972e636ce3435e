import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EVENT_NAMES, parseEvent, type TorEvent } from '@rustbalance/actors/tor/control/events.js';
import { latin1, oneMessage, parseChunks } from './parsing.js';

const ADDRESS = 'a'.repeat(55) + 'd';
const FINGERPRINT = '0123456789ABCDEF0123456789ABCDEF01234567';
const OTHER = 'FEDCBA9876543210FEDCBA9876543210FEDCBA98';
const INDEX = 'AB'.repeat(32);
const DESCRIPTOR_ID = 'x'.repeat(43);
const RELAY = { fingerprint: FINGERPRINT, nickname: 'relay1' };

const event = (text: string): TorEvent => parseEvent(oneMessage(text));

describe('HS_DESC', () => {
  const nothing = { reason: null, replica: null, hsDirIndex: null };
  test.each([
    [
      'REQUESTED with the HSDir and its index',
      `650 HS_DESC REQUESTED ${ADDRESS} NO_AUTH $${FINGERPRINT}~relay1 ${DESCRIPTOR_ID} HSDIR_INDEX=${INDEX}\r\n`,
      {
        action: 'REQUESTED',
        address: ADDRESS,
        hsDir: RELAY,
        descriptorId: DESCRIPTOR_ID,
        ...nothing,
        hsDirIndex: INDEX,
      },
    ],
    [
      'CREATED without an HSDir',
      `650 HS_DESC CREATED ${ADDRESS} UNKNOWN UNKNOWN ${DESCRIPTOR_ID} REPLICA=2\r\n`,
      {
        action: 'CREATED',
        address: ADDRESS,
        hsDir: null,
        descriptorId: DESCRIPTOR_ID,
        ...nothing,
        replica: 2,
      },
    ],
    [
      'UPLOAD',
      `650 HS_DESC UPLOAD ${ADDRESS} UNKNOWN $${FINGERPRINT}~relay1 ${DESCRIPTOR_ID} HSDIR_INDEX=${INDEX}\r\n`,
      {
        action: 'UPLOAD',
        address: ADDRESS,
        hsDir: RELAY,
        descriptorId: DESCRIPTOR_ID,
        ...nothing,
        hsDirIndex: INDEX,
      },
    ],
    [
      'UPLOADED without a descriptor',
      `650 HS_DESC UPLOADED ${ADDRESS} UNKNOWN $${FINGERPRINT}~relay1\r\n`,
      { action: 'UPLOADED', address: ADDRESS, hsDir: RELAY, descriptorId: null, ...nothing },
    ],
    [
      'FAILED upload with its reason',
      `650 HS_DESC FAILED ${ADDRESS} UNKNOWN $${FINGERPRINT} REASON=UPLOAD_REJECTED\r\n`,
      {
        action: 'FAILED',
        address: ADDRESS,
        hsDir: { fingerprint: FINGERPRINT, nickname: null },
        descriptorId: null,
        ...nothing,
        reason: 'UPLOAD_REJECTED',
      },
    ],
    [
      'FAILED fetch without an HSDir',
      `650 HS_DESC FAILED ${ADDRESS} NO_AUTH UNKNOWN ${DESCRIPTOR_ID} REASON=QUERY_NO_HSDIR\r\n`,
      {
        action: 'FAILED',
        address: ADDRESS,
        hsDir: null,
        descriptorId: DESCRIPTOR_ID,
        ...nothing,
        reason: 'QUERY_NO_HSDIR',
      },
    ],
    [
      'RECEIVED with words of a later Tor',
      `650 HS_DESC RECEIVED ${ADDRESS} NO_AUTH $${FINGERPRINT}~relay1 ${DESCRIPTOR_ID} EXTRA more NEW=1\r\n`,
      { action: 'RECEIVED', address: ADDRESS, hsDir: RELAY, descriptorId: DESCRIPTOR_ID, ...nothing },
    ],
    [
      'IGNORE of an unknown address',
      '650 HS_DESC IGNORE UNKNOWN UNKNOWN UNKNOWN\r\n',
      { action: 'IGNORE', address: null, hsDir: null, descriptorId: null, ...nothing },
    ],
  ])('%s', (_, text, fields) => {
    expect(event(text)).toEqual({ type: 'HS_DESC', ...fields });
  });
});

describe('HS_DESC_CONTENT', () => {
  test('carries the document with LF line ends', () => {
    const text = `650+HS_DESC_CONTENT ${ADDRESS} ${DESCRIPTOR_ID} $${FINGERPRINT}~relay1\r\nhs-descriptor 3\r\n..x\r\n.\r\n650 OK\r\n`;
    const parsed = event(text);
    expect(parsed).toMatchObject({
      type: 'HS_DESC_CONTENT',
      address: ADDRESS,
      descriptorId: DESCRIPTOR_ID,
      hsDir: RELAY,
    });
    expect(parsed.type === 'HS_DESC_CONTENT' && Buffer.from(parsed.descriptor!).toString()).toBe(
      'hs-descriptor 3\n.x\n',
    );
  });

  test.each(['.\r\n', '\r\n.\r\n'])('is null where the fetch failed (body %j)', (body) => {
    const text = `650+HS_DESC_CONTENT ${ADDRESS} ${DESCRIPTOR_ID} UNKNOWN\r\n${body}650 OK\r\n`;
    expect(event(text)).toMatchObject({ type: 'HS_DESC_CONTENT', hsDir: null, descriptor: null });
  });
});

describe('CIRC and CIRC_MINOR', () => {
  test('an introduction circuit that closes tells its last hop and why', () => {
    expect(
      event(
        `650 CIRC 17 CLOSED $${OTHER}~guard,$${FINGERPRINT}~relay1 BUILD_FLAGS=IS_INTERNAL,NEED_CAPACITY ` +
          `PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED REND_QUERY=${ADDRESS} ` +
          'TIME_CREATED=2025-11-21T02:12:00.000000 REASON=DESTROYED REMOTE_REASON=CHANNEL_CLOSED\r\n',
      ),
    ).toEqual({
      type: 'CIRC',
      id: '17',
      status: 'CLOSED',
      path: [{ fingerprint: OTHER, nickname: 'guard' }, RELAY],
      buildFlags: ['IS_INTERNAL', 'NEED_CAPACITY'],
      purpose: 'HS_SERVICE_INTRO',
      hsState: 'HSSI_ESTABLISHED',
      rendQuery: ADDRESS,
      reason: 'DESTROYED',
      remoteReason: 'CHANNEL_CLOSED',
    });
  });

  test('a circuit that is launched has no path yet', () => {
    expect(event('650 CIRC 3 LAUNCHED PURPOSE=GENERAL\r\n')).toMatchObject({
      id: '3',
      status: 'LAUNCHED',
      path: [],
    });
  });

  test('an introduction point that is established is told by its old state', () => {
    expect(
      event(
        `650 CIRC_MINOR 9 PURPOSE_CHANGED $${FINGERPRINT}~relay1 PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED ` +
          `REND_QUERY=${ADDRESS} OLD_PURPOSE=HS_SERVICE_INTRO OLD_HS_STATE=HSSI_CONNECTING\r\n`,
      ),
    ).toMatchObject({
      type: 'CIRC_MINOR',
      change: 'PURPOSE_CHANGED',
      hsState: 'HSSI_ESTABLISHED',
      oldPurpose: 'HS_SERVICE_INTRO',
      oldHsState: 'HSSI_CONNECTING',
      path: [RELAY],
    });
  });

  test('hops by nickname, by fingerprint alone and in the old form are read', () => {
    const parsed = event(`650 CIRC 1 BUILT $${FINGERPRINT}=relay1,$${OTHER},nick\r\n`);
    expect(parsed.type === 'CIRC' && parsed.path).toEqual([
      RELAY,
      { fingerprint: OTHER, nickname: null },
      { fingerprint: null, nickname: 'nick' },
    ]);
  });

  test('lines that follow the first are passed over', () => {
    expect(
      event('650-CIRC 1000 EXTENDED nick 0xBEEF\r\n650-EXTRAMAGIC=99\r\n650 ANONYMITY=high\r\n'),
    ).toMatchObject({
      type: 'CIRC',
      id: '1000',
      status: 'EXTENDED',
    });
  });
});

describe('other events', () => {
  test('CONF_CHANGED lists options in order, unset ones with null, quoted ones unquoted', () => {
    expect(
      event(
        '650-CONF_CHANGED\r\n650-SocksPort=0\r\n650-Nickname\r\n650-HiddenServiceDir="/a\\043b"\r\n650 OK\r\n',
      ),
    ).toEqual({
      type: 'CONF_CHANGED',
      changes: [
        { key: 'SocksPort', value: '0' },
        { key: 'Nickname', value: null },
        { key: 'HiddenServiceDir', value: '/a#b' },
      ],
    });
  });

  test('NEWCONSENSUS is a signal only', () => {
    const { messages } = parseChunks(
      [latin1('650+NEWCONSENSUS\r\nr x\r\n.\r\n650 OK\r\n')],
      undefined,
      new Set(['NEWCONSENSUS']),
    );
    expect(parseEvent(messages[0]!)).toEqual({ type: 'NEWCONSENSUS' });
  });

  test('STATUS_CLIENT tells how far the bootstrap is', () => {
    expect(
      event(
        '650 STATUS_CLIENT WARN BOOTSTRAP PROGRESS=10 TAG=conn_done SUMMARY="Connected to a relay" WARNING="no route" REASON=NOROUTE\r\n',
      ),
    ).toMatchObject({
      type: 'STATUS_CLIENT',
      severity: 'WARN',
      action: 'BOOTSTRAP',
      bootstrap: {
        progress: 10,
        tag: 'conn_done',
        summary: 'Connected to a relay',
        warning: 'no route',
        reason: 'NOROUTE',
      },
    });
  });

  test('STATUS_CLIENT tells of a new consensus', () => {
    expect(event('650 STATUS_CLIENT NOTICE CONSENSUS_ARRIVED\r\n')).toMatchObject({
      action: 'CONSENSUS_ARRIVED',
      bootstrap: null,
    });
  });

  test.each([
    ['CLOCK_JUMPED TIME=120', { kind: 'jumped', seconds: 120 }],
    ['CLOCK_JUMPED TIME=-30', { kind: 'jumped', seconds: -30 }],
    [
      'CLOCK_SKEW SKEW=-3600 SOURCE=OR:1.2.3.4:9001',
      { kind: 'skew', seconds: -3600, atLeast: false, source: 'OR:1.2.3.4:9001' },
    ],
    [
      'CLOCK_SKEW MIN_SKEW=+700 SOURCE=CONSENSUS',
      { kind: 'skew', seconds: 700, atLeast: true, source: 'CONSENSUS' },
    ],
    ['CLOCK_SKEW SOURCE=CONSENSUS', null],
  ])('STATUS_GENERAL %s is understood', (words, clock) => {
    expect(event(`650 STATUS_GENERAL WARN ${words}\r\n`)).toMatchObject({ type: 'STATUS_GENERAL', clock });
  });

  test('SIGNAL and NETWORK_LIVENESS carry their word', () => {
    expect(event('650 SIGNAL RELOAD\r\n')).toEqual({ type: 'SIGNAL', signal: 'RELOAD' });
    expect(event('650 NETWORK_LIVENESS DOWN\r\n')).toEqual({ type: 'NETWORK_LIVENESS', status: 'DOWN' });
  });

  test('an event that is not known is kept by its name', () => {
    expect(event('650 BW 1 2\r\n')).toEqual({ type: 'other', name: 'BW', malformed: false });
  });

  test.each([
    '650 CIRC\r\n',
    '650 CIRC 1\r\n',
    '650 CIRC !! BUILT\r\n',
    '650 CIRC 1 BUILT $nonsense,,\r\n',
    '650 HS_DESC\r\n',
    '650 HS_DESC FAILED\r\n',
    '650 HS_DESC_CONTENT a b c\r\n',
    '650 STATUS_CLIENT NOTICE\r\n',
    '650 SIGNAL\r\n',
    '650 NETWORK_LIVENESS \r\n',
  ])('%j is told to be malformed', (text) => {
    expect(event(text)).toMatchObject({ type: 'other', malformed: true });
  });

  test('any words after any name are read without an exception', () => {
    const word = fc.oneof(
      fc.constantFrom(
        'CLOSED',
        `$${FINGERPRINT}~relay1`,
        'PURPOSE=',
        'REASON="',
        'PROGRESS=1000',
        ADDRESS,
        'BOOTSTRAP',
        '=',
      ),
      fc.stringMatching(/^[^\r\n]{0,12}$/),
    );
    fc.assert(
      fc.property(fc.constantFrom(...EVENT_NAMES, 'BW'), fc.array(word, { maxLength: 8 }), (name, words) => {
        const text = Buffer.from([name, ...words].join(' ')).toString('latin1');
        const parsed = parseEvent({
          kind: 'event',
          status: 650,
          lines: [{ status: 650, text: text as never, data: null }],
        });
        expect(parsed.type === 'other' || parsed.type === name).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
