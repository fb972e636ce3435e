import { earlier } from '../kernel/level-trigger.js';
import type { TorCoordination } from './coordination-service.js';
import type { SessionStart, TorSession } from './session.js';
import type { Workers } from './workers.js';

/** A connection to Tor is there: every worker begins with what Tor has now. */
export const beginWorkers = (
  workers: Workers,
  coordination: TorCoordination,
  { circuits, torPid }: SessionStart,
  nowMs: number,
): void => {
  workers.points.begin(circuits);
  workers.departure.begin(circuits);
  workers.network.begin();
  coordination.begin(torPid);
  workers.guard.begin();
  workers.authorizations.begin();
  workers.outage.begin();
  workers.addresses.begin();
  workers.stall.begin(nowMs);
};

/** It is lost, whatever has become of Tor. */
export const endWorkers = (workers: Workers, coordination: TorCoordination): void => {
  workers.points.end();
  workers.departure.end();
  workers.points.release('silence');
  workers.stall.end();
  workers.network.end();
  workers.guard.end();
  workers.authorizations.end();
  workers.outage.end();
  workers.addresses.end();
  coordination.end();
};

/** Does what is due; returns when the next thing is. @param mayRenew whether Tor is up, and the service ours to set */
export const stepWorkers = (
  workers: Workers,
  coordination: TorCoordination,
  session: TorSession,
  nowMs: number,
  mayRenew: boolean,
): number | null => {
  const { network, points, guard, authorizations, outage, addresses, stall, renewal, departure } = workers;
  return [
    session.step(nowMs),
    network.step(nowMs),
    coordination.step(nowMs, () => {
      guard.look();
    }),
    guard.step(nowMs),
    authorizations.step(nowMs),
    points.step(nowMs),
    outage.step(nowMs),
    addresses.step(nowMs),
    stall.step(nowMs),
    departure.step(nowMs),
    renewal.step(nowMs, mayRenew, points, () => {
      guard.renew();
    }),
  ].reduce(earlier, null);
};

/** For `rbctl inspect`. */
export const workersView = ({ points, network }: Workers): Readonly<Record<string, unknown>> => ({
  introductionCircuits: points.circuits,
  introductionPoints: points.live,
  introductionRelays: points.relays,
  consensusValidAfter: network.view?.validAfter ?? null,
  hsDirs: network.view?.completeness.hsDirs ?? null,
});
