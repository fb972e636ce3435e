import { ClusterSimulation, nodeName } from '../support/cluster-simulation.js';
import { DEFAULT_TIMES } from '../support/simulation/cluster-config.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const NODES = 200;
const JOINING = NODES - 1;
const SPONSOR = 17;
const HEARTBEAT_MS = DEFAULT_TIMES.heartbeatSecs * 1000;
const LOSS = 0.02;
/** Each tells 199 others its introduction points, at a bounded rate: 150 s. */
const SETTLING_MS = 240_000;
const WATCHED_MS = 100_000;
const DAY_SECS = 86_400;
const MOST_BYTES = 2000;
const MOST_HEARTBEATS = 10;

const indexes = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Bytes that a node sends in a second, on average over the nodes, while the simulation runs on. */
const sentPerNode = (sim: ClusterSimulation, ms: number): number => {
  const before = sim.network.sent.bytes;
  sim.run(ms);
  return (sim.network.sent.bytes - before) / sim.running().length / (ms / 1000);
};

const isKnownToAll = (sim: ClusterSimulation): boolean =>
  sim.running().every(({ members, spec }) => {
    const others = sim.running().length - 1;
    return (
      members.length === others &&
      (spec.id === nodeName(JOINING) || members.some(({ id }) => id === nodeName(JOINING)))
    );
  });

/** A cluster of 200 that one more node joins, and from which one is removed. */
const largeCluster = async (
  progress: (line: string) => void,
): Promise<{ quiet: number; joining: number; joinMs: number; removalMs: number }> => {
  const sim = new ClusterSimulation({
    seed: 1,
    nodes: NODES,
    times: DEFAULT_TIMES,
    weather: { loss: LOSS, longestDelayMs: 60 },
    cheapKeys: true,
    knows: (index) => indexes(index === JOINING ? NODES : NODES - 1),
  });
  for (const node of sim.nodes.slice(0, JOINING)) await node.start();
  sim.run(SETTLING_MS);
  progress(`settled: publishers ${sim.publishers().join(' ')}`);
  const quiet = sentPerNode(sim, 30_000);
  progress(`quiet: ${Math.round(quiet)} B/s a node`);
  sim.sponsor(SPONSOR, JOINING);
  await sim.node(SPONSOR).restart();
  await sim.node(JOINING).start();
  const before = sim.network.sent.bytes;
  const joinMs = sim.runUntil(() => isKnownToAll(sim), WATCHED_MS, 500) ?? Number.POSITIVE_INFINITY;
  progress(`joined after ${joinMs} ms`);
  sim.run(Math.max(0, WATCHED_MS - joinMs));
  const joining = (sim.network.sent.bytes - before) / NODES / (WATCHED_MS / 1000);
  await sim.node(SPONSOR).remove(nodeName(40));
  const isGone = (): boolean =>
    sim
      .running()
      .every(({ members, spec }) =>
        spec.id === nodeName(40) ? members.length === 0 : members.length === NODES - 2,
      );
  const removalMs = sim.runUntil(isGone, WATCHED_MS, 500) ?? Number.POSITIVE_INFINITY;
  progress(`removed after ${removalMs} ms; deaths: ${sim.logged('declared DEAD').length}`);
  return { quiet, joining, joinMs, removalMs };
};

/** False deaths in a day of ten nodes with 5 % loss, pauses of 2 s and clocks up to 3 s apart. */
const falseDeaths = async (seed: number, progress: (line: string) => void): Promise<number> => {
  const sim = new ClusterSimulation({
    seed,
    nodes: 10,
    times: DEFAULT_TIMES,
    weather: { loss: 0.05, longestDelayMs: 60 },
  });
  for (const node of sim.nodes) node.skewMs = 6000 * (sim.random.uniform() - 0.5);
  await sim.startAll();
  const seconds = Number(process.env['RB_SIMULATION_SECONDS'] ?? DAY_SECS);
  for (let second = 0; second < seconds; second += 10) {
    sim.run(10_000);
    sim.node(Math.floor(sim.random.uniform() * 10)).pause(2000);
    if (second % 3600 === 0) {
      progress(`seed ${seed}, hour ${second / 3600}: ${sim.logged('declared DEAD').length} false deaths`);
    }
  }
  return sim.logged('declared DEAD').length;
};

const atMost = (what: string, unit: string, value: number, limit: number): Figure => ({
  what,
  unit,
  spread: spread([value]),
  target: `max ≤ ${limit}`,
  met: value <= limit,
});

/** What only a simulation can show of a cluster: hundreds of nodes, and a whole day. */
export const clusterFigures = async (progress: (line: string) => void): Promise<Figure[]> => {
  const large = await largeCluster(progress);
  const deaths = await falseDeaths(Number(process.env['RB_SIMULATION_FIRST'] ?? 1), progress);
  return [
    atMost('Sent by each of 200 nodes when nothing happens', 'B/s', large.quiet, MOST_BYTES),
    atMost('Sent by each of 200 nodes while one joins', 'B/s', large.joining, MOST_BYTES),
    atMost(
      'Until 200 nodes know one that joined',
      'heartbeats',
      large.joinMs / HEARTBEAT_MS,
      MOST_HEARTBEATS,
    ),
    atMost(
      'Until 200 nodes know of a removal',
      'heartbeats',
      large.removalMs / HEARTBEAT_MS,
      MOST_HEARTBEATS,
    ),
    atMost('False deaths in a day of ten nodes, 5 % loss, pauses of 2 s, clocks 3 s apart', '', deaths, 0),
  ];
};
