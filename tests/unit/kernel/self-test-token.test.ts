import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selfTestKey } from '@rustbalance/actors/kernel/cluster-keys.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { type SelfTest, SelfTestTokens } from '@rustbalance/actors/kernel/self-test-token.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { seededRandom } from '../../support/simulation/seeded-random.js';

const START_MS = Date.UTC(2026, 0, 1);
const key = (text: string, master = 'a.onion'): Secret =>
  selfTestKey(new Secret(new TextEncoder().encode(text)), master)!;

const node = (options: { key?: Secret; atMs?: number; seed?: number } = {}) => {
  const clock = new SimulatedClock(options.atMs ?? START_MS);
  const random = seededRandom(options.seed ?? 1);
  return { clock, tokens: new SelfTestTokens(options.key ?? key('cluster'), { clock, random }) };
};

describe('the token of a self-test', () => {
  it.each<SelfTest>(['canary', 0, 15])('says to any node of the cluster what it is for: %s', (test) => {
    expect(node().tokens.take(node({ seed: 2 }).tokens.issue(test))).toBe(test);
  });

  it('is taken once', () => {
    const token = node().tokens.issue('canary');
    const { tokens } = node();
    expect(tokens.take(token)).toBe('canary');
    expect(tokens.take(token)).toBe('stale');
  });

  it.each([-61, 61])('is worth nothing at a clock that is off by %i s', (offSecs) => {
    const token = node().tokens.issue('canary');
    expect(node({ atMs: START_MS + offSecs * 1000 }).tokens.take(token)).toBe('stale');
  });

  it('cannot be taken again when it was forgotten, since it is too old then', async () => {
    const { clock, tokens } = node();
    const token = node({ atMs: START_MS + 50_000 }).tokens.issue('canary');
    expect(tokens.take(token)).toBe('canary');
    for (let passed = 0; passed < 200; passed += 10) {
      await clock.advance(10_000);
      tokens.take(node({ atMs: clock.wallMs(), seed: passed + 5 }).tokens.issue('canary'));
      expect(tokens.take(token)).toBe('stale');
    }
  });

  it('of another cluster, or of the same secret for another address, is no token', () => {
    const { tokens } = node();
    expect(tokens.take(node({ key: key('other') }).tokens.issue('canary'))).toBeNull();
    expect(tokens.take(node({ key: key('cluster', 'b.onion') }).tokens.issue('canary'))).toBeNull();
  });

  it('is no token any more after any change of it', () => {
    const token = node().tokens.issue(3);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'0123456789abcdef.-'), (at, character) => {
        fc.pre(token[at] !== character);
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(node().tokens.take(changed)).toBeNull();
      }),
    );
  });

  it('is not found in arbitrary text', () => {
    const { tokens } = node();
    fc.assert(fc.property(fc.string(), (text) => tokens.take(text) === null));
  });

  it('is remembered in bounded memory', () => {
    const { tokens } = node();
    const other = node({ seed: 9 }).tokens;
    const taken = Array.from({ length: 5000 }, () => tokens.take(other.issue('canary')));
    expect(taken.filter((what) => what === 'canary')).toHaveLength(4096);
  });
});
