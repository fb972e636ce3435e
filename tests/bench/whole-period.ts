import { FAST_SETTINGS, startCluster } from '../support/cluster/cluster.js';
import { publishedNodes } from '../support/cluster/status.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import type { LoadMode } from '../support/stock-client-load.js';
import { UNFAIRNESS, visitThroughPeriod } from '../support/whole-period.js';
import type { WholePeriod } from '../support/whole-period.js';
import { daemonMemory, memoryFigure } from './resident-memory.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const WHOLE_PERIOD_MS = 250_000;

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

const single = (value: number) => spread([value]);

const figuresOf = ({ balanced, plain, expected, samples }: WholePeriod, mode: LoadMode): Figure[] => {
  const of = balanced[mode];
  const beside = plain[mode];
  const times = (service: 'balanced' | 'plain') =>
    spread(samples[service][mode].filter(({ ok }) => ok).map(({ ms }) => ms / 1000));
  const shares = Object.values(of.share);
  const beyond = Object.entries(of.share).map(([node, share]) => share - (expected[mode][node] ?? 0));
  const median = of.p50 / beside.p50;
  const p95 = of.p95 / beside.p95;
  return [
    {
      what: `${mode} client, balanced: answered within 10 s (${String(of.withinLimit)} of ${String(of.n)})`,
      unit: '%',
      spread: single(of.successRatio * 100),
      target: '≥ 99.5',
      met: of.successRatio >= 0.995,
    },
    {
      what: `${mode} client, plain: answered within 10 s (${String(beside.withinLimit)} of ${String(beside.n)})`,
      unit: '%',
      spread: single(beside.successRatio * 100),
      target: null,
      met: null,
    },
    {
      what: `${mode} client, balanced: time of a visit`,
      unit: 's',
      spread: times('balanced'),
      target: null,
      met: null,
    },
    {
      what: `${mode} client, plain: time of a visit`,
      unit: 's',
      spread: times('plain'),
      target: null,
      met: null,
    },
    {
      what: `${mode} client: median, balanced / plain`,
      unit: '',
      spread: single(median),
      target: '≤ 1.2',
      met: median <= 1.2,
    },
    {
      what: `${mode} client: p95, balanced / plain`,
      unit: '',
      spread: single(p95),
      target: '≤ 1.5',
      met: p95 <= 1.5,
    },
    {
      what: `${mode} client: share of each node (${Object.entries(of.share)
        .map(
          ([node, share]) =>
            `${node} ${percent(share)}, of its introduction points ${percent(expected[mode][node] ?? 0)}`,
        )
        .join('; ')})`,
      unit: '%',
      spread: spread(shares.map((share) => share * 100)),
      target: 'within 10 of its introduction points’',
      met:
        Object.keys(of.share).length === 2 &&
        beyond.every((one) => one >= UNFAIRNESS.min && one <= UNFAIRNESS.max),
    },
  ];
};

/** Cold and warm visits every second through both rotations, two nodes, a plain onion service beside them. */
export const wholePeriodFigures = async (network: TorNetwork): Promise<Figure[]> => {
  const cluster = await startCluster({ network, nodes: 2, set: FAST_SETTINGS });
  try {
    await cluster.nodes[0]?.until(
      'both nodes are published',
      (s) => publishedNodes(s) === 'alpha,beta',
      90_000,
    );
    const period = await visitThroughPeriod({ network, cluster, durationMs: WHOLE_PERIOD_MS });
    return [
      ...figuresOf(period, 'cold'),
      ...figuresOf(period, 'warm'),
      memoryFigure(
        'Resident memory of each daemon at the end of the period',
        await daemonMemory(cluster.nodes),
      ),
    ];
  } finally {
    await cluster.stop();
  }
};
