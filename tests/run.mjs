// npm test: the static checks, then every tier, then one line that adds them all up.
//   node tests/run.mjs [tier…]     only these tiers, without the static checks
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * The whole run ends after this; what is running then counts as failed. On two quiet cores it takes half an hour: the rest
 * is for machines that others use too.
 */
const TIME_LIMIT_MS = 80 * 60_000;

const CHECKS = [
  { name: 'types', command: ['npx', 'tsc', '-b'] },
  { name: 'lint', command: ['npx', 'eslint', '.', '--max-warnings', '0'] },
  { name: 'format', command: ['npx', 'prettier', '--check', '--log-level', 'warn', '.'] },
];

const runs = (program, ...args) => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

const noTor = () => (runs('tor', '--version') ? null : 'there is no tor program (apt-get install tor)');

/** Why no nodes in network namespaces with tunnels between them can be had; null when they can. */
const noTunnels = () => {
  const packages = {
    ip: 'iproute2',
    wg: 'wireguard-tools',
    'wireguard-go': 'wireguard-go',
    nft: 'nftables',
    tc: 'iproute2',
    tor: 'tor',
  };
  for (const [program, name] of Object.entries(packages)) {
    if (!runs('sh', '-c', 'PATH="$PATH:/usr/sbin:/sbin" command -v "$0"', program)) {
      return `there is no ${program} program (apt-get install ${name})`;
    }
  }
  if (!runs('unshare', '--net', '--mount', 'true')) return 'namespaces cannot be made here (run it as root)';
  if (!runs('test', '-c', '/dev/net/tun')) return 'there is no /dev/net/tun';
  return null;
};

/** Why no systemd can be booted in namespaces (tests/support/systemd/boot.sh); null when it can. */
const noSystemd = () => {
  const packages = {
    '/lib/systemd/systemd': 'systemd',
    'systemd-notify': 'systemd',
    useradd: 'passwd',
    nsenter: 'util-linux',
    setpriv: 'util-linux',
    pgrep: 'procps',
    ip: 'iproute2',
    tor: 'tor',
    'wireguard-go': 'wireguard-go',
    wg: 'wireguard-tools',
  };
  for (const [program, name] of Object.entries(packages)) {
    if (!runs('sh', '-c', 'PATH="$PATH:/usr/sbin:/sbin" command -v "$0"', program)) {
      return `there is no ${program} (apt-get install ${name})`;
    }
  }
  const cgroup =
    'd=/sys/fs/cgroup/unified; [ -d $d ] || d=/sys/fs/cgroup; [ -e $d/cgroup.procs ] && mkdir $d/$0 && rmdir $d/$0';
  if (!runs('sh', '-c', cgroup, `rb-probe-${process.pid}`))
    return 'no cgroup can be made here (run it as root)';
  const overlay =
    'mount -t tmpfs tmpfs /mnt && cd /mnt && mkdir u w r && mount -t overlay overlay -o lowerdir=/,upperdir=u,workdir=w r';
  if (!runs('unshare', '--mount', '--pid', '--fork', '--net', 'sh', '-c', overlay)) {
    return 'namespaces with an overlay cannot be made here (run it as root)';
  }
  return null;
};

/**
 * Real tiers drive dozens of processes of others (tor, systemd, the kernel) on cores that strangers use as well. A file of
 * theirs that fails is run once more, and its second result counts; what failed first is named at the end, to be mended. A
 * fault of ours that shows in every third run still fails one whole run in nine, and is named in two of nine.
 */
const TIERS = [
  { name: 'unit', obstacle: () => null },
  { name: 'wire', obstacle: () => null },
  // It mostly waits for a private Tor network's time periods: beside other real tiers it costs nobody anything.
  { name: 'tor/periods', obstacle: noTor, isReal: true, isBeside: true },
  { name: 'netns', obstacle: noTunnels, isReal: true },
  { name: 'chaos', obstacle: noTor, isReal: true },
  { name: 'systemd', obstacle: noSystemd, isReal: true },
  { name: 'tor', obstacle: noTor, isReal: true },
];

const endsAt = Date.now() + TIME_LIMIT_MS;
const scratch = mkdtempSync(join(tmpdir(), 'rb-tests-'));

/** Runs a command to its end or to the time limit; resolves with its exit code, null when time was up. */
const run = ([program, ...args], stdio, variables = {}) =>
  new Promise((resolve) => {
    // A group of its own, so that what it started can be ended with it.
    const colours = process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: undefined };
    const env = { ...process.env, ...colours, ...variables };
    const child = spawn(program, args, { cwd: ROOT, stdio, env, detached: true });
    let timeIsUp = false;
    const end = (signal) => {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // It has ended already.
      }
    };
    const limit = setTimeout(
      () => {
        timeIsUp = true;
        end('SIGTERM');
        setTimeout(() => end('SIGKILL'), 10_000).unref();
      },
      Math.max(0, endsAt - Date.now()),
    );
    const interrupt = () => end('SIGINT');
    process.on('SIGINT', interrupt);
    child.on('error', (error) => {
      console.log(`${program}: ${error.message}`);
      clearTimeout(limit);
      resolve(127);
    });
    child.on('exit', (code) => {
      clearTimeout(limit);
      process.off('SIGINT', interrupt);
      resolve(timeIsUp ? null : (code ?? 1));
    });
  });

const vitest = (...args) => ['npx', 'vitest', ...args, '--config', 'tests/vitest.config.ts'];

const readJson = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
};

const readLines = (file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);

const fileNameOf = (tier) => tier.replaceAll('/', '-');

/** How many tests a tier has that cannot run. */
const countTests = async (tier) => {
  const file = join(scratch, `${tier}-list.json`);
  await run(vitest('list', '--project', tier, `--json=${file}`), 'ignore');
  return readJson(file)?.length ?? 1;
};

