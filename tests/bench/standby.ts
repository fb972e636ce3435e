import { startCluster } from '../support/cluster/cluster.js';
import type { DaemonNode } from '../support/cluster/daemon-node.js';
import { publishedNodes } from '../support/cluster/status.js';
import type { StatusJson } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import { startStockClient } from '../support/stock-client.js';
import { loadClient } from '../support/stock-client-load.js';
import type { LoadMode, LoadSample } from '../support/stock-client-load.js';
import { summary } from '../support/stock-client-summary.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const LIMIT_MS = 120_000;
const FAULTS = ['SIGKILL', 'SIGSTOP'] as const;
type Fault = (typeof FAULTS)[number];
const MODES = ['cold', 'warm'] as const satisfies readonly LoadMode[];

/** Visits from then to then around each fault are summed up. */
const BEFORE_MS = 3_000;
const AFTER_MS = 20_000;
const EVERY_MS = 500;
/** Cold visitors need a Tor each, and one that drew a hung Tor is not free for a minute. */
const COLD_CLIENTS = 6;

interface Course {
  readonly fault: Fault;
  readonly atMs: number;
  /** Seconds until both descriptors, on every HSDir, were published after the fault. */
  readonly taken: number;
  /** Seconds until the other Tor was there again. */
  readonly whole: number;
}

const isWhole = ({ tor }: StatusJson): boolean =>
  tor.state === 'up' && (tor.redundancy === null || tor.redundancy.other.state === 'up');

const publishedAfter = (status: StatusJson, atMs: number): boolean =>
  publishedNodes(status) === status.node.id &&
  status.descriptors.every(({ published_at: at }) => at !== null && Date.parse(at) > atMs);

/** Hurts the Tor in use and follows what comes of it. */
const course = async (node: DaemonNode, fault: Fault): Promise<Course> => {
  const before = await node.until('both Tors are up', isWhole, LIMIT_MS);
  const pid = await node.torPid(before.tor.redundancy?.in_use ?? 'first');
  if (pid === null) throw new Error('there is no Tor to hurt');
  const atMs = Date.now();
  process.kill(pid, fault);
  const since = (): number => (Date.now() - atMs) / 1000;
  await eventually(
    'both descriptors are published anew',
    async () => publishedAfter(await node.status(), atMs) || null,
    { timeoutMs: LIMIT_MS, everyMs: 25 },
  );
  const taken = since();
  await node.until('the other Tor is there again', isWhole, LIMIT_MS);
  return { fault, atMs, taken, whole: since() };
};

const around = (samples: readonly LoadSample[], courses: readonly Course[]): readonly LoadSample[] =>
  samples.filter(({ dueMs }) =>
    courses.some(({ atMs }) => dueMs >= atMs - BEFORE_MS && dueMs < atMs + AFTER_MS),
  );

/** One node, whose Tor is killed or hangs in turn while visitors come: with a Tor that stands by, and without. */
export const standbyFigures = async (
  network: TorNetwork,
  progress: (line: string) => void,
  rounds = 5,
): Promise<Figure[]> => {
  const figures: Figure[] = [];
  const figure = (what: string, seconds: readonly number[]): void => {
    figures.push({ what, unit: 's', spread: spread(seconds), target: null, met: null });
  };
  const clients = await Promise.all(
    Array.from({ length: COLD_CLIENTS + 1 }, (_, i) =>
      startStockClient(network, { name: `visitor-${String(i)}` }),
    ),
  );
  for (const standby of [true, false]) {
    const set = [
      `tor.standby=${String(standby)}`,
      'supervisor.start_timeout_secs=60',
      'supervisor.period_secs=900',
    ];
    const cluster = await startCluster({ network, nodes: 1, set });
    const ending = new AbortController();
    try {
      const [node] = cluster.nodes;
      if (node === undefined) throw new Error('a cluster of one has a node');
      await node.until('it is published', (s) => publishedNodes(s) === node.id && isWhole(s), LIMIT_MS);
      const loads = MODES.map((mode) =>
        loadClient({
          clients: mode === 'cold' ? clients.slice(1) : clients.slice(0, 1),
          address: cluster.address,
          mode,
          everyMs: EVERY_MS,
          durationMs: 60 * 60_000,
          signal: ending.signal,
        }),
      );
      const courses: Course[] = [];
      for (let round = 0; round < rounds; round++) {
        for (const fault of FAULTS) {
          const one = await course(node, fault);
          courses.push(one);
          progress(
            `${standby ? 'standby' : 'alone'}, ${fault}: published after ${one.taken.toFixed(2)}, whole after ${one.whole.toFixed(2)} s`,
          );
          await eventually('its time is over', () => Date.now() > one.atMs + AFTER_MS + BEFORE_MS || null, {
            timeoutMs: LIMIT_MS,
          });
        }
      }
      ending.abort();
      const samples = await Promise.all(loads);
      const which = standby ? 'a Tor stands by' : 'no Tor stands by';
      for (const fault of FAULTS) {
        const those = courses.filter((one) => one.fault === fault);
        figure(
          `${which}, ${fault}: living points in both descriptors, on every HSDir`,
          those.map(({ taken }) => taken),
        );
        figure(
          `${which}, ${fault}: whole again`,
          those.map(({ whole }) => whole),
        );
        for (const [i, mode] of MODES.entries()) {
          const visits = summary(around(samples[i] ?? [], those));
          progress(`${which}, ${fault}, ${mode}: ${JSON.stringify(visits)}`);
          figures.push({
            what: `${which}, ${fault}: ${mode} visits around it that were answered within 10 s`,
            unit: '%',
            spread: spread([visits.successRatio * 100]),
            target: null,
            met: null,
          });
        }
      }
    } finally {
      ending.abort();
      await cluster.stop();
    }
  }
  await Promise.all(clients.map((client) => client.stop()));
  return figures;
};
