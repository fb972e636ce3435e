import type { Config } from '../../kernel/config/schema.js';
import { errorData } from '../../kernel/errors.js';
import type { DiskFacts } from '../examine/disk.js';
import type { Examined } from '../examine/examiner.js';
import type { FileFault } from '../examine/files.js';
import type { KeyFileFault } from '../../wg/messages.js';
import { atOnce, critical } from './condition.js';
import type { Condition } from './condition.js';

const MIB = 1024 * 1024;

/**
 * Tor's data directory takes some 30 MiB and our state less than 2, so what counts is whether the next write fits: a
 * share alone would cry on large disks, a size alone on a small run directory.
 */
const LOW = { share: 0.1, bytes: 500 * MIB };
const FULL = { share: 0.02, bytes: 20 * MIB };

/** From here on the next burst may meet the limit; reclaim makes the service slow before. */
const MEMORY_HIGH = 0.8;
const MEMORY_CRITICAL = 0.95;

const DAEMON_REMINDS_MS = 3_600_000;

const below = (free: number, total: number, { share, bytes }: typeof LOW): boolean =>
  free < bytes && free < total * share;

const inodesBelow = ({ freeFiles, totalFiles }: DiskFacts, share: number): boolean =>
  totalFiles > 0 && freeFiles < totalFiles * share;

const percent = (part: number, whole: number): number => Math.floor((100 * part) / Math.max(1, whole));

const diskCondition = (disk: DiskFacts): readonly Condition[] => {
  const { path, freeBytes, totalBytes, freeFiles, totalFiles } = disk;
  const detail = {
    path,
    freeMiB: Math.floor(freeBytes / MIB),
    // Inodes may be what is missing.
    freePercent: Math.min(
      percent(freeBytes, totalBytes),
      totalFiles > 0 ? percent(freeFiles, totalFiles) : 100,
    ),
  };
  if (below(freeBytes, totalBytes, FULL) || inodesBelow(disk, FULL.share)) {
    const condition = critical(errorData('health.disk-full', path, detail));
    return [{ ...condition, remindMs: DAEMON_REMINDS_MS }];
  }
  return below(freeBytes, totalBytes, LOW) || inodesBelow(disk, LOW.share)
    ? [atOnce(errorData('health.disk-low', path, detail))]
    : [];
};

const memoryConditions = ({ memory }: Examined): readonly Condition[] => {
  if (memory === null) return [];
  const { usedBytes, limitBytes } = memory;
  const detail = {
    // In steps, so that a finding is not another one with every look.
    usedMiB: Math.round(usedBytes / MIB / 10) * 10,
    percent: Math.round((20 * usedBytes) / limitBytes) * 5,
  };
  if (usedBytes >= limitBytes * MEMORY_CRITICAL)
    return [critical(errorData('health.memory-critical', 'memory', detail))];
  return usedBytes >= limitBytes * MEMORY_HIGH
    ? [atOnce(errorData('health.memory-high', 'memory', detail))]
    : [];
};

const modeCondition = ({ path, mode, mendable }: FileFault): Condition =>
  atOnce(errorData('health.mode-too-open', path, { path, mode, mendable }));

/** The next start fails without it, and nobody would expect that. One that can be read by nobody is nobody's to mend. */
const keyFileCondition = ({ path, key, state, reason }: KeyFileFault): Condition => {
  const error = errorData('health.key-file', path, { path, key, state, reason });
  return state === 'unreadable' ? critical(error) : atOnce(error);
};

/** A time service needs some seconds after a boot. */
const SYNC_GRACE_MS = 60_000;

const timeConditions = ({ timeSync }: Examined, { resilience }: Config): readonly Condition[] => {
  if (timeSync === null || timeSync.state === 'synchronised') return [];
  const { state, source } = timeSync;
  if (state === 'unsynchronised') {
    const error = errorData('health.clock-unsynchronised', 'clock', { source });
    return [{ error, graceMs: SYNC_GRACE_MS }];
  }
  return resilience.require_ntp_sync
    ? [{ error: errorData('health.clock-unknown', 'clock'), graceMs: SYNC_GRACE_MS }]
    : [];
};

/** Disk, memory, key files and modes of this machine, and who keeps its clock. */
export const machineConditions = (examined: Examined, config: Config): readonly Condition[] => [
  ...examined.disks.flatMap(diskCondition),
  ...memoryConditions(examined),
  ...examined.files.map(modeCondition),
  ...examined.keyFiles.map(keyFileCondition),
  ...(examined.instanceFiles.length === 0
    ? []
    : [
        atOnce(
          errorData('health.instance-files', 'node.hidden_service_dir', {
            files: examined.instanceFiles.join(', '),
          }),
        ),
      ]),
  ...timeConditions(examined, config),
];
