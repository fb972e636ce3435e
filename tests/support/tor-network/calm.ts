import { eventually } from '../eventually.js';
import type { TorActorHarness } from '../tor-actor-context.js';
import { consensusOf } from './directory-view.js';
import type { TorNetwork } from './network-types.js';
import { lastRotation, nextRotation, phaseAt, type Rotation } from './phase.js';
import type { TorProcess } from './tor-process.js';

/**
 * The valid-after (Unix seconds) of the consensus that somebody goes by now; not a number while there is none. Each Tor hears
 * of a rotation by itself, up to a voting interval or more after the authorities.
 */
export type Knowledge = () => number | Promise<number>;

export const knownTo =
  (tor: TorProcess): Knowledge =>
  async () =>
    (await consensusOf(tor)).validAfterSecs;

/** What a Tor actor in this process has told of its Tor. */
export const knownToActor =
  (actor: Pick<TorActorHarness, 'fact'>): Knowledge =>
  () =>
    actor.fact('tor.network')?.view?.validAfter ?? Number.NaN;

const BOTH: readonly Rotation[] = ['time-period', 'shared-random'];

/** Of the clock, after a rotation: what follows from it is published by then on a loaded machine, too. */
const AFTER_SECS = 15;

/** Longer than a time period: who hears of a rotation so late that too little is left waits for the next. */
const TIMEOUT_MS = 300_000;

export interface Calm {
  readonly network: Pick<TorNetwork, 'votingIntervalSecs'>;
  /** Everybody whose rotation would disturb. */
  readonly knowledge: readonly Knowledge[];
  /** So long no rotation shall come, by the clock. Rotations lie 120 s apart, those of one kind 240 s. */
  readonly secs: number;
  /** Both, unless told. */
  readonly rotations?: readonly Rotation[];
}

/** Has everybody left the last rotation behind, and is the next one so far off? */
export const isCalm = async ({ network, knowledge, secs, rotations = BOTH }: Calm): Promise<boolean> => {
  const known = await Promise.all(knowledge.map((read) => read()));
  const nowSecs = Date.now() / 1000;
  return known.every((validAfterSecs) => {
    const phase = phaseAt(validAfterSecs, network.votingIntervalSecs);
    return rotations.every(
      (kind) =>
        nowSecs - lastRotation(phase, kind) >= AFTER_SECS && nextRotation(phase, kind) - nowSecs >= secs,
    );
  });
};

/** Waits for a time between two rotations, of which so much is left that none falls into what follows. */
export const untilCalm = async (wanted: Calm): Promise<void> => {
  const what = `no rotation was just now, and none comes for ${String(wanted.secs)} s`;
  await eventually(what, () => isCalm(wanted), { timeoutMs: TIMEOUT_MS, everyMs: 250 });
};
