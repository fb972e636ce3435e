import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.js';
import type { DaemonNode } from '../cluster/daemon-node.js';
import type { StatusJson } from '../cluster/status.js';
import { MENDED_WITHIN_MS, pick } from './fault.js';
import type { ChaosFault, FaultWorld } from './fault.js';

/** Beyond the 4 s that are critical; beyond the 60 s from which on nothing is signed; hours. */
const STEPS_SECS = [-6, 6, -90, 90, -7200, 7200] as const;
/** Longer than three probes and the agreement that they lead to. */
const LINK_BROKEN_MS = 20_000;

const othersOf = ({ nodes }: Cluster, node: DaemonNode): readonly DaemonNode[] =>
  nodes.filter((other) => other !== node);

const doubtsItsClock = ({ findings }: StatusJson): boolean =>
  findings.some(({ error }) => /^health\.(own-)?clock/.test(error.code));

const doubtsAnyClock = ({ findings }: StatusJson): boolean =>
  findings.some(({ error }) => error.code.includes('clock'));

const isFull = ({ findings }: StatusJson): boolean =>
  findings.some(({ error }) => error.code === 'health.disk-full');

const CLOCK_FAULT: ChaosFault = {
  kind: 'clock stepped',
  suffer: async ({ cluster, node, clocks, random }) => {
    const clock = clocks.get(node.id);
    if (clock === undefined) throw new Error(`${node.id} has no clock of its own`);
    const secs = pick(random, STEPS_SECS);
    try {
      await clock.stepTo(secs);
      await node.until('doubts its clock', doubtsItsClock, MENDED_WITHIN_MS);
    } finally {
      await clock.stepTo(0);
    }
    const mendsFromMs = performance.now();
    for (const one of cluster.nodes)
      await one.until('doubts no clock', (status) => !doubtsAnyClock(status), MENDED_WITHIN_MS);
    return { what: `by ${String(secs)} s`, mendsFromMs };
  },
};

const DISK_FAULT: ChaosFault = {
  kind: 'disk full',
  suffer: async ({ node, disks }) => {
    const disk = disks.get(node.id);
    if (disk === undefined) throw new Error(`${node.id} has no disk of its own`);
    try {
      await disk.fill();
      await node.until('finds it full', isFull, MENDED_WITHIN_MS);
    } finally {
      await disk.makeRoom();
    }
    const mendsFromMs = performance.now();
    await node.until('finds room', (status) => !isFull(status), MENDED_WITHIN_MS);
    return { what: 'to the last byte', mendsFromMs };
  },
};

interface BadLink {
  readonly what: string;
  readonly there: number;
  readonly back: number;
}

const BAD_LINKS: readonly BadLink[] = [
  { what: 'cut', there: 1, back: 1 },
  { what: 'cut one way', there: 1, back: 0 },
  { what: 'losing half', there: 0.5, back: 0.5 },
];

const breakLink = async ({ cluster, node, cables, random }: FaultWorld): Promise<string> => {
  const other = pick(random, othersOf(cluster, node));
  const { what, there, back } = pick(random, BAD_LINKS);
  cables.lose(node.id, other.id, there);
  cables.lose(other.id, node.id, back);
  await delay(LINK_BROKEN_MS);
  return `to ${other.id} ${what}`;
};

const LINK_FAULT: ChaosFault = {
  kind: 'link broken',
  suffer: async (world) => {
    try {
      const what = await breakLink(world);
      return { what, mendsFromMs: performance.now() };
    } finally {
      world.cables.heal();
    }
  },
};

/** Its Tor is reached as before: it goes on serving, and what the others do with its points is theirs to agree on. */
const ISOLATION: ChaosFault = {
  kind: 'node cut off from the others',
  suffer: async ({ cluster, node, cables }) => {
    try {
      for (const { id } of othersOf(cluster, node)) {
        cables.lose(node.id, id, 1);
        cables.lose(id, node.id, 1);
      }
      await delay(LINK_BROKEN_MS);
    } finally {
      cables.heal();
    }
    return { what: 'all its links', mendsFromMs: performance.now() };
  },
};

/** Faults of the machine around the processes. */
export const machineFaults = (withDisks: boolean): readonly ChaosFault[] => [
  CLOCK_FAULT,
  LINK_FAULT,
  ISOLATION,
  ...(withDisks ? [DISK_FAULT] : []),
];
