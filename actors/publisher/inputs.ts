import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import type { NodeIntroductionPoints, RoleView } from '../election/messages.js';
import type { HealthStatus } from '../health/messages.js';
import { clockFault } from '../kernel/clock-sanity.js';
import type { OwnIntroductionPoints, TorStatus } from '../tor/messages.js';

/** What the publisher knows from the other actors' facts; null until each was told. */
export interface Inputs {
  readonly role: RoleView | null;
  readonly tor: TorStatus | null;
  readonly network: NetworkView | null;
  readonly own: OwnIntroductionPoints | null;
  /** This node drains, and others are in the descriptor. */
  readonly leavesOwnOut: boolean;
  readonly peers: readonly NodeIntroductionPoints[];
  readonly health: HealthStatus | null;
}

export const NO_INPUTS: Inputs = {
  role: null,
  tor: null,
  network: null,
  own: null,
  leavesOwnOut: false,
  peers: [],
  health: null,
};

/** Why nothing may be published now. `standby` is a role; all else is a lack. */
export type Obstacle =
  | 'standby'
  | 'no role yet'
  | 'no master key on this node'
  | 'Tor is not up'
  | 'no usable consensus yet'
  | 'the clock is behind the consensus'
  | 'the clock is ahead of the consensus'
  | 'the clock is judged wrong';

/** The first thing that keeps this node from publishing, or null. */
export const obstacle = (inputs: Inputs, hasMasterKey: boolean, wallMs: number): Obstacle | null => {
  if (inputs.role === null) return 'no role yet';
  // Before the key: a node without one stands by as any other, and lacks nothing.
  if (inputs.role.role === 'standby') return 'standby';
  if (!hasMasterKey) return 'no master key on this node';
  if (inputs.tor?.state !== 'up') return 'Tor is not up';
  if (inputs.network === null) return 'no usable consensus yet';
  const fault = clockFault(wallMs, inputs.network);
  if (fault === 'behind') return 'the clock is behind the consensus';
  if (fault === 'ahead') return 'the clock is ahead of the consensus';
  if (inputs.health?.clockSane === false) return 'the clock is judged wrong';
  return null;
};
