import { cpus, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import { startTorNetwork } from '../support/tor-network/network.js';
import { SELECTIVE_RINGS } from '../support/tor-network/options.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { clusterFigures } from './cluster.js';
import { daemonFigures } from './daemon.js';
import { defaultTakeoverFigures } from './default-takeover.js';
import { descriptorFigures } from './descriptors.js';
import { drainFigures } from './drain.js';
import { floodFigures } from './floods.js';
import { joiningFigures } from './joining.js';
import { loopDelayFigures } from './loop-delay.js';
import { nodeLossFigures } from './node-loss.js';
import { ownTorFigures } from './own-tor.js';
import { proxyFigures } from './proxy-figures.js';
import { proxyObstacle } from './proxy-obstacle.js';
import { republishFigures } from './republish.js';
import { figureTable } from './statistics.js';
import type { Figure } from './statistics.js';
import { takeoverFigures } from './takeover.js';
import { targetOutageFigures } from './target-outage.js';
import { standbyFigures } from './standby.js';
import { torFaultFigures } from './tor-faults.js';
import { torStuckFigures } from './tor-stuck.js';
import { tunnelFigures } from './tunnels.js';
import { vanityFigures } from './vanity.js';
import { wholePeriodFigures } from './whole-period.js';

const progress = (line: string): void => {
  console.error(line);
};

interface Bench {
  /** Why it cannot run here; null where it can. */
  readonly obstacle?: () => Promise<string | null>;
  readonly measure: () => Promise<Figure[]>;
}

/**
 * `npm run bench`: every figure, on this machine, as a table for docs/figures.md. `npm run bench -- takeover daemon`
 * runs only those.
 */
const WITHOUT_TOR: Readonly<Record<string, Bench>> = {
  descriptors: { measure: () => descriptorFigures() },
  'loop-delay': { measure: () => loopDelayFigures() },
  daemon: { measure: () => daemonFigures() },
  vanity: { measure: () => vanityFigures() },
  cluster: { measure: () => clusterFigures(progress) },
  floods: { measure: () => floodFigures(progress) },
  proxy: { obstacle: proxyObstacle, measure: () => proxyFigures() },
  'own-tor': {
    obstacle: () => Promise.resolve(process.getuid?.() === 0 ? null : 'a systemd in namespaces needs root'),
    measure: () => ownTorFigures(progress),
  },
  'target-outage': { measure: () => targetOutageFigures() },
  tunnels: {
    obstacle: () => Promise.resolve(process.getuid?.() === 0 ? null : 'network namespaces need root'),
    measure: () => tunnelFigures(progress),
  },
};
/** Beside three authorities. */
const RELAYS = 20;
/**
 * C Tor sends a DESTROY cell at once where nothing waits on the connection, and else with its next cell (circuitmux.c
 * circuitmux_append_destroy_cell, scheduler.c scheduler_channel_wants_writes): at once between relays of the public network,
 * after a minute or more between those of a large idle one. Where it counts when clients hear of a node's end, relays
 * are few, so that each pair of them has traffic.
 */
const RELAYS_FOR: Readonly<Record<string, number>> = { 'node-loss': 9 };
const WITH_TOR: Readonly<Record<string, (network: TorNetwork) => Promise<Figure[]>>> = {
  takeover: (network) => takeoverFigures(network),
  'tor-faults': (network) => torFaultFigures(network, progress),
  'node-loss': (network) => nodeLossFigures(network, progress),
  'tor-stuck': (network) => torStuckFigures(network, progress),
  standby: (network) => standbyFigures(network, progress),
  drain: (network) => drainFigures(network, progress),
  'default-takeover': (network) => defaultTakeoverFigures(network, progress),
  joining: (network) => joiningFigures(network, progress),
  republish: (network) => republishFigures(network, progress),
  'whole-period': (network) => wholePeriodFigures(network),
};
const NAMES = [...Object.keys(WITHOUT_TOR), ...Object.keys(WITH_TOR)];

const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) {
  progress(`There is no bench ${unknown.join(', ')}: the benches are ${NAMES.join(', ')}.`);
  process.exit(2);
}
const wanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
const load = (): string =>
  loadavg()
    .map((one) => one.toFixed(1))
    .join(' ');

const figures: Figure[] = [];
const skipped: string[] = [];
const loadBefore = load();
for (const [name, { obstacle, measure }] of Object.entries(WITHOUT_TOR)) {
  if (!wanted(name)) continue;
  const reason = (await obstacle?.()) ?? null;
  if (reason !== null) {
    skipped.push(`${name}: skipped, because ${reason}`);
    continue;
  }
  progress(`measuring ${name} (load ${load()})`);
  figures.push(...(await measure()));
}
const onTor = Object.entries(WITH_TOR).filter(([name]) => wanted(name));
for (const relays of new Set(onTor.map(([name]) => RELAYS_FOR[name] ?? RELAYS))) {
  const network = await startTorNetwork({ relays, consensusParams: SELECTIVE_RINGS, log: progress });
  try {
    for (const [name, measure] of onTor) {
      if ((RELAYS_FOR[name] ?? RELAYS) !== relays) continue;
      progress(`measuring ${name} (load ${load()})`);
      figures.push(...(await measure(network)));
    }
  } finally {
    await network.stop();
  }
}
console.log(
  `${String(cpus().length)} × ${cpus()[0]?.model ?? 'unknown processor'}, Linux ${release()}, Node ${process.version}; load average before ${loadBefore}, after ${load()}\n`,
);
if (figures.length > 0) console.log(figureTable(figures));
for (const line of skipped) console.log(line);
