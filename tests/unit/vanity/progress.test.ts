import { describe, expect, it } from 'vitest';
import { parseVanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';
import type { VanityPrefix } from '@rustbalance/crypto-worker/vanity/prefix.js';
import { progressLine, roughly, startProgress } from '@rustbalance/cli/vanity/progress.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';

const PREFIX = parseVanityPrefix('mysite') as VanityPrefix;

describe('the progress of a search', () => {
  it('tells rate, what was done and what is to be expected', () => {
    expect(progressLine(PREFIX, 12_000_000, 20)).toBe(
      'Searching mysite…, 600k keys/s, 12.0M keys in 20 seconds, 30 minutes expected from now on, whatever has passed',
    );
  });

  it.each([
    [0, '1 second'],
    [1.4, '1 second'],
    [90, '90 seconds'],
    [600, '10 minutes'],
    [86_400, '24 hours'],
    [86_400 * 30, '30 days'],
    [86_400 * 3650, '10 years'],
  ])('says %d s as %s', (seconds, text) => {
    expect(roughly(seconds)).toBe(text);
  });

  it('is drawn again in place on a terminal, seldom elsewhere, and the line is cleared at the end', () => {
    for (const [isTerminal, lines] of [
      [true, 61],
      [false, 1],
    ] as const) {
      let now = 0;
      const written: string[] = [];
      const clock: Clock = { wallMs: () => 0, monotonicMs: () => now, after: () => () => undefined };
      const progress = startProgress(PREFIX, { isTerminal, clock, write: (text) => written.push(text) });
      for (; now <= 30_000; now += 100) progress.keys(now * 400 + 1_000_000);
      // What came before the first report took a time that nobody measured.
      expect(written.at(-1)).toContain('400k keys/s, 12.0M keys in 30 seconds');
      progress.end();
      expect(written.length).toBe(lines);
      expect(written.at(-1)?.endsWith(isTerminal ? '\u001b[K' : '\n')).toBe(true);
    }
  });
});
