import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { NetworkView, PublicationPlan } from '@rustbalance/crypto-worker/task-types.js';
import type { SeenCounter } from '../election/messages.js';
import type { NodeId } from '../kernel/brands.js';
import type { Config } from '../kernel/config/schema.js';
import { earlier } from '../kernel/level-trigger.js';
import { between } from '../kernel/random.js';
import type { UploadAnswer } from '../tor/messages.js';
import { buildDue } from './build-due.js';
import type { LastBuild } from './build-due.js';
import type { InConsensus } from './contributions.js';
import { OfferTracker } from './offer-tracker.js';
import type { CurrentOffer } from './offer-tracker.js';
import { fenceEntries, forgetOld, raised } from './counter-fence.js';
import type { CounterFence } from './counter-fence.js';
import type { PublisherEffects } from './effects.js';
import { NO_INPUTS, obstacle } from './inputs.js';
import type { Inputs } from './inputs.js';
import type { Verdict } from './machine.js';
import { ANSWER_DEADLINE_MS, REPUBLISH_MAX_MS, REPUBLISH_MIN_MS } from './pace.js';
import { restoredCounters } from './persisted.js';
import type { PersistedPublisher } from './persisted.js';
import { prepare } from './prepare.js';
import { readBack } from './read-back.js';
import type { Finding } from './read-back.js';
import {
  COUNTER_REFUSED,
  accepted,
  confirmed,
  expired,
  failed,
  isComplete,
  lost,
  replanned,
  sent,
  withoutFlights,
} from './slot.js';
import type { RetryPolicy, Slot, Version } from './slot.js';
import { uploadsDue } from './uploads-due.js';

export interface PublicationOptions {
  readonly config: Config;
  readonly hasMasterKey: boolean;
  readonly persisted: PersistedPublisher;
  /** Looks relays up in a network view (crypto-worker's relay table). */
  readonly consensusLookup: (network: NetworkView) => InConsensus;
  /** Runs the step soon. */
  readonly poke: () => void;
}

/** An HSDir refuses a counter that is not higher than its own: each refusal in a row doubles the leap, up to an hour. */
const LARGEST_LEAP = 2 ** 12;

/** The pool refused or did not answer: it is not asked again at once, or an error would become a storm. */
const FAILED_BUILD_WAIT_MS = 2_000;

/**
 * What is published where. Level-triggered: `step` derives from the inputs and the slots what is due, starts it,
 * and says when to be run again. At most one plan, one build and one read-back are under way at a time.
 */
export class Publication {
  readonly #options: PublicationOptions;
  readonly #effects: PublisherEffects;
  #inputs: Inputs = NO_INPUTS;
  #plan: { readonly network: NetworkView; readonly value: PublicationPlan } | null = null;
  #slots: readonly Slot[] = [];
  #fence: CounterFence;
  #lastPublishMs: number | null;
  #lastBuild: LastBuild | null = null;
  readonly #offers: OfferTracker;
  #buildNotBeforeMs = 0;
  readonly #recount = new Set<TimePeriodNumber>();
  readonly #busy = { planning: false, building: false, reading: false };
  #refreshWanted = false;
  #serial = 0;
  #versions = 0;
  #leap = 1;
  #republishAtMs = Infinity;
  #readBackAtMs = Infinity;
  #lastLatencyMs: number | null = null;

  constructor(options: PublicationOptions, effects: PublisherEffects) {
    this.#options = options;
    this.#effects = effects;
    this.#offers = new OfferTracker(options.config.node.id as NodeId, effects.log);
    this.#lastPublishMs = options.persisted.lastPublishMs;
    this.#fence = raised(new Map(), restoredCounters(options.persisted));
  }

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  get lastPublishMs(): number | null {
    return this.#lastPublishMs;
  }

  get lastLatencyMs(): number | null {
    return this.#lastLatencyMs;
  }

