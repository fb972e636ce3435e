import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeCmdData } from '@rustbalance/actors/tor/control/cmd-data.js';
import { latin1, parseChunks } from './parsing.js';

const encoded = (text: string): string => Buffer.from(encodeCmdData(latin1(text))).toString('latin1');

describe('data section of a command', () => {
  test.each([
    ['an ordinary document', 'a\nb\n', 'a\r\nb\r\n.\r\n'],
    ['a last line without an end', 'a\nb', 'a\r\nb\r\n.\r\n'],
    ['CRLF line ends', 'a\r\nb\r\n', 'a\r\nb\r\n.\r\n'],
    ['lines that begin with a dot', '.\n..\n.a\nb.\n', '..\r\n...\r\n..a\r\nb.\r\n.\r\n'],
    ['empty lines', '\n\n', '\r\n\r\n.\r\n'],
    ['nothing', '', '.\r\n'],
  ])('%s', (_, text, expected) => {
    expect(encoded(text)).toBe(expected);
  });

  test('no document can end its own section or smuggle a command', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('.', '\r', '\n', 'a', '\r\n.\r\n'), { maxLength: 30 }),
        (parts) => {
          expect(encoded(parts.join('')).indexOf('\r\n.\r\n', -1)).toSatisfy(
            (at: number) => at === -1 || at === encoded(parts.join('')).length - 5,
          );
        },
      ),
    );
  });

  test('what is encoded here is decoded to the same by the parser of replies', () => {
    const document = fc
      .array(fc.stringMatching(/^[^\r\n]{0,20}$/), { minLength: 1 })
      .map((lines) => `${lines.join('\n')}\n`);
    fc.assert(
      fc.property(document, (text) => {
        const body = encodeCmdData(Buffer.from(text));
        const { messages } = parseChunks([latin1('250+x=\r\n'), body, latin1('250 OK\r\n')]);
        expect(Buffer.from(messages[0]!.lines[0]!.data!).toString()).toBe(text);
      }),
    );
  });
});
