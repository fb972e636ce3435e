import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import { between } from '../kernel/random.js';
import { buildDue, isEmergency } from './build-due.js';
import type { LastBuild } from './build-due.js';
import type { Offer } from './contributions.js';
import { withEmergency } from './emergency-budget.js';
import type { Emergencies } from './emergency-budget.js';
import type { CurrentOffer } from './offer-tracker.js';
import {
  CERTIFICATES_RENEWED_AFTER_MS,
  EMERGENCY_PAUSE_MS,
  REPUBLISH_MAX_MS,
  REPUBLISH_MIN_MS,
} from './pace.js';
import { prepare } from './prepare.js';
import type { PublicationSetting } from './setting.js';

/** One step's question to the builder. */
export interface BuildView {
  readonly nowMs: number;
  readonly offer: CurrentOffer;
  /** When acceptance of the clients' descriptor goes unconfirmed too long; null when nothing was accepted. */
  readonly confirmedUntilMs: number | null;
}

/** Decides when the descriptors are built anew, and builds them. */
export class Builder {
  readonly #setting: PublicationSetting;
  readonly #save: () => void;
  #lastBuild: LastBuild | null = null;
  #emergencies: Emergencies = [];
  #refreshWanted = false;
  /** Rises when the same content is to be uploaded again. */
  #serial = 0;
  #versions = 0;
  #republishAtMs = Infinity;
  /** Periods whose descriptor is being built with a higher counter: the one before would be refused. */
  #recounting: ReadonlySet<TimePeriodNumber> = new Set();

  /**
   * @param save begins to write what a start after a crash goes on from, before anything is sent. It is not waited for: a
   * disk that is full, slow or hangs must keep no descriptor from the HSDirs. A last n that was lost costs little: a start
   * takes seconds, after which n is higher by the time alone, and one that had leapt ahead is refused and leaps again
   * (counters.ts).
   */
  constructor(setting: PublicationSetting, save: () => void) {
    this.#setting = setting;
    this.#save = save;
  }

  /** What the last build of this term was made from; null when nothing was built in it. */
  get lastOffer(): Offer | null {
    return this.#lastBuild?.offer ?? null;
  }

  /** Names that offer. */
  get lastOfferKey(): string | null {
    return this.#lastBuild?.offerKey ?? null;
  }

  /** When the descriptors are built again by their age alone (monotonic ms). */
  get republishAtMs(): number {
    return this.#republishAtMs;
  }

  get hasBuilt(): boolean {
    return this.#lastBuild !== null;
  }

  /** Is what stands for this period about to be replaced by one with a higher counter? */
  isRecounting(timePeriod: TimePeriodNumber): boolean {
    return this.#recounting.has(timePeriod);
  }

  /** Both descriptors are to be built again, whatever the HSDirs hold. */
  refresh(): void {
    this.#refreshWanted = true;
  }

  /** Another node publishes. */
  forget(): void {
    this.#lastBuild = null;
    this.#republishAtMs = Infinity;
  }

  /** When the next build is due; null when nothing calls for one. */
  dueAt(view: BuildView): number | null {
    const { background, board, counters } = this.#setting;
    if (background.isBusy('building')) return null;
    const at = buildDue({
      nowMs: view.nowMs,
      offer: view.offer.value,
      offerKey: view.offer.key,
      offerChangedAtMs: view.offer.changedAtMs,
      lastBuild: this.#lastBuild,
      emergencies: this.#emergencies,
      missing: board.lacksVersion,
      refresh: this.#refreshDue(view),
      recount: counters.recountWanted,
    });
    return at === null ? null : Math.max(at, background.afterFailureMs);
  }

  /** @param changeCausedAtMs wall clock of whatever made this build due, unless it repeats what stands */
  build(network: NetworkView, view: BuildView, changeCausedAtMs: number): void {
    const { background, board, counters, effects } = this.#setting;
    const { nowMs, offer } = view;
    const refresh = this.#refreshDue(view);
    if (refresh) this.#serial++;
    this.#refreshWanted = false;
    if (isEmergency(this.#lastBuild, offer.value, offer.key))
      this.#emergencies = withEmergency(this.#emergencies, nowMs);
    const recount = counters.takeRecount();
    this.#recounting = recount;
    this.#lastBuild = { atMs: nowMs, offerKey: offer.key, offer: offer.value };
    const work = async (): Promise<void> => {
      const versions = await prepare(effects, {
        slots: board.slots,
        offer: offer.value,
        network,
        fence: counters.fence,
        serial: this.#serial,
        recount,
        nextVersionId: ++this.#versions,
        cause: refresh
          ? { kind: 'repetition', atMs: effects.clock.wallMs() }
          : { kind: 'change', atMs: changeCausedAtMs },
      });
      if (versions.size === 0) return;
      board.adopt(versions);
      counters.raise([...versions].map(([timePeriod, { n }]) => ({ timePeriod, n })));
      this.#republishAtMs = nowMs + between(effects.random, REPUBLISH_MIN_MS, REPUBLISH_MAX_MS);
      this.#save();
    };
    background.run('building', 'the descriptors could not be built', work, (failed) => {
      if (failed) this.#lastBuild = null;
      this.#recounting = new Set();
    });
  }

  #refreshDue({ nowMs, confirmedUntilMs }: BuildView): boolean {
    const ranOut =
      confirmedUntilMs !== null &&
      nowMs >= confirmedUntilMs &&
      nowMs - (this.#lastBuild?.atMs ?? 0) >= EMERGENCY_PAUSE_MS;
    return this.#refreshWanted || nowMs >= this.#republishAtMs || ranOut || this.#certificatesRunOut;
  }

  /** By the wall clock, which goes on while a machine sleeps. */
  get #certificatesRunOut(): boolean {
    const nowMs = this.#setting.effects.clock.wallMs();
    return this.#setting.board.slots.some(
      ({ version }) => version !== null && nowMs - version.builtAtMs >= CERTIFICATES_RENEWED_AFTER_MS,
    );
  }
}
