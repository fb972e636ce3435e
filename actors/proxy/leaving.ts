import type { DrainView } from '../election/messages.js';
import type { Clock } from '../kernel/clock.js';
import { startLevelTrigger } from '../kernel/level-trigger.js';
import type { Departure } from '../tor/messages.js';
import type { CircuitStreams } from './circuit-streams.js';
import type { Proxy } from './start-proxy.js';

/** How often still connections are looked for while the node empties. */
const RETIRE_EVERY_MS = 1_000;
/**
 * One circuit after another: each of these clients makes two new ones at once, and where all do in the same moment relays
 * and nodes are late, so that pauses are misjudged. Many circuits share a part of the time that is left.
 */
const BETWEEN_CIRCUITS_MS = 250;
const HASTE = 0.25;
/** A pause of 80 ms must be found in time; a look costs microseconds. */
const LOOK_EVERY_MS = 10;
/** Browsers keep connections open for minutes in case they need one: still for so long, it is no part of a page that loads. */
const STILL_MS = 5_000;

/** The proxy's part in a drain: connections end when they are done, and circuits when their clients pause. */
export interface Leaving {
  drainTold(view: DrainView): void;
  departureTold(departure: Departure): void;
  stop(): void;
}

export const startLeaving = (
  clock: Clock,
  proxy: Pick<Proxy, 'expectCircuits' | 'retire'>,
  streams: CircuitStreams,
  closeCircuits: (circuits: readonly string[]) => void,
): Leaving => {
  let phase: DrainView['phase'] = 'no';
  let live: readonly string[] = [];
  /** A Tor that outlived a daemon which drained may name circuits still: until it is known, both are expected. */
  let named = true;
  /** Wall clock, as told; the deadline by the monotonic clock, so that a step of the other moves nothing. */
  let untilMs = 0;
  let deadlineMs = 0;
  let retireAtMs = 0;
  let nextCloseMs = 0;
  const expect = (): void => {
    proxy.expectCircuits(phase !== 'no' || named);
  };
  expect();
  const trigger = startLevelTrigger(clock, (nowMs) => {
    if (phase !== 'emptying' && phase !== 'drained') return null;
    if (nowMs >= retireAtMs) {
      retireAtMs = nowMs + RETIRE_EVERY_MS;
      proxy.retire(STILL_MS);
    }
    const leftMs = deadlineMs - nowMs;
    const { circuits, wakeAtMs } = streams.due(live, nowMs, leftMs, nowMs >= nextCloseMs ? 1 : 0);
    if (circuits.length > 0) {
      nextCloseMs = nowMs + Math.min(BETWEEN_CIRCUITS_MS, (HASTE * leftMs) / live.length);
      closeCircuits(circuits);
    }
    // A pause begins and ends without a word to this trigger: short waits are cut by looking often.
    return Math.min(nowMs + (live.length === 0 ? RETIRE_EVERY_MS : LOOK_EVERY_MS), wakeAtMs ?? Infinity);
  });
  return {
    drainTold: (view) => {
      phase = view.phase;
      if (view.untilMs !== untilMs) {
        untilMs = view.untilMs;
        deadlineMs = clock.monotonicMs() + untilMs - clock.wallMs();
      }
      expect();
      trigger.poke();
    },
    departureTold: ({ rendezvous, namesCircuits }) => {
      live = rendezvous;
      named = namesCircuits;
      expect();
      trigger.poke();
    },
    stop: () => {
      trigger.stop();
    },
  };
};
