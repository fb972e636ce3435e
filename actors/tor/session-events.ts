import type { Clock } from '../kernel/clock.js';
import type { RbError } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import type { TorCoordination } from './coordination-service.js';
import type { BootstrapPhase } from './control/status-event.js';
import type { SessionListener } from './session.js';
import type { Workers } from './workers.js';

/** Who hears of a session's events. */
export interface SessionAudience {
  readonly clock: Clock;
  readonly log: Logger;
  readonly workers: Workers;
  readonly coordination: TorCoordination;
  readonly uploadAnswer: SessionListener['uploadAnswer'];
  readonly bootstrap: (phase: BootstrapPhase) => void;
  readonly doubted: (isDoubted: boolean) => void;
  readonly lost: (error: RbError) => void;
  readonly poke: () => void;
}

/** Each event to the workers that it concerns. */
export const sessionListener = (audience: SessionAudience): SessionListener => {
  const { clock, log, workers, coordination, uploadAnswer, bootstrap, doubted, lost, poke } = audience;
  return {
    circuit: (event) => {
      workers.points.circuitEvent(event);
      workers.departure.circuitEvent(event);
      if (event.type === 'CIRC') workers.stall.circuit(event.status, clock.monotonicMs());
    },
    descriptor: (event) => {
      workers.points.descriptorEvent(event);
      coordination.descriptorEvent(event);
      poke();
    },
    uploadAnswer,
    consensus: () => {
      workers.network.consensusArrived();
    },
    configuration: (wasReloaded) => {
      if (wasReloaded) coordination.reloaded();
      workers.guard.look();
      workers.departure.look();
      workers.authorizations.again();
    },
    bootstrap,
    clockSkew: (seconds) => {
      log.warn('Tor says that the clock of this machine is wrong or jumped', { seconds });
    },
    doubted,
    lost,
  };
};
