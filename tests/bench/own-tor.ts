import { DAEMON } from '../support/systemd/install.js';
import { startOwnTorNode, untilServed } from '../support/systemd/own-tor.js';
import type { OwnTorNode } from '../support/systemd/own-tor.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

interface Restart {
  /** All from SIGKILL, s. */
  /** By a circuit that the client has, and by new ones. */
  readonly served: number;
  readonly servedAnew: number;
  readonly ready: number;
  /** From Tor being up for the new daemon to both descriptors on every HSDir. */
  readonly published: number;
  readonly pointsKept: boolean;
}

/** Streams of one isolation share a circuit (IsolateSOCKSAuth). */
const KEPT = 'kept';

const secondsSince = (beganMs: number): number => (performance.now() - beganMs) / 1000;

const oneRestart = async (node: OwnTorNode): Promise<Restart> => {
  await node.calm();
  // Ten starts within five minutes are the unit's limit.
  await node.machine.must('systemctl', 'reset-failed', DAEMON);
  const points = await node.publishedPoints();
  const before = await node.daemon.pid();
  await untilServed(node, 60_000, KEPT);
  const beganMs = performance.now();
  await node.daemon.signal('KILL');
  const served = untilServed(node, 60_000, KEPT).then(() => secondsSince(beganMs));
  const servedAnew = untilServed(node, 60_000).then(() => secondsSince(beganMs));
  await node.daemon.until('the next daemon is ready', (status) => status.ready, 60_000);
  const ready = secondsSince(beganMs);
  await node.daemon.until('Tor is up', (status) => status.tor.state === 'up', 60_000);
  const upMs = performance.now();
  await node.published(60_000);
  const published = secondsSince(upMs);
  if ((await node.daemon.pid()) === before) throw new Error('the daemon was not killed');
  const kept = (await node.publishedPoints()).join() === points.join();
  return { served: await served, servedAnew: await servedAnew, ready, published, pointsKept: kept };
};

/** The daemon killed under the shipped units, its Tor in a unit of its own. */
export const ownTorFigures = async (progress: (line: string) => void, runs = 10): Promise<Figure[]> => {
  const node = await startOwnTorNode();
  const restarts: Restart[] = [];
  try {
    for (let run = 0; run < runs; run++) {
      const restart = await oneRestart(node);
      progress(JSON.stringify(restart));
      restarts.push(restart);
    }
  } finally {
    await node.stop();
  }
  const kept = restarts.filter(({ pointsKept }) => pointsKept).length;
  const served = spread(restarts.map((one) => one.served));
  const anew = spread(restarts.map((one) => one.servedAnew));
  const ready = spread(restarts.map((one) => one.ready));
  const published = spread(restarts.map((one) => one.published));
  return [
    {
      what: `Daemon killed with SIGKILL under systemd (RestartSec=3), its Tor in a unit of its own: a client is served again by the circuit that it has; introduction points kept in ${String(kept)} of ${String(runs)}`,
      unit: 's',
      spread: served,
      target: 'p95 ≤ 4',
      met: served.p95 <= 4 && kept === runs,
    },
    {
      what: 'The same: a client is served by new circuits',
      unit: 's',
      spread: anew,
      target: null,
      met: null,
    },
    { what: 'The same: all actors ready', unit: 's', spread: ready, target: null, met: null },
    {
      what: 'The same, from Tor up for the new daemon: both descriptors on every HSDir',
      unit: 's',
      spread: published,
      target: 'p95 ≤ 10',
      met: published.p95 <= 10,
    },
  ];
};
