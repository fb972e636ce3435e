import type { ConsensusTimes } from '../kernel/clock-sanity.js';
import type { DrainPhase, PeerView, RoleView } from '../election/messages.js';
import { NOTHING_EXAMINED } from './examine/examiner.js';
import type { Examined } from './examine/examiner.js';
import type { ProxyStatus } from '../proxy/messages.js';
import type { KeyFileStatus, PublisherStatus } from '../publisher/messages.js';
import type { TorStatus } from '../tor/messages.js';
import type { TransportStatus } from '../wg/messages.js';
import { NO_CANARY } from './canary/canary-record.js';
import type { CanaryRecord } from './canary/canary-record.js';

/** The newest that the other actors said of themselves; null where one has not spoken yet. */
export interface Observed {
  readonly tor: TorStatus | null;
  readonly network: ConsensusTimes | null;
  readonly proxy: ProxyStatus | null;
  readonly role: RoleView | null;
  readonly peers: readonly PeerView[];
  /** How far this node is with leaving the service by order. */
  readonly drain: DrainPhase;
  readonly publisher: PublisherStatus | null;
  readonly transports: readonly TransportStatus[];
  readonly keyFile: KeyFileStatus | null;
  /** What was found by looking at the machine. */
  readonly examined: Examined;
  /** Since the daemon's start a time service was seen to keep the clock, or nobody could say. */
  readonly timeVouched: boolean;
  /** What our own visits to the master address have shown. */
  readonly canary: CanaryRecord;
}

export const NOTHING_OBSERVED: Observed = {
  tor: null,
  network: null,
  proxy: null,
  role: null,
  peers: [],
  drain: 'no',
  publisher: null,
  transports: [],
  keyFile: null,
  examined: NOTHING_EXAMINED,
  timeVouched: false,
  canary: NO_CANARY,
};