const sum = (results) =>
  results.reduce(
    (total, one) => ({
      passed: total.passed + one.passed,
      failed: total.failed + one.failed,
      skipped: total.skipped + one.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );

/** What a test file came to. One that failed as a whole (a hook, an import) has at least that failure. */
const countsOf = ({ status, assertionResults }) => {
  const having = (...states) => assertionResults.filter((test) => states.includes(test.status)).length;
  const [passed, failed] = [having('passed'), having('failed')];
  return {
    passed,
    failed: status === 'failed' && failed === 0 ? 1 : failed,
    skipped: assertionResults.length - passed - failed,
  };
};

const hasFailed = (file) => countsOf(file).failed > 0;

/** Runs test files of a tier, all of them if none is named; resolves with null where there is no report. */
const runFiles = async (name, files, output) => {
  const file = join(scratch, `${fileNameOf(name)}.json`);
  const strayFile = join(scratch, `${fileNameOf(name)}.stray`);
  rmSync(file, { force: true });
  const reporters = ['default', 'json', './tests/stray-errors.mjs'].map((one) => `--reporter=${one}`);
  const command = vitest('run', '--project', name, ...reporters, `--outputFile.json=${file}`, ...files);
  const code = await run(command, output, { RB_STRAY_ERRORS: strayFile });
  const report = readJson(file);
  const strays = readLines(strayFile);
  rmSync(strayFile, { force: true });
  if (report !== null) return { results: report.testResults, strays, isGood: code === 0 };
  console.log(
    code === null ? 'The time limit of the whole run was reached.' : 'There is no report of this tier.',
  );
  return null;
};

/** What the end of the run says of failures: the runner's own report of them is far above it by then. */
const told = [];

const tellFailures = (verdict, results) => {
  for (const { name, message, assertionResults } of results.filter(hasFailed)) {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    const reasons = failed.map(({ fullName, failureMessages: [why = ''] }) => `${fullName}: ${why}`);
    for (const reason of reasons.length > 0 ? reasons : [message])
      told.push(`${verdict}: ${relative(ROOT, name)}: ${reason.split('\n')[0]}`);
  }
};

/** How a tier ended; what it prints goes to `output`. */
const runTier = async ({ name, obstacle, isReal = false }, output) => {
  const reason = obstacle();
  if (reason !== null) {
    const skipped = await countTests(name);
    console.log(`\ntier ${name}: skipped, because ${reason}`);
    return { passed: 0, failed: 0, skipped };
  }
  console.log(`\ntier ${name}`);
  const first = await runFiles(name, [], output);
  if (first === null) return { passed: 0, failed: 1, skipped: 0 };
  let { results, strays, isGood } = first;
  const failing = results.filter(hasFailed);
  if (isReal && failing.length > 0) {
    console.log(`\ntier ${name}: what failed is run again`);
    const again = await runFiles(
      name,
      failing.map((file) => relative(ROOT, file.name)),
      output,
    );
    if (again !== null) {
      const steady = new Set(again.results.filter((file) => !hasFailed(file)).map((file) => file.name));
      tellFailures(
        'failed first, passed when run again',
        failing.filter((file) => steady.has(file.name)),
      );
      const repeated = new Set(again.results.map((file) => file.name));
      results = [...results.filter((file) => !repeated.has(file.name)), ...again.results];
      strays = [...strays, ...again.strays];
      ({ isGood } = again);
    }
  }
  tellFailures('FAILED', results);
  for (const stray of strays) told.push(`FAILED: tier ${name}, outside any test: ${stray}`);
  const total = sum([...results.map(countsOf), { passed: 0, failed: strays.length, skipped: 0 }]);
  // A tier without tests, a runner that fails by itself: vitest knows more than the sum of its tests.
  const isSilent = total.failed === 0 && (!isGood || total.passed === 0);
  return isSilent ? { ...total, failed: 1 } : total;
};

const line = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !TIERS.some((tier) => tier.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no tier ${unknown.join(', ')}: the tiers are ${TIERS.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(2);
}

const summary = [];
const results = [];
if (wanted.length === 0) {
  for (const { name, command } of CHECKS) {
    const startedAt = Date.now();
    const code = await run(command, 'inherit');
    const verdict = code === 0 ? 'good' : 'FAILED';
    summary.push(`check ${name}: ${verdict} (${((Date.now() - startedAt) / 1000).toFixed(0)} s)`);
    console.log(summary.at(-1));
    // A check that fails is a failure of the run like any test's; one that passes is not a test.
    if (code !== 0) results.push({ passed: 0, failed: 1, skipped: 0 });
  }
}
const timed = async (tier, output) => {
  const startedAt = Date.now();
  const result = await runTier(tier, output);
  results.push(result);
  summary.push(`tier ${tier.name}: ${line(result)} (${((Date.now() - startedAt) / 1000).toFixed(0)} s)`);
};

/** Runs a tier while others run; its output is shown when it has ended. */
const timedBeside = async (tier) => {
  const file = join(scratch, `${fileNameOf(tier.name)}.out`);
  const output = openSync(file, 'w');
  await timed(tier, ['ignore', output, output]);
  closeSync(output);
  return () => {
    console.log(`\ntier ${tier.name}, which ran beside others:\n${readFileSync(file, 'utf8')}`);
  };
};

const besides = [];
for (const tier of TIERS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  if (tier.isBeside) {
    besides.push(timedBeside(tier));
    continue;
  }
  await timed(tier, 'inherit');
}
for (const show of await Promise.all(besides)) show();
rmSync(scratch, { recursive: true, force: true });

const total = sum(results);
console.log(`\n${summary.join('\n')}`);
for (const line of told) console.log(line);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
console.log(line(total));
