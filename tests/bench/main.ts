import { cpus, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import { startTorNetwork } from '../support/tor-network/network.js';
import { SELECTIVE_RINGS } from '../support/tor-network/options.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { daemonFigures } from './daemon.js';
import { descriptorFigures } from './descriptors.js';
import { republishFigures } from './republish.js';
import { figureTable } from './statistics.js';
import type { Figure } from './statistics.js';
import { takeoverFigures } from './takeover.js';
import { wholePeriodFigures } from './whole-period.js';

/**
 * `npm run bench`: every figure, on this machine, as a table for docs/figures.md. `npm run bench -- takeover daemon`
 * runs only those. The proxy's figures have a command of their own (proxy.ts), since they need wrk and nginx.
 */
const WITHOUT_TOR = { descriptors: () => descriptorFigures(), daemon: () => daemonFigures() };
const WITH_TOR: Readonly<Record<string, (network: TorNetwork) => Promise<Figure[]>>> = {
  takeover: (network) => takeoverFigures(network),
  republish: (network) => republishFigures(network),
  'whole-period': (network) => wholePeriodFigures(network),
};

const progress = (line: string): void => {
  console.error(line);
};

const { positionals } = parseArgs({ allowPositionals: true });
const wanted = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
const load = (): string =>
  loadavg()
    .map((one) => one.toFixed(1))
    .join(' ');

const figures: Figure[] = [];
const loadBefore = load();
for (const [name, measure] of Object.entries(WITHOUT_TOR)) {
  if (!wanted(name)) continue;
  progress(`measuring ${name} (load ${load()})`);
  figures.push(...(await measure()));
}
const onTor = Object.entries(WITH_TOR).filter(([name]) => wanted(name));
if (onTor.length > 0) {
  const network = await startTorNetwork({ relays: 20, consensusParams: SELECTIVE_RINGS, log: progress });
  try {
    for (const [name, measure] of onTor) {
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
console.log(figureTable(figures));
