import { eventually } from '../eventually.js';
import type { ConsensusView } from './consensus.js';
import type { NetworkBehaviour } from './torrc.js';

/** Where the network stands between its two rotations; Unix seconds throughout, by the consensus' valid-after. */
export interface NetworkPhase {
  readonly validAfterSecs: number;
  readonly votingIntervalSecs: number;
  /** rend-spec-v3 §2.2.1 */
  readonly timePeriod: number;
  readonly timePeriodStartSecs: number;
  readonly timePeriodLengthSecs: number;
  /** The shared random protocol's run (srv-spec §2): a new value comes with each. */
  readonly runStartSecs: number;
  readonly runLengthSecs: number;
  /** From a time period's start to the next shared random value: clients use a service's second descriptor. */
  readonly betweenTpAndSrv: boolean;
  readonly sharedRandomCurrent: string | undefined;
  readonly sharedRandomPrevious: string | undefined;
}

export type Rotation = 'time-period' | 'shared-random';

const ROUNDS_IN_A_RUN = 24;
const ROUNDS_IN_A_PHASE = 12;
const DEFAULT_PERIOD_MINUTES = 1440;

/** What of a consensus decides the phase. */
type Timing = Omit<ConsensusView, 'relays'>;

const periodMinutes = (consensus: Timing, interval: number, behaviour: NetworkBehaviour): number =>
  behaviour === 'testing'
    ? Math.floor((ROUNDS_IN_A_RUN * interval) / 60)
    : (consensus.params['hsdir_interval'] ?? DEFAULT_PERIOD_MINUTES);

/** Derives the phase from a consensus; `behaviour` is that of the Tors that use it. */
export const phaseOf = (consensus: Timing, behaviour: NetworkBehaviour = 'testing'): NetworkPhase => {
  const interval = consensus.freshUntilSecs - consensus.validAfterSecs;
  const length = 60 * periodMinutes(consensus, interval, behaviour);
  const offset = 60 * Math.floor((ROUNDS_IN_A_PHASE * interval) / 60);
  const timePeriod = Math.floor((consensus.validAfterSecs - offset) / length);
  const runLength = ROUNDS_IN_A_RUN * interval;
  const runStart = Math.floor(consensus.validAfterSecs / runLength) * runLength;
  const firstPeriodOfRun = (Math.floor((runStart - offset) / length) + 1) * length + offset;
  return {
    validAfterSecs: consensus.validAfterSecs,
    votingIntervalSecs: interval,
    timePeriod,
    timePeriodStartSecs: timePeriod * length + offset,
    timePeriodLengthSecs: length,
    runStartSecs: runStart,
    runLengthSecs: runLength,
    betweenTpAndSrv: consensus.validAfterSecs >= firstPeriodOfRun,
    sharedRandomCurrent: consensus.sharedRandomCurrent,
    sharedRandomPrevious: consensus.sharedRandomPrevious,
  };
};

/** The phase of a testing network by a consensus of which only the valid-after (Unix seconds) is known. */
export const phaseAt = (validAfterSecs: number, votingIntervalSecs: number): NetworkPhase =>
  phaseOf({
    validAfterSecs,
    freshUntilSecs: validAfterSecs + votingIntervalSecs,
    sharedRandomCurrent: undefined,
    sharedRandomPrevious: undefined,
    params: {},
  });

/** The valid-after (Unix seconds) from which on consensuses have brought the last rotation of this kind. */
export const lastRotation = (phase: NetworkPhase, kind: Rotation): number =>
  kind === 'time-period' ? phase.timePeriodStartSecs : phase.runStartSecs;

/** The valid-after (Unix seconds) of the first consensus to come that brings this rotation. */
export const nextRotation = (phase: NetworkPhase, kind: Rotation): number =>
  kind === 'time-period'
    ? phase.timePeriodStartSecs + phase.timePeriodLengthSecs
    : phase.runStartSecs + phase.runLengthSecs;

/**
 * Waits until a consensus, as `read` sees it, satisfies `wanted`; gives that phase.
 *
 * @param read e.g. `() => network.consensus()`, or a client's own view
 * @throws NotInTimeError
 */
export const waitForPhase = (
  what: string,
  read: () => Promise<ConsensusView>,
  wanted: (phase: NetworkPhase) => boolean,
  { timeoutMs, behaviour = 'testing' }: { timeoutMs: number; behaviour?: NetworkBehaviour },
): Promise<NetworkPhase> => {
  const look = async (): Promise<NetworkPhase | false> => {
    const phase = phaseOf(await read(), behaviour);
    return wanted(phase) && phase;
  };
  return eventually(what, look, { timeoutMs, everyMs: 200 });
};
