import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { ClusterSimulation } from '../cluster-simulation.js';
import { examplePoints } from './example-points.js';

/** What may happen to a cluster; the weights say how often. */
const TROUBLES = [
  'partition',
  'one-way',
  'heal',
  'kill',
  'start',
  'restart-actor',
  'stop',
  'pause',
  'skew',
  'points',
  'tor',
  'step-down',
  'fitness',
] as const;

type Trouble = (typeof TROUBLES)[number];

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random.uniform() * list.length)]!;

const split = (sim: ClusterSimulation): void => {
  const left: number[] = [];
  const right: number[] = [];
  sim.nodes.forEach((_, index) => (sim.random.uniform() < 0.5 ? left : right).push(index));
  sim.partition(left, right);
};

const oneWay = (sim: ClusterSimulation): void => {
  const from = Math.floor(sim.random.uniform() * sim.nodes.length);
  const to = Math.floor(sim.random.uniform() * sim.nodes.length);
  if (from !== to) sim.network.cut(from, to);
};

/** One random trouble for one random node or link. Returns what it was, for the account of a failing seed. */
export const trouble = async (sim: ClusterSimulation): Promise<string> => {
  const { random } = sim;
  const kind: Trouble = pick(random, TROUBLES);
  const node = pick(random, sim.nodes);
  const told = `${Math.round(sim.nowMs)} ms: ${kind} ${node.spec.id}`;
  switch (kind) {
    case 'partition':
      split(sim);
      break;
    case 'one-way':
      oneWay(sim);
      break;
    case 'heal':
      sim.network.heal();
      break;
    case 'kill':
      node.kill();
      break;
    case 'start':
      if (!node.isRunning) await node.start();
      break;
    case 'restart-actor':
      if (node.isRunning) {
        node.kill();
        await node.start();
      }
      break;
    case 'stop':
      await sim.stop(node);
      break;
    case 'pause':
      node.pause(500 + 3500 * random.uniform());
      break;
    case 'skew':
      node.skewMs = (random.uniform() - 0.5) * pick(random, [2000, 6000, 60_000, 7_200_000]);
      break;
    case 'points':
      node.tellPoints(examplePoints(`${node.spec.id} at ${sim.nowMs}`, pick(random, [0, 3, 3, 3, 10, 20])));
      break;
    case 'tor':
      node.tellTor(!node.torUp);
      break;
    case 'step-down':
      node.order('a test');
      break;
    case 'fitness':
      node.tellFitness(node.health?.fit === false);
      break;
  }
  return told;
};

/** Everything is well again: links healed, Tors up, every node fit and running. Clocks stay as they are. */
export const endOfTroubles = async (sim: ClusterSimulation): Promise<void> => {
  sim.network.heal();
  for (const node of sim.nodes) {
    if (!node.torUp) node.tellTor(true);
    if (node.health?.fit === false) node.tellFitness(true);
    if (!node.isRunning) await node.start();
  }
};
