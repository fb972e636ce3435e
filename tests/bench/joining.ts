import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DaemonNode } from '../support/cluster/daemon-node.js';
import type { NodeIdentity } from '../support/cluster/daemon-node.js';
import { rustbalanceJson } from '../support/cluster/program.js';
import { publishedNodes } from '../support/cluster/status.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const RUNS = 10;
const LIMIT_SECS = 20;
const PATIENCE_MS = 120_000;

/** Runs `init` or `join` for a node without an endpoint: all coordination goes over Tor. */
const make = async (
  dir: string,
  id: string,
  network: TorNetwork,
  command: readonly string[],
  input = '',
): Promise<{ readonly node: DaemonNode; readonly token: string }> => {
  const own = join(dir, id);
  await mkdir(own, { mode: 0o700 });
  const args = [
    ...[...command, '--node-id', id, '--target', 'http://127.0.0.1:1', '--yes', '--config-dir'],
    ...[join(own, 'etc'), '--state-dir', join(own, 'state'), '--run-dir', join(own, 'run')],
  ];
  const made = (await rustbalanceJson(args, { input, timeoutMs: PATIENCE_MS })) as NodeIdentity & {
    readonly join_token?: string;
  };
  const lines = network.commonTorrc.map((line) => JSON.stringify(line)).join(', ');
  const node = DaemonNode.made({ id, dir: own, set: [`tor.extra_torrc=[${lines}]`] }, made);
  return { node, token: made.join_token ?? '' };
};

/** Seconds from `join` on a second machine to both nodes' introduction points on every HSDir. */
const secondsOfJoin = async (network: TorNetwork): Promise<number> => {
  const dir = await mkdtemp(join(tmpdir(), 'rb-'));
  const nodes: DaemonNode[] = [];
  try {
    const { node: alpha, token } = await make(dir, 'alpha', network, ['init']);
    nodes.push(alpha);
    alpha.start();
    await alpha.until('publishes alone', (status) => publishedNodes(status) === 'alpha', PATIENCE_MS);
    const extra = network.commonTorrc.flatMap((line) => ['--extra-torrc', line]);
    const beganMs = performance.now();
    const { node: beta } = await make(dir, 'beta', network, ['join', ...extra], token);
    nodes.push(beta);
    beta.start();
    await alpha.until('publishes both', (status) => publishedNodes(status) === 'alpha,beta', PATIENCE_MS);
    return (performance.now() - beganMs) / 1000;
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
};

/** How soon a second machine serves, with a new cluster for each run. */
export const joiningFigures = async (
  network: TorNetwork,
  progress: (line: string) => void,
): Promise<Figure[]> => {
  const seconds: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const took = await secondsOfJoin(network);
    progress(`joined within ${took.toFixed(2)} s`);
    seconds.push(took);
  }
  const measured = spread(seconds);
  return [
    {
      what: 'join on a second machine, over Tor alone: its introduction points on every HSDir',
      unit: 's',
      spread: measured,
      target: `p95 ≤ ${String(LIMIT_SECS)}`,
      met: measured.p95 <= LIMIT_SECS,
    },
  ];
};
