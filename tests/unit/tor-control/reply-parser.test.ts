import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_REPLY_LIMITS } from '@rustbalance/actors/tor/control/reply-parser.js';
import { cut, latin1, parse, parseChunks } from './parsing.js';

const SMALL = { maxLineBytes: 20, maxReplyBytes: 60, maxReplyLines: 3 };
const textOf = (data: Uint8Array | null | undefined): string => Buffer.from(data ?? []).toString('latin1');

describe('reply parser: replies', () => {
  test('a single end line is a reply with its status and text', () => {
    expect(parse('250 OK\r\n').messages).toEqual([
      { kind: 'reply', status: 250, lines: [{ status: 250, text: 'OK', data: null }] },
    ]);
  });

  test('mid lines are collected until the end line', () => {
    const { messages } = parse('250-version=0.4.9.11\r\n250-process/pid=1\r\n250 OK\r\n');
    expect(messages.map(({ lines }) => lines.map(({ text }) => text))).toEqual([
      ['version=0.4.9.11', 'process/pid=1', 'OK'],
    ]);
  });

  test('a data line carries its section with LF line ends and the stuffed dots taken off', () => {
    const { messages } = parse('250+config-text=\r\none\r\n..two\r\n...\r\n\r\n.\r\n250 OK\r\n');
    expect(textOf(messages[0]?.lines[0]?.data)).toBe('one\n.two\n..\n\n');
    expect(messages[0]?.lines[0]?.text).toBe('config-text=');
  });

  test('an empty data section is empty', () => {
    const { messages } = parse('250+md/all=\r\n.\r\n250 OK\r\n');
    expect(messages[0]?.lines[0]?.data).toEqual(new Uint8Array());
  });

  test('bytes above 127 and lone CRs of a data section stay as they are', () => {
    const { messages } = parse('250+x=\r\n\xff\x00\ra\r\r\n.\rb\r\n.\r\n250 OK\r\n');
    expect(textOf(messages[0]?.lines[0]?.data)).toBe('\xff\x00\ra\r\n\rb\n');
  });

  test('a line of a reply may be empty after its status', () => {
    expect(parse('250 \r\n').messages[0]?.lines[0]?.text).toBe('');
  });

  test('what is not complete yet is no message, and is known to be open', () => {
    expect(parse('250-version=1\r\n250 O')).toEqual({ messages: [], violation: null, inMessage: true });
    expect(parse('250+x=\r\nline\r\n').inMessage).toBe(true);
    expect(parse('250 OK\r\n').inMessage).toBe(false);
  });
});

describe('reply parser: events', () => {
  test('events between replies are told apart by their status', () => {
    const { messages } = parse('250 OK\r\n650 CIRC 1 BUILT\r\n250 OK\r\n');
    expect(messages.map(({ kind }) => kind)).toEqual(['reply', 'event', 'reply']);
  });

  test('an event of several lines is one event', () => {
    const { messages } = parse('650-CONF_CHANGED\r\n650-SocksPort=0\r\n650 OK\r\n');
    expect(messages).toHaveLength(1);
    expect(messages[0]?.lines).toHaveLength(3);
  });

  test('the body of an event that nobody reads is skipped, and what follows is still understood', () => {
    const body = 'r relay AAAA\r\n..dot\r\n'.repeat(1000);
    const { messages } = parse(
      `650+NEWCONSENSUS\r\n${body}.\r\n650 OK\r\n650 SIGNAL RELOAD\r\n`,
      undefined,
      new Set(['NEWCONSENSUS']),
    );
    expect(messages.map(({ lines }) => lines.map(({ text, data }) => [text, data]))).toEqual([
      [
        ['NEWCONSENSUS', null],
        ['OK', null],
      ],
      [['SIGNAL RELOAD', null]],
    ]);
  });

  test('a reply that happens to have the name of a skipped event keeps its body', () => {
    const { messages } = parse('250+NS\r\nkept\r\n.\r\n250 OK\r\n', undefined, new Set(['NS']));
    expect(textOf(messages[0]?.lines[0]?.data)).toBe('kept\n');
  });
});

