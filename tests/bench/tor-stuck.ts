import type { RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { TorTrouble } from '@rustbalance/actors/tor/messages.js';
import { eventually } from '../support/eventually.js';
import { startTorActor } from '../support/tor-actor-context.js';
import type { TorActorHarness } from '../support/tor-actor-context.js';
import {
  managedConfig,
  nodeFolder,
  ownPoints,
  removeFolder,
  SOME_MASTER,
  threePoints,
} from '../support/tor-actor-world.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const LIMIT_MS = 300_000;
const RUNS = 3;
const ASK_EVERY_MS = 2_000;

const signalAll = async (network: TorNetwork, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> => {
  await Promise.all([...network.authorities, ...network.relays].map((relay) => relay.kill(signal)));
};

const seconds = async (what: string, test: () => boolean): Promise<number> => {
  const beganMs = performance.now();
  await eventually(what, test, { timeoutMs: LIMIT_MS });
  return (performance.now() - beganMs) / 1000;
};

const troubleOf = (node: TorActorHarness): TorTrouble | null => node.fact('tor.status')?.trouble ?? null;

/** Runs with a node of its own, and leaves the network as it was. */
const withNode = async <T>(network: TorNetwork, use: (node: TorActorHarness) => Promise<T>): Promise<T> => {
  const folder = await nodeFolder();
  const node = await startTorActor({ config: managedConfig(network, folder) });
  try {
    return await use(node);
  } finally {
    await signalAll(network, 'SIGCONT');
    await node.stop();
    await node.host.stop();
    await removeFolder(folder);
  }
};

interface Course {
  readonly seen: number;
  readonly trouble: TorTrouble | null;
  readonly back: number;
}

/** Somebody asks for something all the while, as anti-entropy and clients do: a service at rest builds no circuit. */
const circuits = (network: TorNetwork): Promise<Course> =>
  withNode(network, async (node) => {
    await threePoints(node);
    const hsdirs = network.relays.map(({ fingerprint }) => fingerprint as RelayFingerprint);
    const ask = async (): Promise<void> => {
      for (const hsdir of hsdirs) await node.actor.handlers['tor.fetch']({ address: SOME_MASTER, hsdir });
    };
    await ask();
    const asking = setInterval(() => {
      void ask().catch(() => undefined);
    }, ASK_EVERY_MS);
    try {
      await signalAll(network, 'SIGSTOP');
      const seen = await seconds('its points are taken back', () => ownPoints(node)?.points.length === 0);
      const trouble = troubleOf(node);
      await signalAll(network, 'SIGCONT');
      const back = await seconds('it has points again', () => ownPoints(node)?.points.length === 3);
      return { seen, trouble, back };
    } finally {
      clearInterval(asking);
    }
  });

const bootstrap = async (network: TorNetwork): Promise<Course> => {
  await signalAll(network, 'SIGSTOP');
  return withNode(network, async (node) => {
    const seen = await seconds('its trouble is told', () => troubleOf(node) !== null);
    const trouble = troubleOf(node);
    await signalAll(network, 'SIGCONT');
    const back = await seconds('it has points', () => ownPoints(node)?.points.length === 3);
    return { seen, trouble, back };
  });
};

/** A real Tor, whose whole network stands still (SIGSTOP to every relay) and goes on. */
export const torStuckFigures = async (
  network: TorNetwork,
  progress: (line: string) => void,
): Promise<Figure[]> => {
  const measure = async (what: string, once: () => Promise<Course>): Promise<Figure[]> => {
    const courses: Course[] = [];
    for (let run = 0; run < RUNS; run++) {
      const one = await once();
      const { seen, trouble, back } = one;
      progress(
        `${what}: ${String(trouble)} after ${seen.toFixed(1)} s, points ${back.toFixed(1)} s after its end`,
      );
      courses.push(one);
    }
    const figure = (stage: string, samples: readonly number[]): Figure => ({
      what: `${what}: ${stage}`,
      unit: 's',
      spread: spread(samples),
      target: null,
      met: null,
    });
    return [
      figure(
        'told',
        courses.map(({ seen }) => seen),
      ),
      figure(
        'from its end to introduction points',
        courses.map(({ back }) => back),
      ),
    ];
  };
  return [
    ...(await measure('Every relay stands still, Tor is up', () => circuits(network))),
    ...(await measure('Every relay stands still, Tor starts', () => bootstrap(network))),
  ];
};
