import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reserveFreePorts } from './proxy-ports.js';
import { startNginx } from './proxy-nginx.js';
import { cpuSeconds, residentMib } from './proxy-usage.js';
import { runWrk } from './proxy-wrk.js';
import { type Figure, spread } from './statistics.js';

const MIB = 1024 * 1024;
const CONNECTIONS = 64;
const SMALL_BYTES = 600;
const LARGE_BYTES = 1024 * MIB;

/** Memory that counts as flat for any size of body: V8 lets some 30 MiB of read buffers lie before it collects them. */
const FLAT_MIB = 64;

export interface ProxyBenchOptions {
  /** Each subject is measured once a round, one after the other, so that the machine's noise meets all alike. */
  readonly rounds: number;
  readonly seconds: number;
}

interface Body {
  readonly mode: 'http' | 'raw';
  readonly mibPerSecond: number;
  readonly rssBeforeMib: number;
  readonly rssPeakMib: number;
}

const startOurs = async (
  mode: 'http' | 'raw',
  targetPort: number,
): Promise<{ child: ChildProcess; listen: string }> => {
  const script = fileURLToPath(new URL('./proxy-process.js', import.meta.url));
  const child = spawn(process.execPath, [script, mode, String(targetPort)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, listen: line.toString().trim() };
};

/**
 * Fetches the large file through a proxy while its memory is sampled.
 *
 * @throws Error when less than the whole file came: a memory that stayed flat would then mean nothing
 */
const fetchLarge = async (mode: 'http' | 'raw', listen: string, pid: number): Promise<Body> => {
  const rssBeforeMib = await residentMib(pid);
  let rssPeakMib = rssBeforeMib;
  const sampler = setInterval(() => {
    void residentMib(pid).then((rss) => (rssPeakMib = Math.max(rssPeakMib, rss)));
  }, 50);
  const began = performance.now();
  const bytes = await new Promise<number>((resolve, reject) => {
    get(`http://${listen}/large`, (response) => {
      let received = 0;
      response.on('data', (chunk: Buffer) => (received += chunk.length));
      response.on('end', () => {
        resolve(received);
      });
      response.on('error', reject);
    }).on('error', reject);
  });
  clearInterval(sampler);
  if (bytes !== LARGE_BYTES)
    throw new Error(`${mode} mode gave ${String(bytes)} bytes of a body of ${String(LARGE_BYTES)}`);
  const seconds = (performance.now() - began) / 1000;
  return { mode, mibPerSecond: bytes / MIB / seconds, rssBeforeMib, rssPeakMib };
};

const ratiosOf = (ours: readonly number[], theirs: readonly number[]): number[] =>
  ours.map((rate, round) => rate / (theirs[round] ?? Number.NaN));

const share = (what: string, ratios: readonly number[], least: number): Figure => {
  const ratio = spread(ratios);
  return { what, unit: '×', spread: ratio, target: `median ≥ ${String(least)}`, met: ratio.median >= least };
};

/** A rate of answers that are errors is no figure: none may fail, nginx's neither. */
const failed = (counts: readonly number[]): Figure => ({
  what: 'Requests that failed, of any subject in any round',
  unit: '',
  spread: spread(counts),
  target: 'max 0',
  met: Math.max(...counts) === 0,
});

const withoutTarget = (what: string, unit: string, samples: readonly number[]): Figure => ({
  what,
  unit,
  spread: spread(samples),
  target: null,
  met: null,
});

interface Subject {
  readonly name: string;
  readonly listen: string;
  readonly pid: number | null;
}

/** The proxy against nginx over loopback, small responses and one large body. Needs wrk and nginx. */
export const proxyFigures = async (
  { rounds, seconds }: ProxyBenchOptions = { rounds: 7, seconds: 3 },
): Promise<Figure[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'rb-bench-'));
  const [target, http, stream] = await reserveFreePorts();
  const nginx = await startNginx(
    directory,
    { target, http, stream },
    { smallBytes: SMALL_BYTES, largeBytes: LARGE_BYTES },
  );
  const ours = { http: await startOurs('http', target), raw: await startOurs('raw', target) };
  try {
    const pids = { http: ours.http.child.pid ?? 0, raw: ours.raw.child.pid ?? 0 };
    const subjects: Subject[] = [
      { name: 'nginx target', listen: `127.0.0.1:${String(target)}`, pid: null },
      { name: 'nginx http', listen: `127.0.0.1:${String(http)}`, pid: nginx.workerPid },
      { name: 'rustbalance http', listen: ours.http.listen, pid: pids.http },
      ...(nginx.hasStream
        ? [{ name: 'nginx stream', listen: `127.0.0.1:${String(stream)}`, pid: nginx.workerPid }]
        : []),
      { name: 'rustbalance raw', listen: ours.raw.listen, pid: pids.raw },
    ];
    const samples: Record<string, number[]> = {};
    const efficiency: Record<string, number[]> = {};
    const failures: number[] = [];
    // The first round warms up: code is compiled, connections are made.
    for (let round = -1; round < rounds; round++) {
      for (const { name, listen, pid } of subjects) {
        const cpuBefore = pid === null ? 0 : await cpuSeconds(pid);
        const run = await runWrk(`http://${listen}/small`, CONNECTIONS, seconds);
        failures.push(run.failures);
        if (round < 0) continue;
        (samples[name] ??= []).push(run.requestsPerSecond);
        if (pid === null) continue;
        const cpu = (await cpuSeconds(pid)) - cpuBefore;
        (efficiency[name] ??= []).push((run.requestsPerSecond * seconds) / cpu);
      }
    }
    const bodies = [
      await fetchLarge('http', ours.http.listen, pids.http),
      await fetchLarge('raw', ours.raw.listen, pids.raw),
    ];
    const rawIsComparedWith = nginx.hasStream ? 'nginx stream' : 'nginx http';
    const httpRatios = ratiosOf(samples['rustbalance http'] ?? [], samples['nginx http'] ?? []);
    const rawRatios = ratiosOf(samples['rustbalance raw'] ?? [], samples[rawIsComparedWith] ?? []);
    const growth = bodies.map(({ rssBeforeMib, rssPeakMib }) => rssPeakMib - rssBeforeMib);
    return [
      share('HTTP mode: small requests/s against nginx http', httpRatios, 0.25),
      share(`Raw mode: small requests/s against ${rawIsComparedWith}`, rawRatios, 0.7),
      {
        what: `Memory added by one body of 1 GiB (${bodies.map(({ mode }, i) => `${mode} ${(growth[i] ?? 0).toFixed(0)}`).join(', ')})`,
        unit: 'MiB',
        spread: spread(growth),
        target: `max ≤ ${String(FLAT_MIB)}`,
        met: Math.max(...growth) <= FLAT_MIB,
      },
      failed(failures),
      ...bodies.map(({ mode, mibPerSecond }) =>
        withoutTarget(`One body of 1 GiB, ${mode} mode`, 'MiB/s', [mibPerSecond]),
      ),
      ...Object.entries(samples).map(([name, rates]) =>
        withoutTarget(`${name}: small requests`, '/s', rates),
      ),
      // Of the proxy's own processor time, which other load on the machine hardly touches.
      ...Object.entries(efficiency).map(([name, rates]) =>
        withoutTarget(`${name}: small requests for each second of its processor time`, '', rates),
      ),
    ];
  } finally {
    for (const { child } of Object.values(ours)) child.kill('SIGTERM');
    await nginx.stop();
    await rm(directory, { recursive: true, force: true });
  }
};
