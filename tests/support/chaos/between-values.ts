import type { TorNetwork } from '../tor-network/network-types.js';
import { nextRotation, waitForPhase } from '../tor-network/phase.js';

/** From a new value until every Tor knows it and what follows from it is published, s of the consensus' valid-after. */
const AFTER_SECS = 20;
/** For one fault and its repair before the next value; the newest consensus is up to a voting interval (10 s) old. */
const BEFORE_SECS = 30;

/**
 * Waits for a time at which no new shared random value has just come or is about to. With one, every Tor closes all introduction
 * points of a service at once: what a visitor loses while a publisher is down at that very moment is not lost by the fault alone.
 */
export const betweenSharedRandomValues = async (network: TorNetwork): Promise<void> => {
  await waitForPhase(
    'a time between two shared random values',
    () => network.consensus(),
    (phase) =>
      phase.validAfterSecs - phase.runStartSecs >= AFTER_SECS &&
      nextRotation(phase, 'shared-random') - phase.validAfterSecs >= BEFORE_SECS,
    { timeoutMs: 180_000 },
  );
};
