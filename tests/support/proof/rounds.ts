import { eventually } from '../eventually.js';
import { planOf } from './network-view.js';
import type { RecordedService } from './recorded-service.js';

interface Place {
  readonly fingerprint: string;
  readonly index: string;
}

/** Where Tor uploaded a descriptor last, and where we would upload it. */
export interface Round {
  readonly byTor: readonly Place[];
  readonly byUs: readonly Place[];
  /** Has every HSDir of Tor's round answered? */
  readonly answered: boolean;
}

const placesOf = (places: readonly Place[]): Place[] =>
  places.map(({ fingerprint, index }) => ({ fingerprint, index }));

const roundsOf = async ({ tor, identity, uploads }: RecordedService): Promise<Round[]> => {
  const { first, second } = await planOf(tor, identity.publicKey);
  return [first, second].map(({ blindedKey, store }) => ({
    byTor: placesOf(uploads.latest(blindedKey)),
    byUs: placesOf(store),
    answered: uploads.isAnswered(blindedKey),
  }));
};

const SETTLING_MS = 30_000;

/**
 * The rounds of both descriptors. Tor is up to some seconds behind with uploads that a new consensus makes due, so
 * they are given a while to agree; whatever is then seen is returned.
 */
export const settledRounds = async (service: RecordedService): Promise<Round[]> => {
  let rounds: Round[] = [];
  const agreed = async (): Promise<boolean> => {
    rounds = await roundsOf(service);
    return rounds.every(
      ({ byTor, byUs, answered }) => answered && JSON.stringify(byTor) === JSON.stringify(byUs),
    );
  };
  await eventually('uploads by this consensus', agreed, { timeoutMs: SETTLING_MS }).catch(() => undefined);
  return rounds;
};