  get counters(): readonly SeenCounter[] {
    return fenceEntries(this.#fence);
  }

  /** Takes over what another actor's fact says. */
  learn(change: Partial<Inputs>): void {
    this.#inputs = { ...this.#inputs, ...change };
    this.#options.poke();
  }

  /** Counter inputs that other nodes used: ours must be higher. */
  learnCounters(counters: readonly SeenCounter[]): void {
    this.#fence = raised(this.#fence, counters);
  }

  /** Uploads both descriptors again, whatever the HSDirs hold. */
  refresh(): void {
    this.#refreshWanted = true;
    this.#options.poke();
  }

  answered(answer: UploadAnswer): void {
    const slot = this.#slots.find(({ rows }) =>
      rows.some((row) => row.fingerprint === answer.hsdir && row.inFlight !== null),
    );
    if (slot === undefined) return;
    const nowMs = this.#effects.clock.monotonicMs();
    if (answer.accepted) {
      const next = accepted(slot, answer.hsdir, nowMs, answer.atMs);
      this.#replace(next);
      this.#leap = 1;
      if (isComplete(next) && !isComplete(slot)) this.#completed(next, answer.atMs);
    } else {
      const reason = answer.reason ?? 'UNKNOWN';
      this.#replace(failed(slot, answer.hsdir, reason, nowMs, this.#retryPolicy()));
      if (reason === COUNTER_REFUSED) this.#outrun(slot);
    }
    this.#options.poke();
  }

  /** Does what is due now. */
  step(nowMs: number): { readonly verdict: Verdict | null; readonly wakeAtMs: number | null } {
    this.#housekeeping(nowMs);
    this.#planWhenDue();
    const wallMs = this.#effects.clock.wallMs();
    const why = obstacle(this.#inputs, this.#options.hasMasterKey, wallMs);
    if (why === 'standby') {
      this.#forgetVersions();
      return { verdict: { type: 'STAND_BY' }, wakeAtMs: null };
    }
    if (why !== null) return this.#wait(why, nowMs);
    const network = this.#plan?.network;
    if (network === undefined) return this.#wait('the ring of HSDirs is being computed', nowMs);
    const offer = this.#offers.current(this.#inputs, this.#options.consensusLookup(network), nowMs, wallMs);
    if (offer.value.contributions.length === 0) return this.#wait('no node has an introduction point', nowMs);

    const buildAtMs = this.#buildAt(offer, nowMs);
    if (buildAtMs !== null && buildAtMs <= nowMs) this.#build(network, offer);
    const due = uploadsDue(this.#slots, this.#plan?.value.clientsUse ?? 'first', nowMs);
    for (const upload of due.uploads) {
      this.#replace(sent(upload.slot, new Set(upload.hsdirs), upload.version, nowMs));
      this.#effects.upload(upload).catch(() => {
        this.#uploadNotStarted(upload.slot.timePeriod);
      });
    }
    this.#readBackWhenDue(nowMs);
    const waits = [
      buildAtMs,
      due.wakeAtMs,
      due.uploads.length > 0 ? nowMs + ANSWER_DEADLINE_MS : null,
      this.#republishAtMs,
      this.#readBackAtMs,
      this.#confirmationRunsOutAt(),
    ];
    const wakeAtMs = waits
      .filter((at): at is number => at !== null && Number.isFinite(at) && at > nowMs)
      .reduce<number | null>(earlier, null);
    return { verdict: this.#verdict(), wakeAtMs };
  }

  #housekeeping(nowMs: number): void {
    const policy = this.#retryPolicy();
    this.#slots = this.#slots.map((slot) => expired(slot, nowMs, policy));
    if (this.#inputs.tor?.state !== 'up') this.#slots = this.#slots.map(withoutFlights);
  }

  #wait(reason: string, nowMs: number): { verdict: Verdict; wakeAtMs: number } {
    // Most lacks end with a fact, which pokes; a clock may be set right without one.
    return { verdict: { type: 'WAIT', reason }, wakeAtMs: nowMs + 1_000 };
  }

