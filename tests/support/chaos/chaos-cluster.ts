import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import { NODE_NAMES, startCluster } from '../cluster/cluster.js';
import type { ClusterWithTargets } from '../cluster/cluster.js';
import type { TorNetwork } from '../tor-network/network-types.js';
import { Cables } from './cables.js';
import { ClockStep } from './clock-step.js';
import type { Instruments } from './fault.js';
import { ServiceManager } from './service-manager.js';
import { CHAOS_SETTINGS } from './settings.js';
import { SmallDisk } from './small-disk.js';

export interface ChaosCluster {
  readonly cluster: ClusterWithTargets;
  readonly instruments: Instruments;
  /** Of daemons, by the node's id. */
  readonly restarts: readonly string[];
  stop(): Promise<void>;
}

/** Nodes each of which has a clock of its own, cables to the others, and a small disk where one can be mounted. */
export const startChaosCluster = async (options: {
  readonly network: TorNetwork;
  readonly nodes: number;
  readonly random: Random;
  readonly withDisks: boolean;
}): Promise<ChaosCluster> => {
  const names = NODE_NAMES.slice(0, options.nodes);
  const cables = await Cables.make(names, options.random);
  const clocks = new Map<string, ClockStep>();
  const disks = new Map<string, SmallDisk>();
  const place = async (id: string, dir: string) => {
    const clock = new ClockStep(dir);
    clocks.set(id, clock);
    if (!options.withDisks) return { preload: [clock.module] };
    const mountPoint = join(dir, 'disk');
    await mkdir(mountPoint);
    const disk = await SmallDisk.make(mountPoint);
    disks.set(id, disk);
    return { preload: [clock.module], stateDir: disk.stateDir };
  };
  const cluster = await startCluster({
    network: options.network,
    nodes: options.nodes,
    set: CHAOS_SETTINGS,
    place,
    between: (from, to) => cables.plug(from, to.id),
  });
  const manager = new ServiceManager(cluster.nodes);
  return {
    cluster,
    instruments: { cables, clocks, disks },
    restarts: manager.restarts,
    stop: async () => {
      manager.stop();
      await cluster.stop();
      await Promise.all([...disks.values()].map((disk) => disk.end()));
      cables.close();
    },
  };
};
