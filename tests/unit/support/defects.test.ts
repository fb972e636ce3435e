import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const ROOT = new URL('../../../', import.meta.url);
const LIST = new URL('tests/defects/list.mjs', ROOT);
const defect = z.strictObject({
  harm: z.string(),
  file: z.string(),
  find: z.string(),
  put: z.string(),
  tests: z.array(z.string()).min(1),
});
const { DEFECTS } = z.object({ DEFECTS: z.array(defect) }).parse(await import(LIST.href));

describe('a defect of the list (npm run defects)', () => {
  it.each(DEFECTS)('has its place exactly once in the code: $harm', ({ file, find, put }) => {
    const places = readFileSync(new URL(file, ROOT), 'utf8').split(find).length - 1;
    expect(places, file).toBe(1);
    expect(put).not.toBe(find);
  });

  it.each(DEFECTS)('has tests of the unit tier that shall see it: $harm', ({ tests }) => {
    for (const test of tests) {
      expect(test).toMatch(/^tests\/unit\/.*\.test\.ts$/);
      expect(existsSync(new URL(test, ROOT)), test).toBe(true);
    }
  });

  it('has a harm of its own', () => {
    const harms = DEFECTS.map(({ harm }) => harm);
    expect(new Set(harms).size).toBe(harms.length);
  });
});