describe('reply parser: violations', () => {
  test.each([
    ['a line that is shorter than a status', 'OK\r\n', 'malformed-line'],
    ['an empty line', '\r\n', 'malformed-line'],
    ['a status without a separator', '250\r\n', 'malformed-line'],
    ['a separator that does not exist', '250_OK\r\n', 'malformed-line'],
    ['a status with a letter', '2x0 OK\r\n', 'malformed-line'],
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n', 'malformed-line'],
    ['a status below 200', '150 OK\r\n', 'unknown-status'],
    ['a status of no known class', '350 OK\r\n', 'unknown-status'],
    ['a status above 699', '999 OK\r\n', 'unknown-status'],
    ['a line that ends in LF alone', '250 OK\n', 'bare-line-feed'],
    ['an LF alone first of all', '\n', 'bare-line-feed'],
    ['an LF alone in a data section', '250+x=\r\nline\nline\r\n.\r\n250 OK\r\n', 'bare-line-feed'],
    ['a closing dot that ends in LF alone', '250+x=\r\n.\n', 'bare-line-feed'],
    ['an event inside a reply', '250-a=1\r\n650 CIRC 1 BUILT\r\n', 'event-inside-reply'],
    ['a reply inside an event', '650-CONF_CHANGED\r\n250 OK\r\n', 'reply-inside-event'],
    ['an event after a data line of a reply', '250+a=\r\n.\r\n650 CIRC 1 BUILT\r\n', 'event-inside-reply'],
  ])('%s is named', (_, text, violation) => {
    expect(parse(text)).toMatchObject({ messages: [], violation });
  });

  test.each([
    ['a line longer than the limit', `250 ${'x'.repeat(17)}\r\n`, 'line-too-long'],
    ['a line longer than the limit that has not ended', '2'.repeat(22), 'line-too-long'],
    ['a reply of too many lines', '250-a\r\n'.repeat(4), 'too-many-lines'],
    ['a data section larger than the limit', `250+x=\r\n${'line\r\n'.repeat(12)}`, 'reply-too-large'],
    ['a long line of a data section', `250+x=\r\n${'x'.repeat(70)}`, 'reply-too-large'],
    [
      'lines and data that are too large together',
      `250+x=\r\n${'x'.repeat(50)}\r\n.\r\n250 OK\r\n`,
      'reply-too-large',
    ],
  ])('%s is named', (_, text, violation) => {
    expect(parse(text, SMALL).violation).toBe(violation);
  });

  test('a line of exactly the limit passes, however it arrives', () => {
    const line = latin1(`250 ${'x'.repeat(16)}\r\n`);
    expect(parseChunks([line], SMALL).messages).toHaveLength(1);
    expect(parseChunks(cut(line, [20, 21]), SMALL).messages).toHaveLength(1);
  });

  test('a skipped body is bounded too', () => {
    const endless = `650+NEWCONSENSUS\r\n${'x'.repeat(100)}`;
    expect(parse(endless, SMALL, new Set(['NEWCONSENSUS'])).violation).toBe('reply-too-large');
  });

  test('messages before the violation are delivered, those after it are not', () => {
    const { messages, violation } = parse('250 first\r\n999 bad\r\n250 later\r\n');
    expect(messages.map(({ lines }) => lines[0]?.text)).toEqual(['first']);
    expect(violation).toBe('unknown-status');
  });

  test('after a violation everything that follows is refused', () => {
    const { messages, violation } = parseChunks([latin1('999 bad\r\n'), latin1('250 OK\r\n')]);
    expect(messages).toEqual([]);
    expect(violation).toBe('unknown-status');
  });
});

