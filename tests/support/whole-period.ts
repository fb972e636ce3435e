import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import type { Cluster } from './cluster/cluster.js';
import { eventually } from './eventually.js';
import { startSampleTarget } from './sample-target.js';
import type { SampleTarget } from './sample-target.js';
import { startStockClient } from './stock-client.js';
import type { StockClient } from './stock-client.js';
import { loadClient } from './stock-client-load.js';
import type { LoadMode, LoadSample } from './stock-client-load.js';
import { summary } from './stock-client-summary.js';
import type { LoadSummary } from './stock-client-summary.js';
import type { TorNetwork } from './tor-network/network-types.js';

/** The same visits to the balanced address and to a plain onion service of a Tor without us, at the same time. */
export interface WholePeriod {
  readonly balanced: Readonly<Record<LoadMode, LoadSummary>>;
  readonly plain: Readonly<Record<LoadMode, LoadSummary>>;
  readonly samples: Readonly<Record<'balanced' | 'plain', Readonly<Record<LoadMode, readonly LoadSample[]>>>>;
}

export interface WholePeriodOptions {
  readonly network: TorNetwork;
  readonly cluster: Cluster;
  /** Both rotations lie within 24 voting intervals. */
  readonly durationMs: number;
  readonly everyMs?: number;
  readonly onSample?: (service: 'balanced' | 'plain', mode: LoadMode, sample: LoadSample) => void;
}

/** Cold visits need a client each; one that waits for 6 s must not hold up the next. */
const COLD_CLIENTS = 3;

interface PlainService {
  readonly address: string;
  readonly target: SampleTarget;
}

const startPlainService = async (network: TorNetwork, label: string): Promise<PlainService> => {
  const target = await startSampleTarget({ name: 'plain' });
  const dir = join(network.dir, `plain-service-${label}`);
  await mkdir(dir, { mode: 0o700 });
  const torrc = [
    `HiddenServiceDir ${dir}`,
    `HiddenServicePort 80 127.0.0.1:${String(target.port)}`,
    'SocksPort 0',
  ];
  await network.spawnTor({ name: `plain-${label}`, torrc });
  const address = (
    await eventually('the plain service has an address', () => readFile(join(dir, 'hostname'), 'utf8'), {
      timeoutMs: 30_000,
    })
  ).trim();
  return { address, target };
};

const startClients = (network: TorNetwork, name: string, count: number): Promise<StockClient[]> =>
  Promise.all(
    Array.from({ length: count }, (_, i) => startStockClient(network, { name: `${name}${String(i)}` })),
  );

const answersOnce = async (client: StockClient, address: string): Promise<void> => {
  await eventually(
    `${address.slice(0, 6)}… answers`,
    async () => {
      await client.dropDescriptor(address);
      return (await client.fetch(address, { timeoutMs: 15_000 })).ok;
    },
    { timeoutMs: 90_000, everyMs: 500 },
  );
};

/** Visits both services, cold and warm, once a second each, for as long as told. */
export const visitThroughPeriod = async (options: WholePeriodOptions): Promise<WholePeriod> => {
  const { network, cluster, durationMs, everyMs = 1_000, onSample } = options;
  // A network may see more than one period: names must not meet again.
  const label = randomBytes(3).toString('hex');
  const plain = await startPlainService(network, label);
  try {
    const cold = await startClients(network, `cold-${label}-`, 2 * COLD_CLIENTS);
    const warm = await startClients(network, `warm-${label}-`, 2);
    const addresses = { balanced: cluster.address, plain: plain.address };
    const clients = {
      balanced: { cold: cold.slice(0, COLD_CLIENTS), warm: warm.slice(0, 1) },
      plain: { cold: cold.slice(COLD_CLIENTS), warm: warm.slice(1) },
    };
    await Promise.all([
      answersOnce(clients.balanced.cold[0]!, addresses.balanced),
      answersOnce(clients.plain.cold[0]!, addresses.plain),
    ]);
    const run = (service: 'balanced' | 'plain', mode: LoadMode): Promise<LoadSample[]> =>
      loadClient({
        clients: clients[service][mode],
        address: addresses[service],
        mode,
        everyMs,
        durationMs,
        ...(onSample === undefined
          ? {}
          : {
              onSample: (sample: LoadSample) => {
                onSample(service, mode, sample);
              },
            }),
      });
    const [balancedCold, balancedWarm, plainCold, plainWarm] = await Promise.all([
      run('balanced', 'cold'),
      run('balanced', 'warm'),
      run('plain', 'cold'),
      run('plain', 'warm'),
    ]);
    return {
      balanced: { cold: summary(balancedCold), warm: summary(balancedWarm) },
      plain: { cold: summary(plainCold), warm: summary(plainWarm) },
      samples: {
        balanced: { cold: balancedCold, warm: balancedWarm },
        plain: { cold: plainCold, warm: plainWarm },
      },
    };
  } finally {
    await plain.target.close();
  }
};
