import type { Config } from '../kernel/config/schema.js';
import type { Background } from './background.js';
import type { Counters } from './counters.js';
import type { PublisherEffects } from './effects.js';
import type { HsDirLog } from './hsdir-log.js';
import type { SlotBoard } from './slot-board.js';

/** What the parts of a publication share: each owns its own job, and all of them work on one board. */
export interface PublicationSetting {
  readonly config: Config;
  readonly effects: PublisherEffects;
  readonly board: SlotBoard;
  readonly counters: Counters;
  readonly background: Background;
  readonly hsdirs: HsDirLog;
  /** Runs the step soon. */
  readonly poke: () => void;
}

export const refreshIntervalMs = ({ publish }: Config): number => publish.refresh_interval_secs * 1000;

/** After so long a silence that nobody explains another node takes the lease. */
export const takeOverMs = ({ coordination, publish }: Config): number =>
  (coordination.heartbeat_timeout_secs + publish.takeover_grace_secs) * 1000;
