// npm run defects: puts each defect of list.mjs into a copy of the working tree, one at a time, and runs the tests that
// must see it. Exits with 1 when one is not seen.
//   npm run defects -- counter     only those whose harm or file contains the word
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFECTS } from './list.mjs';
import { unknownNames } from './names.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const [word = ''] = process.argv.slice(2);
const wanted = DEFECTS.filter(({ harm, file }) => `${harm} ${file}`.includes(word));
if (wanted.length === 0) {
  console.error(`There is no defect with "${word}".`);
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'rb-defects-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
cpSync(ROOT, scratch, {
  recursive: true,
  verbatimSymlinks: true,
  filter: (from) => !from.startsWith(join(ROOT, '.git')),
});

/** How many tests failed, and how many there were; all failures of a file that cannot even be loaded count as none. */
const runTests = (tests) => {
  const report = join(scratch, 'report.json');
  rmSync(report, { force: true });
  const args = [
    'run',
    '--config',
    'tests/vitest.config.ts',
    '--project',
    'unit',
    '--bail',
    '1',
    '--testTimeout',
    '30000',
  ];
  // Not by npx, which looks around for a second before each run.
  const vitest = join(scratch, 'node_modules/vitest/vitest.mjs');
  spawnSync(process.execPath, [vitest, ...args, '--reporter=json', `--outputFile=${report}`, ...tests], {
    cwd: scratch,
    stdio: 'ignore',
  });
  const {
    numFailedTests: failed,
    numTotalTests: total,
    testResults,
  } = JSON.parse(readFileSync(report, 'utf8'));
  const failures = testResults.flatMap(({ assertionResults }) =>
    // What --bail cuts short counts as failed too, without a message.
    assertionResults
      .filter(({ status, failureMessages }) => status === 'failed' && failureMessages.length > 0)
      .map(({ fullName }) => fullName),
  );
  return { failed, total, first: failures[0] ?? null };
};

const healthy = runTests([...new Set(wanted.flatMap(({ tests }) => tests))]);
if (healthy.failed > 0 || healthy.total === 0) {
  console.error(`Without any defect ${healthy.failed} of ${healthy.total} tests fail: ${healthy.first}`);
  process.exit(1);
}

let unseen = 0;
for (const [index, { harm, file, find, put, tests }] of wanted.entries()) {
  const path = join(scratch, file);
  const before = readFileSync(path, 'utf8');
  const found = before.split(find).length - 1;
  const after = before.replace(find, () => put);
  const unknown = unknownNames(scratch, file, after);
  let verdict;
  if (found !== 1) verdict = `NOT TRIED: its place occurs ${found} times in ${file}`;
  else if (unknown.length > 0) verdict = `NOT TRIED: ${unknown.join(' ')}`;
  else {
    writeFileSync(path, after);
    const { failed, first } = runTests(tests);
    writeFileSync(path, before);
    verdict = failed > 0 ? `seen by "${first}"` : 'NOT SEEN';
  }
  if (!verdict.startsWith('seen')) unseen += 1;
  console.log(`${index + 1}. ${harm}\n   ${file}: ${verdict}`);
}
console.log(`${wanted.length - unseen} of ${wanted.length} defects seen`);
process.exitCode = unseen === 0 ? 0 : 1;
