import { describe, expect, it } from 'vitest';
import { isAskedFor } from '@rustbalance/actors/proxy/http/upgrade.js';

const answer = (...values: string[]) => values.map((value) => ({ name: 'Upgrade', lower: 'upgrade', value }));

describe('the change of protocol of a 101', () => {
  it.each([
    ['websocket', ['websocket'], true],
    ['websocket', ['WebSocket'], true],
    ['foo/2, websocket', ['websocket'], true],
    ['foo/2, websocket', ['websocket, foo/2'], true],
    ['websocket', ['h2c'], false],
    ['websocket', ['websocket, h2c'], false],
    ['websocket', ['websocket', 'h2c'], false],
    ['websocket', ['websocket h2c'], false],
    ['websocket', [''], false],
    ['websocket', [], false],
    [null, ['websocket'], false],
  ])('asked for %j, answered %j: %s', (asked, values, expected) => {
    expect(isAskedFor(answer(...values), asked)).toBe(expected);
  });
});
