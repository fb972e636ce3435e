// npm run faults: runs the tests that inject faults for real, several times, and prints how long recoveries took.
//   npm run faults -- mesh clocks      only the test files whose path contains one of the words
//   npm run faults -- --runs 2 mesh    another number of runs than sources.mjs says
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figureTable, spread } from '../dist/bench/statistics.js';
import { SOURCES } from './sources.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { values, positionals } = parseArgs({
  options: { runs: { type: 'string' } },
  allowPositionals: true,
});
const wanted = SOURCES.filter(
  ({ file }) => positionals.length === 0 || positionals.some((word) => file.includes(word)),
);
if (wanted.length === 0) {
  console.error(`No file of tests/faults/sources.mjs has ${positionals.join(', ')} in its path.`);
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'rb-faults-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const collected = join(scratch, 'measured');

const runOnce = ({ project, file }) =>
  spawnSync('npx', ['vitest', 'run', '--config', 'tests/vitest.config.ts', '--project', project, file], {
    cwd: ROOT,
    env: { ...process.env, RB_MEASURED: collected, NO_COLOR: '1', FORCE_COLOR: undefined },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });

for (const source of wanted) {
  const seconds = new Map();
  const loads = [];
  const runs = Number(values.runs ?? source.runs);
  let failed = 0;
  for (let run = 1; run <= runs; run++) {
    writeFileSync(collected, '');
    const { status, stdout } = runOnce(source);
    loads.push(loadavg()[0]);
    console.error(`${source.file}, run ${run} of ${runs}: ${status === 0 ? 'passed' : 'FAILED'}`);
    if (status !== 0) {
      failed += 1;
      console.error(stdout.split('\n').slice(-60).join('\n'));
    }
    for (const line of readFileSync(collected, 'utf8').split('\n').filter(Boolean)) {
      const one = JSON.parse(line);
      seconds.set(one.fault, [...(seconds.get(one.fault) ?? []), one.seconds]);
    }
  }
  const figures = [...seconds].map(([what, all]) => {
    // What takes a millisecond would be a row of zeros.
    const [unit, perSecond] = Math.max(...all) < 0.1 ? ['ms', 1000] : ['s', 1];
    return { what, unit, spread: spread(all.map((one) => one * perSecond)), target: null, met: null };
  });
  const load = `load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
  console.log(`\n${source.file}, ${load}${failed === 0 ? '' : `, ${failed} of ${runs} runs FAILED`}\n`);
  console.log(figureTable(figures));
  if (failed > 0) process.exitCode = 1;
}
