import { describe, expect, test } from 'vitest';
import { replyError, replyText } from '@rustbalance/actors/tor/control/reply-errors.js';
import { oneMessage } from './parsing.js';

const ADDRESS = 'c'.repeat(52) + 'wxyd';

describe("errors from Tor's replies", () => {
  test.each([
    ['GETINFO', 551, 'control.not-available'],
    ['GETINFO', 552, 'control.unknown-key'],
    ['GETCONF', 552, 'control.unknown-key'],
    ['SETCONF', 513, 'control.option-rejected'],
    ['SETCONF', 552, 'control.option-rejected'],
    ['SETCONF', 553, 'control.option-rejected'],
    ['RESETCONF', 553, 'control.option-rejected'],
    ['HSPOST', 552, 'control.unknown-hsdir'],
    ['HSPOST', 554, 'control.invalid-descriptor'],
    ['HSPOST', 512, 'control.rejected'],
    ['HSFETCH', 552, 'control.unknown-hsdir'],
    ['SETEVENTS', 552, 'control.rejected'],
    ['GETINFO', 514, 'control.not-authenticated'],
    ['HSPOST', 510, 'control.unsupported'],
    ['SIGNAL', 451, 'control.rejected'],
  ])('%s answered %i is %s', (command, status, code) => {
    const error = replyError(command, oneMessage(`${status} some words\r\n`), 'unix:/c');
    expect(error.code).toBe(code);
    expect(error.data.where).toBe('unix:/c');
    expect(error.data.detail).toMatchObject({ command, status, text: 'some words' });
    expect(error.data.what).not.toContain('{');
  });

  test('an onion address that Tor repeats is redacted', () => {
    const text = replyText(
      oneMessage(`513 Invalid argument "${ADDRESS}.onion" and ${ADDRESS.toUpperCase()}\r\n`),
    );
    expect(text.toLowerCase()).not.toContain('cccccc');
    expect(text).toContain('…wxyd.onion');
  });

  test('control characters cannot reach a log, and the text is bounded', () => {
    const text = replyText(oneMessage(`552 a\x1b[31m\tb${'word '.repeat(1000)}\r\n`));
    expect(text).toContain('a?[31m?b');
    expect(text.length).toBeLessThanOrEqual(200);
  });
});
