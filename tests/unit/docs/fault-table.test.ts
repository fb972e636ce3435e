import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = `\n${readFileSync(new URL('../../../docs/self-repair.md', import.meta.url), 'utf8')}`;

/** The cells of each row of the table under a heading. */
const tableUnder = (heading: string): readonly (readonly string[])[] => {
  const from = page.indexOf(`\n${heading}\n`);
  expect(from, heading).toBeGreaterThanOrEqual(0);
  const lines = page.slice(from + heading.length + 2).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, i) => i > first && !line.startsWith('|'));
  return lines.slice(first + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};

const FAULTS = '# What breaks, and what mends it';
const FAILURES = '## Where to find a failure';

/** What cannot take longer was not measured by that. */
const BOUND = /\bat most [^;,]*/g;
/** A number with its unit, or the page that has them. */
const MEASURED = /(?<![\w.])\d+(?:\.\d+)? (?:ms|s|min|heartbeats)\b|\(figures\.md/;

describe('the table of faults', () => {
  const rows = tableUnder(FAULTS);

  it('has a detection, a repair, a time and a proof in every row', () => {
    for (const cells of rows) {
      expect(cells, cells[0]).toHaveLength(5);
      for (const cell of cells) expect(cell, cells[0]).not.toMatch(/^-?$/);
      expect(cells[3]?.replaceAll(BOUND, ''), cells[0]).toMatch(MEASURED);
    }
  });

  it.each(['at once', 'at the start', 'at most 15 s', 'at most `drain_secs` (5 s)', '3 probes'])(
    'takes no row for measured that says: %s',
    (text) => {
      expect(text.replaceAll(BOUND, '')).not.toMatch(MEASURED);
    },
  );

  it('names each fault once', () => {
    const names = rows.map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has the row that each failure of the design leads to', () => {
    const failures = tableUnder(FAILURES);
    expect(failures.length).toBeGreaterThan(50);
    for (const [, failure, where = ''] of failures) {
      const wanted = where.split(';').map((name) => name.trim().replace(/…$/, ''));
      for (const name of wanted) {
        const found = rows.filter(([fault = '']) => fault.startsWith(name));
        expect(found, `${failure ?? ''} → ${name}`).toHaveLength(1);
      }
    }
  });
});
