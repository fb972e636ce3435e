import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseToml } from '@rustbalance/actors/kernel/config/toml-document.js';
import { lineOf, mapLines } from '@rustbalance/actors/kernel/config/toml-lines.js';
import { nearest, editDistance } from '@rustbalance/actors/kernel/config/nearest.js';

const TRICKY = `# comment with [header] and key = 1
a.b = 1 # a = 9
"quoted.key" = '''
[not-a-header]
x = 1
'''''
list = [ # comment ]
  "]", 'a,b',
  [1, 2], { k = "}", l = [
    3 ] },
]
[t.u]
  v = """
w = 1 \\"""
"""
w = { x.y = 1, z = 2 }
[[p.q]]
r = 1
[p.q.s]
n = 1
[[p.q]]
r = 2
r2 = 1979-05-27T07:32:00Z
`;

describe('the line map of a TOML document', () => {
  it('finds keys behind multi-line texts, lists, inline tables, dots, quotes and comments', () => {
    expect(parseToml(TRICKY).ok).toBe(true);
    const lines = mapLines(TRICKY);
    const at = (...path: (string | number)[]) => lineOf(lines, path);
    expect(at('a', 'b')).toBe(2);
    expect(at('quoted.key')).toBe(3);
    expect(at('not-a-header')).toBeNull();
    expect([at('list'), at('list', 0), at('list', 1), at('list', 2), at('list', 3)]).toEqual([7, 8, 8, 9, 9]);
    expect(at('list', 3, 'l', 0)).toBe(10);
    expect([at('t', 'u'), at('t', 'u', 'v'), at('t', 'u', 'w')]).toEqual([12, 13, 16]);
    expect([at('t', 'u', 'w', 'x', 'y'), at('t', 'u', 'w', 'z')]).toEqual([16, 16]);
    expect([at('p', 'q'), at('p', 'q', 0, 'r'), at('p', 'q', 1, 'r'), at('p', 'q', 1, 'r2')]).toEqual([
      17, 18, 22, 23,
    ]);
    expect(at('p', 'q', 0, 's', 'n')).toBe(20);
  });

  it('answers for a missing key with the line of its section, and for a missing section not at all', () => {
    const lines = mapLines(TRICKY);
    expect(lineOf(lines, ['t', 'u', 'missing'])).toBe(12);
    expect(lineOf(lines, ['p', 'q', 1, 'missing'])).toBe(21);
    expect(lineOf(lines, ['nowhere', 'x'])).toBeNull();
  });

  it('finds every key of any document that is written one key a line', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
    const value = fc.oneof(
      fc.integer().map(String),
      fc.string({ maxLength: 30 }).map((text) => JSON.stringify(text).replaceAll('\u007f', '')),
      fc.array(fc.integer(), { maxLength: 3 }).map((list) => JSON.stringify(list)),
    );
    fc.assert(
      fc.property(fc.dictionary(word, fc.dictionary(word, value, { minKeys: 1 })), (document) => {
        const written: string[] = [];
        const expected: { path: string[]; line: number }[] = [];
        for (const [section, keys] of Object.entries(document)) {
          written.push(`[${section}]`);
          for (const [key, text] of Object.entries(keys)) {
            written.push(`${key} = ${text}`);
            expected.push({ path: [section, key], line: written.length });
          }
        }
        const lines = mapLines(written.join('\n'));
        for (const { path, line } of expected) expect(lineOf(lines, path)).toBe(line);
      }),
      { numRuns: 200 },
    );
  });

  it('ends on any text whatever', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[[\]{}="'#.,a\n\\]{0,60}$/), (text) => {
        expect(mapLines(text).size).toBeLessThanOrEqual(text.length + 1);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a syntax error', () => {
  it('quotes nothing of the text, wherever the mistake is', () => {
    const secret = 'PLANTEDsecret';
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('"', '=', '\n', '[', '\\', '\u0000', ']', '9'), (at, mark) => {
        const text = `[coordination]\ncluster_token = "${secret}"\nother = "${secret}"\n`;
        const position = at % text.length;
        const outcome = parseToml(text.slice(0, position) + mark + text.slice(position));
        if (!outcome.ok) expect(outcome.mistake.problem).not.toMatch(/PLANTED|secret/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the nearest word', () => {
  it.each([
    ['tor', 'tro', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['mode', 'mode', 0],
    ['ab', 'ba', 1],
  ])('of %j and %j lies %i slips apart', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it('is none when none is near, or the word is no word', () => {
    expect(nearest('priority', ['mode', 'url'])).toBeNull();
    expect(nearest('x'.repeat(100_000), ['mode'])).toBeNull();
    expect(nearest('MODE', ['mood', 'mode'])).toBe('mode');
  });
});
