import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { proxyFigures } from './proxy-figures.js';

/** `node tests/dist/bench/proxy.js [--rounds 7] [--seconds 3]`: prints JSON. */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, seconds: { type: 'string', default: '3' } },
});
const loadBefore = loadavg()[0];
const figures = await proxyFigures({ rounds: Number(values.rounds), seconds: Number(values.seconds) });
const machine = { node: process.version, cpus: cpus().length, loadBefore, loadAfter: loadavg()[0] };
process.stdout.write(`${JSON.stringify({ machine, ...figures }, null, 2)}\n`);
