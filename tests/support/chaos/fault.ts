import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { Cluster } from '../cluster/cluster.js';
import type { DaemonNode } from '../cluster/daemon-node.js';
import type { Cables } from './cables.js';
import type { ClockStep } from './clock-step.js';
import type { SmallDisk } from './small-disk.js';

/** What faults are done with, beside signals. */
export interface Instruments {
  readonly cables: Cables;
  /** By node. */
  readonly clocks: ReadonlyMap<string, ClockStep>;
  /** By node; none where nothing can be mounted. */
  readonly disks: ReadonlyMap<string, SmallDisk>;
}

export interface FaultWorld extends Instruments {
  readonly cluster: Cluster;
  /** The one that it is done to. */
  readonly node: DaemonNode;
  readonly random: Random;
}

/** What was done, and since when it could mend: from the undoing on, where nothing else can. `performance.now()`. */
export interface Suffered {
  readonly what: string;
  readonly mendsFromMs: number;
}

/** A fault that takes its time: done, seen by the node where it must be seen, undone where nothing else can, and mended. */
export interface ChaosFault {
  readonly kind: string;
  readonly suffer: (world: FaultWorld) => Promise<Suffered>;
}

/** As a look every minute, a write, and a loaded machine. */
export const MENDED_WITHIN_MS = 120_000;

export const pick = <T>(random: Random, from: readonly T[]): T => {
  const chosen = from[Math.floor(random.uniform() * from.length)];
  if (chosen === undefined) throw new RangeError('nothing to pick from');
  return chosen;
};