  #retryPolicy(): RetryPolicy {
    const { publish, resilience } = this.#options.config;
    return {
      minAccepted: publish.hsdir_min_accepted,
      maxRetries: resilience.hsdir_max_retries,
      restMs: publish.refresh_interval_secs * 1000,
      jitter: () => this.#effects.random.uniform(),
    };
  }

  #replace(slot: Slot): void {
    this.#slots = this.#slots.map((one) => (one.timePeriod === slot.timePeriod ? slot : one));
  }

  #forgetVersions(): void {
    if (this.#lastBuild === null && this.#slots.every(({ version }) => version === null)) return;
    this.#lastBuild = null;
    this.#slots = this.#slots.map((slot) => replanned(null, slot.plan, slot.periodLength));
    this.#republishAtMs = Infinity;
    this.#readBackAtMs = Infinity;
  }

  #planWhenDue(): void {
    const { network } = this.#inputs;
    if (network === null || this.#busy.planning || this.#plan?.network === network) return;
    this.#busy.planning = true;
    this.#effects
      .plan(network)
      .then((value) => {
        this.#plan = { network, value };
        const before = new Map(this.#slots.map((slot) => [slot.timePeriod, slot]));
        const plans = [value.first, value.second];
        this.#slots = plans.map((plan) =>
          replanned(before.get(plan.timePeriod) ?? null, plan, network.hsDirParams.periodLength),
        );
        this.#fence = forgetOld(this.#fence, value.first.timePeriod);
      })
      .catch((error: unknown) => {
        this.#effects.log.warn('the ring of HSDirs could not be computed', { error: String(error) });
      })
      .finally(() => {
        this.#busy.planning = false;
        this.#options.poke();
      });
  }

  #buildAt(offer: CurrentOffer, nowMs: number): number | null {
    if (this.#busy.building) return null;
    const at = buildDue({
      nowMs,
      offer: offer.value,
      offerKey: offer.key,
      offerChangedAtMs: offer.changedAtMs,
      lastBuild: this.#lastBuild,
      missing: this.#slots.some(({ version }) => version === null),
      refresh: this.#refreshWanted || nowMs >= this.#republishAtMs || this.#confirmationRanOut(nowMs),
      recount: this.#recount.size > 0,
    });
    return at === null ? null : Math.max(at, this.#buildNotBeforeMs);
  }

  #build(network: NetworkView, offer: CurrentOffer): void {
    const nowMs = this.#effects.clock.monotonicMs();
    const refresh = this.#refreshWanted || nowMs >= this.#republishAtMs || this.#confirmationRanOut(nowMs);
    if (refresh) this.#serial++;
    this.#busy.building = true;
    this.#refreshWanted = false;
    const recount = new Set(this.#recount);
    this.#recount.clear();
    this.#lastBuild = { atMs: nowMs, offerKey: offer.key, offer: offer.value };
    prepare(this.#effects, {
      slots: this.#slots,
      offer: offer.value,
      network,
      fence: this.#fence,
      serial: this.#serial,
      recount,
      nextVersionId: ++this.#versions,
      causedAtMs: refresh || recount.size > 0 ? this.#effects.clock.wallMs() : offer.causedAtMs,
    })
      .then((versions) => {
        this.#adopt(versions, nowMs);
      })
      .catch((error: unknown) => {
        this.#effects.log.error('the descriptors could not be built', { error: String(error) });
        this.#lastBuild = null;
        this.#buildNotBeforeMs = this.#effects.clock.monotonicMs() + FAILED_BUILD_WAIT_MS;
      })
      .finally(() => {
        this.#busy.building = false;
        this.#options.poke();
      });
  }

  #adopt(versions: ReadonlyMap<number, Version>, nowMs: number): void {
    this.#slots = this.#slots.map((slot) => {
      const version = versions.get(slot.timePeriod);
      return version === undefined ? slot : { ...slot, version };
    });
    const used = [...versions].map(([timePeriod, { n }]) => ({
      timePeriod: timePeriod as TimePeriodNumber,
      n,
    }));
    if (used.length === 0) return;
    this.#fence = raised(this.#fence, used);
    this.#republishAtMs = nowMs + between(this.#effects.random, REPUBLISH_MIN_MS, REPUBLISH_MAX_MS);
    // Before anything is sent: a crash right after must not use the same n again.
    this.#save();
  }

  #save(): void {
    this.#effects.save({ lastPublishMs: this.#lastPublishMs, counters: [...this.counters] });
  }

  #completed(slot: Slot, wallMs: number): void {
    this.#lastPublishMs = wallMs;
    const { version } = slot;
    if (version !== null) this.#lastLatencyMs = Math.max(0, wallMs - version.causedAtMs);
    const { refresh_interval_secs: refreshSecs } = this.#options.config.publish;
    this.#readBackAtMs = this.#effects.clock.monotonicMs() + refreshSecs * 1000;
    this.#effects.log.info('a descriptor is on every responsible HSDir', {
      descriptor: slot.which,
      introPoints: version?.introPoints ?? 0,
      hsdirs: slot.rows.length,
      latencyMs: Math.round(this.#lastLatencyMs ?? 0),
    });
    this.#save();
  }

  #uploadNotStarted(timePeriod: TimePeriodNumber): void {
    this.#slots = this.#slots.map((slot) => (slot.timePeriod === timePeriod ? withoutFlights(slot) : slot));
    // Tor is likely gone: its status fact tells, and the next step waits for it.
    this.#effects.clock.after(1_000, this.#options.poke);
  }

  /** An HSDir holds a counter as high as ours or higher: leap over it. */
  #outrun(slot: Slot): void {
    const n = (this.#fence.get(slot.timePeriod) ?? 0) + this.#leap;
    this.#leap = Math.min(this.#leap * 2, LARGEST_LEAP);
    this.#fence = raised(this.#fence, [{ timePeriod: slot.timePeriod, n }]);
    this.#recount.add(slot.timePeriod);
    // The clients' descriptor can be asked for, and its counter then tells how far to leap.
    if (slot.timePeriod === this.#clientsSlot()?.timePeriod)
      this.#readBackAtMs = this.#effects.clock.monotonicMs();
  }

  #clientsSlot(): Slot | null {
    const which = this.#plan?.value.clientsUse;
    return this.#slots.find((slot) => slot.which === which) ?? null;
  }

  /** When the newest confirmation of the clients' descriptor becomes too old. */
  #confirmationRunsOutAt(): number | null {
    const slot = this.#clientsSlot();
    const confirmations = slot?.rows.flatMap(({ held }) => (held === null ? [] : [held.confirmedAtMs])) ?? [];
    if (confirmations.length === 0) return null;
    return Math.max(...confirmations) + this.#options.config.health.descriptor_max_age_secs * 1000;
  }

  #confirmationRanOut(nowMs: number): boolean {
    const at = this.#confirmationRunsOutAt();
    return at !== null && nowMs >= at && nowMs - (this.#lastBuild?.atMs ?? 0) >= 60_000;
  }

  #readBackWhenDue(nowMs: number): void {
    const slot = this.#clientsSlot();
    if (slot === null || this.#busy.reading || nowMs < this.#readBackAtMs) return;
    this.#busy.reading = true;
    this.#readBackAtMs = nowMs + this.#options.config.publish.refresh_interval_secs * 1000;
    readBack(this.#effects, slot)
      .then((findings) => {
        for (const finding of findings) this.#found(slot.timePeriod, finding);
      })
      .catch((error: unknown) => {
        this.#effects.log.warn('the HSDirs could not be asked what they hold', { error: String(error) });
      })
      .finally(() => {
        this.#busy.reading = false;
        this.#options.poke();
      });
  }

  #found(timePeriod: TimePeriodNumber, finding: Finding): void {
    const slot = this.#slots.find((one) => one.timePeriod === timePeriod);
    if (slot === undefined) return;
    if (finding.kind === 'same') {
      this.#replace(confirmed(slot, finding.hsdir, this.#effects.clock.monotonicMs()));
      return;
    }
    if (finding.kind !== 'foreign') {
      this.#replace(lost(slot, finding.hsdir, finding.kind === 'missing' ? 'NOT_FOUND' : 'STALE'));
      return;
    }
    this.#effects.log.warn('an HSDir holds a descriptor of this address that this node did not make', {
      descriptor: slot.which,
      counterKnown: finding.n !== null,
    });
    this.#replace(lost(slot, finding.hsdir, 'FOREIGN'));
    if (finding.n === null) this.#outrun(slot);
    else {
      this.#fence = raised(this.#fence, [{ timePeriod, n: finding.n }]);
      this.#recount.add(timePeriod);
    }
  }

  #verdict(): Verdict | null {
    const built = this.#slots.filter(({ version }) => version !== null);
    if (built.length === 0) return null;
    if (this.#slots.every(isComplete)) return { type: 'COMPLETE' };
    const inFlight = this.#slots.some(({ rows }) => rows.some((row) => row.inFlight !== null));
    if (inFlight || this.#busy.building) return { type: 'UPLOAD' };
    const lacking = this.#slots.reduce((sum, slot) => sum + (isComplete(slot) ? 0 : 1), 0);
    return {
      type: 'DEGRADE',
      reason: `${String(lacking)} of 2 descriptors are not on every responsible HSDir`,
    };
  }
}
