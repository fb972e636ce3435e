import type { Offer } from './contributions.js';
import { offeredKeys } from './contributions.js';
import { emergencyAllowedAt } from './emergency-budget.js';
import type { Emergencies } from './emergency-budget.js';
import { DEBOUNCE_MS, ORDINARY_GAP_MS } from './pace.js';

export interface LastBuild {
  readonly atMs: number;
  readonly offerKey: string;
  readonly offer: Offer;
}

export interface BuildQuestion {
  readonly nowMs: number;
  readonly offer: Offer;
  readonly offerKey: string;
  readonly offerChangedAtMs: number;
  readonly lastBuild: LastBuild | null;
  readonly emergencies: Emergencies;
  /** A slot has no descriptor at all: first publication, take-over, a new time period. */
  readonly missing: boolean;
  /** By age, on order, or because acceptance went unconfirmed too long. */
  readonly refresh: boolean;
  /** A counter was refused: the same content needs a higher one. */
  readonly recount: boolean;
}

/** Is what was built last to be replaced because it names a point that is dead? */
export const isEmergency = (lastBuild: LastBuild | null, offer: Offer, offerKey: string): boolean =>
  lastBuild !== null && lastBuild.offerKey !== offerKey && namesDeadPoint(lastBuild.offer, offer);

/** Does the published descriptor name an introduction point that is no longer on offer? */
const namesDeadPoint = (published: Offer, offer: Offer): boolean => {
  const alive = offeredKeys(offer.contributions);
  return [...offeredKeys(published.contributions)].some((key) => !alive.has(key));
};

/** When the next build is due (monotonic ms, possibly past); null when nothing calls for one. */
export const buildDue = (question: BuildQuestion): number | null => {
  const { nowMs, lastBuild, offer } = question;
  if (lastBuild === null || question.missing)
    return Math.max(question.offerChangedAtMs, lastBuild === null ? 0 : nowMs);
  const changed = lastBuild.offerKey !== question.offerKey;
  if (isEmergency(lastBuild, offer, question.offerKey))
    return emergencyAllowedAt(question.emergencies, lastBuild.atMs, nowMs);
  if (question.refresh || question.recount) return lastBuild.atMs + ORDINARY_GAP_MS;
  if (!changed) return null;
  return Math.max(question.offerChangedAtMs + DEBOUNCE_MS, lastBuild.atMs + ORDINARY_GAP_MS);
};