describe('reply parser: any stream', () => {
  const text = fc.stringMatching(/^[^\r\n]{0,40}$/).map((value) => Buffer.from(value).toString('latin1'));
  const body = fc.array(fc.oneof(text, fc.constantFrom('', '.', '..', '.x')), { maxLength: 6 });
  const line = fc.oneof(
    text.map((words) => ({ words, body: null as string[] | null })),
    fc.record({ words: text, body }),
  );
  const message = fc.record({
    status: fc.constantFrom(250, 551, 650),
    lines: fc.array(line, { maxLength: 4 }),
    end: text,
  });

  const encodeBody = (lines: string[]): string =>
    `${lines.map((each) => `${each.startsWith('.') ? '.' : ''}${each}\r\n`).join('')}.\r\n`;
  const encode = ({
    status,
    lines,
    end,
  }: {
    status: number;
    lines: { words: string; body: string[] | null }[];
    end: string;
  }): string =>
    `${lines
      .map(({ words, body: data }) =>
        data === null ? `${status}-${words}\r\n` : `${status}+${words}\r\n${encodeBody(data)}`,
      )
      .join('')}${status} ${end}\r\n`;

  test('any messages come out as they went in, whatever the chunks', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        (sent, places) => {
          const { messages, violation, inMessage } = parseChunks(
            cut(latin1(sent.map(encode).join('')), places),
          );
          expect(violation).toBeNull();
          expect(inMessage).toBe(false);
          const got = messages.map(({ status, lines }) => ({
            status,
            lines: lines.map(({ text: words, data }) => ({
              words,
              body: data === null ? null : textOf(data),
            })),
          }));
          const want = sent.map(({ status, lines, end }) => ({
            status,
            lines: [...lines, { words: end, body: null }].map(({ words, body: data }) => ({
              words,
              body: data === null ? null : data.map((each) => `${each}\n`).join(''),
            })),
          }));
          expect(got).toEqual(want);
        },
      ),
    );
  });

  test('any bytes give the same messages and the same violation, whatever the chunks', () => {
    const pieces = fc.constantFrom(
      '250 OK\r\n',
      '250-a=b\r\n',
      '250+x=\r\n',
      '.\r\n',
      '\r',
      '\n',
      '650 CIRC 1\r\n',
      '.',
      '99',
    );
    const stream = fc.array(fc.oneof(pieces, text), { maxLength: 20 }).map((parts) => latin1(parts.join('')));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), (bytes, places) => {
        const limits = { maxLineBytes: 30, maxReplyBytes: 80, maxReplyLines: 5 };
        const whole = parseChunks([bytes], limits);
        const bySingleBytes = parseChunks(cut(bytes, [...bytes.keys()]), limits);
        const byChunks = parseChunks(cut(bytes, places), limits);
        expect(bySingleBytes).toEqual(whole);
        expect(byChunks).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  test('a mutated stream never throws, and holds no more than its limits', () => {
    const valid = latin1(
      '250-version=1\r\n250+x=\r\nbody\r\n..dot\r\n.\r\n250 OK\r\n650 HS_DESC CREATED a UNKNOWN UNKNOWN b\r\n' +
        '650+HS_DESC_CONTENT a b c\r\nhs-descriptor 3\r\n.\r\n650 OK\r\n552 No\r\n',
    );
    const mutation = fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255), drop: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 8 }), fc.nat(), (mutations, place) => {
        let bytes: Buffer = Buffer.from(valid);
        for (const { at, byte, drop } of mutations) {
          const where = at % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, where), Buffer.of(byte), bytes.subarray(where + drop)]);
        }
        const { messages } = parseChunks(cut(bytes, [place]));
        const size = messages
          .flatMap(({ lines }) => lines)
          .reduce((sum, { text: words, data }) => sum + words.length + (data?.length ?? 0), 0);
        expect(size).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('reply parser: size', () => {
  test('a 12 MB section in small chunks is read in time that grows with its length only', () => {
    const line = 'onion-key ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
    const count = Math.ceil((12 * 1024 * 1024) / (line.length + 2));
    const bytes = latin1(`250+md/all=\r\n${`${line}\r\n`.repeat(count)}.\r\n250 OK\r\n`);
    const places = Array.from({ length: Math.ceil(bytes.length / 1024) }, (_, index) => index * 1024);
    const started = performance.now();
    const { messages, violation } = parseChunks(cut(bytes, places));
    const elapsedMs = performance.now() - started;
    expect(violation).toBeNull();
    expect(messages[0]?.lines[0]?.data?.length).toBe(count * (line.length + 1));
    // Measured 0.1 s; copying what is there again for each chunk would take over half a minute.
    expect(elapsedMs).toBeLessThan(3000);
  });

  test('the decoded section lies in a buffer of its own size, so that it crosses threads alone', () => {
    const data = parse('250+x=\r\nsome text\r\n.\r\n250 OK\r\n').messages[0]?.lines[0]?.data;
    expect(data?.buffer.byteLength).toBe(data?.length);
  });

  test('the default limits let md/all of the public network pass and stop at 64 MiB', () => {
    expect(DEFAULT_REPLY_LIMITS.maxReplyBytes).toBe(64 * 1024 * 1024);
  });
});
