import type { SeenCounter } from '../election/messages.js';
import type { NodeId } from '../kernel/brands.js';
import type { Config } from '../kernel/config/schema.js';
import { earlier } from '../kernel/level-trigger.js';
import type { UploadAnswer } from '../tor/messages.js';
import { Background } from './background.js';
import { Builder } from './builder.js';
import { CompletionLog } from './completion-log.js';
import type { Completion } from './completion-log.js';
import { Counters } from './counters.js';
import type { PublisherEffects } from './effects.js';
import { HoldingsCheck } from './holdings-check.js';
import { HsDirLog } from './hsdir-log.js';
import type { HsDirRecord } from './hsdir-log.js';
import { NO_INPUTS, obstacle } from './inputs.js';
import type { Inputs } from './inputs.js';
import type { Verdict } from './machine.js';
import type { RivalDescriptor } from './messages.js';
import { OfferTracker } from './offer-tracker.js';
import type { CurrentOffer } from './offer-tracker.js';
import { OwnKeys } from './own-keys.js';
import { restoredCounters } from './persisted.js';
import type { PersistedPublisher } from './persisted.js';
import { Planner } from './planner.js';
import { refreshIntervalMs, takeOverMs } from './setting.js';
import type { PublicationSetting } from './setting.js';
import { SlotBoard } from './slot-board.js';
import type { Slot } from './slot.js';
import { Uploader } from './uploader.js';
import { verdictOf } from './verdict.js';
import { Withholding } from './withholding.js';

export interface PublicationOptions {
  readonly config: Config;
  readonly hasMasterKey: boolean;
  readonly persisted: PersistedPublisher;
  /** Runs the step soon. */
  readonly poke: () => void;
}

/** What a step found, and when it wants to be run again (monotonic ms; null: only a poke matters). */
export interface StepOutcome {
  readonly verdict: Verdict | null;
  readonly wakeAtMs: number | null;
}

/**
 * What is published where. Level-triggered: `step` derives from the inputs and the slots what is due, starts it,
 * and says when to be run again. The ring, the descriptors, the uploads and what the HSDirs hold are each a part of its own.
 */
export class Publication {
  readonly #options: PublicationOptions;
  readonly #effects: PublisherEffects;
  readonly #board = new SlotBoard();
  readonly #counters: Counters;
  readonly #completions = new CompletionLog();
  readonly #hsdirs = new HsDirLog();
  readonly #offers: OfferTracker;
  readonly #ownKeys: OwnKeys;
  readonly #withholding: Withholding;
  readonly #background: Background;
  readonly #planner: Planner;
  readonly #builder: Builder;
  readonly #uploader: Uploader;
  readonly #holdings: HoldingsCheck;
  #inputs: Inputs = NO_INPUTS;
  /** Wall clock (ms). */
  #networkArrivedAtMs = 0;
  #lastPublishMs: number | null;

  constructor(options: PublicationOptions, effects: PublisherEffects) {
    const { config, persisted, poke } = options;
    this.#options = options;
    this.#effects = effects;
    this.#offers = new OfferTracker(config.node.id as NodeId, effects.log, () => this.#builder.lastOfferKey);
    this.#lastPublishMs = persisted.lastPublishMs;
    this.#counters = new Counters(restoredCounters(persisted));
    this.#ownKeys = new OwnKeys(persisted.ownPoints);
    this.#background = new Background(effects, poke);
    const withholding = { takeOverMs: takeOverMs(config), refreshMs: refreshIntervalMs(config), poke };
    this.#withholding = new Withholding(withholding, effects);
    const setting: PublicationSetting = {
      config,
      effects,
      board: this.#board,
      counters: this.#counters,
      background: this.#background,
      hsdirs: this.#hsdirs,
      poke,
    };
    this.#planner = new Planner(setting, () => {
      this.#holdings.clientsMoved();
    });
    this.#builder = new Builder(setting, () => {
      this.#save();
    });
    this.#holdings = new HoldingsCheck(setting, (slot, n) => {
      this.#foundForeign(slot, n);
    });
    this.#uploader = new Uploader(setting, {
      accepted: (nowMs) => {
        this.#counters.trusted();
        this.#holdings.accepted(nowMs);
      },
      published: (wallMs) => {
        this.#published(wallMs);
      },
      completed: (slot, wallMs) => {
        this.#completed(slot, wallMs);
      },
      refused: (slot, nowMs) => {
        this.#refused(slot, nowMs);
      },
      doubtful: (slot, nowMs) => {
        this.#holdings.askNow(slot, nowMs);
      },
    });
  }

  get slots(): readonly Slot[] {
    return this.#board.slots;
  }

  get lastPublishMs(): number | null {
    return this.#lastPublishMs;
  }

  /** The newest completions, oldest first. */
  get completions(): readonly Completion[] {
    return this.#completions.entries;
  }

  /** How each HSDir has served us; who did something last comes first. */
  get hsdirs(): readonly HsDirRecord[] {
    return this.#hsdirs.entries;
  }

  get counters(): readonly SeenCounter[] {
    return this.#counters.entries;
  }

  /** Why uploads are held back; null while they are not. */
  get withheld(): Withholding['view'] {
    return this.#withholding.view;
  }

  get rival(): RivalDescriptor | null {
    return this.#withholding.rival;
  }

  /** Takes over what another actor's fact says. */
  learn(change: Partial<Inputs>): void {
    if ('network' in change) this.#networkArrivedAtMs = this.#effects.clock.wallMs();
    if (change.own !== undefined && change.own !== null) this.#ownKeys.note(change.own);
    if (change.role !== undefined && change.role !== null)
      this.#holdings.noteLoss(change.role, this.#inputs.role);
    // Nobody will hear of what went by the other Tor.
    if (change.tor && change.tor.redundancy?.inUse !== this.#inputs.tor?.redundancy?.inUse)
      this.#board.dropFlights();
    this.#inputs = { ...this.#inputs, ...change };
    this.#options.poke();
  }

  /** Counter inputs that other nodes used: ours must be higher. */
  learnCounters(counters: readonly SeenCounter[]): void {
    this.#counters.raiseByPeers(counters);
  }

  /** Uploads both descriptors again, whatever the HSDirs hold. */
  refresh(): void {
    this.#builder.refresh();
    this.#options.poke();
  }

  /** One HSDir's answer to an upload. */
  answered(answer: UploadAnswer): void {
    this.#uploader.answered(answer);
    this.#options.poke();
  }

  /** Does what is due now. */
  step(nowMs: number): StepOutcome {
    this.#uploader.expire(nowMs);
    if (this.#inputs.tor?.state !== 'up') this.#board.dropFlights();
    this.#planner.planWhenDue(this.#inputs.network, nowMs);
    const why = obstacle(this.#inputs, this.#options.hasMasterKey, this.#effects.clock.wallMs());
    if (why === 'standby') {
      this.#standBy();
      return { verdict: { type: 'STAND_BY' }, wakeAtMs: null };
    }
    // Most lacks end with a fact, which pokes; a clock may be set right without one.
    const wait = (reason: string): StepOutcome => {
      this.#withholding.suspend(nowMs);
      return { verdict: { type: 'WAIT', reason }, wakeAtMs: nowMs + 1_000 };
    };
    if (why !== null) return wait(why);
    const { planned } = this.#planner;
    if (planned === null) return wait('the ring of HSDirs is being computed');
    const offer = this.#offers.current(this.#inputs, planned.relays, nowMs, this.#effects.clock.wallMs());
    if (offer.value.contributions.length === 0) return wait('no node has an introduction point');

    const held = this.#held(offer, nowMs);
    if (held !== null) return held;

    const view = { nowMs, offer, confirmedUntilMs: this.#holdings.confirmedUntilMs() };
    const buildAtMs = this.#builder.dueAt(view);
    if (buildAtMs !== null && buildAtMs <= nowMs)
      this.#builder.build(planned, view, this.#latestCause(offer));
    const answersAtMs = this.#uploader.upload(
      nowMs,
      ({ timePeriod }) => this.#counters.isOutrun(timePeriod) || this.#builder.isRecounting(timePeriod),
    );
    this.#holdings.askWhenDue(nowMs);
    const wakeAtMs = [
      buildAtMs,
      answersAtMs,
      this.#builder.republishAtMs,
      this.#holdings.dueAtMs,
      this.#holdings.confirmedUntilMs(),
      planned === this.#inputs.network ? null : this.#background.afterFailureMs,
    ]
      .filter((at): at is number => at !== null && Number.isFinite(at) && at > nowMs)
      .reduce<number | null>((a, b) => earlier(a, b), null);
    return { verdict: verdictOf(this.#board, this.#background.isBusy('building')), wakeAtMs };
  }

  get #isSomebodyAbsent(): boolean {
    return (this.#inputs.role?.absent.length ?? 0) > 0;
  }

  /** What the step says while uploads are held back for another publisher's sake; null while they are not. */
  #held(offer: CurrentOffer, nowMs: number): StepOutcome | null {
    const { clients } = this.#board;
    if (clients === null) return null;
    const hold = this.#withholding.step({
      nowMs,
      absent: this.#inputs.role?.absent ?? [],
      offer: offer.value,
      formerKeys: this.#ownKeys.all,
      lastOffer: this.#builder.lastOffer,
      clients,
      socks: this.#inputs.tor?.socks ?? null,
    });
    if (!hold.open) {
      return { verdict: { type: 'WITHHOLD', reason: `withheld: ${hold.reason}` }, wakeAtMs: hold.dueMs };
    }
    if (hold.passed !== null) this.#counters.outrun(clients.timePeriod, hold.passed.n);
    return null;
  }

  #standBy(): void {
    this.#withholding.reset();
    if (!this.#builder.hasBuilt && this.#board.isEmpty) return;
    this.#builder.forget();
    this.#board.forgetVersions();
    this.#holdings.forget();
  }

  /** Wall clock (ms) of whatever made a build due: points, a rotation, or the lease. */
  #latestCause(offer: CurrentOffer): number {
    const rotation = this.#board.lacksVersion ? this.#networkArrivedAtMs : 0;
    return Math.max(offer.causedAtMs, rotation, this.#inputs.role?.sinceMs ?? 0);
  }

  /** Not by completeness: with one HSDir down for good a descriptor is never complete, and still published. */
  #published(wallMs: number): void {
    this.#lastPublishMs = wallMs;
    this.#save();
  }

  #completed(slot: Slot, wallMs: number): void {
    const { version } = slot;
    if (version === null) return;
    this.#holdings.completed(this.#effects.clock.monotonicMs());
    this.#effects.log.info('a descriptor is on every responsible HSDir', {
      descriptor: slot.which,
      introPoints: version.introPoints,
      hsdirs: slot.rows.length,
      cause: version.cause.kind,
      latencyMs: Math.round(wallMs - version.cause.atMs),
    });
    this.#completions.note(slot, wallMs);
    this.#published(wallMs);
  }

  #save(): void {
    const counters = [...this.counters];
    const ownPoints = [...this.#ownKeys.entries];
    this.#effects.save({ lastPublishMs: this.#lastPublishMs, counters, ownPoints });
  }

  #refused(slot: Slot, nowMs: number): void {
    this.#counters.outrun(slot.timePeriod, null);
    if (this.#isSomebodyAbsent) this.#withholding.conflict(nowMs);
    // The clients' descriptor can be asked for, and its counter then tells how far to leap.
    this.#holdings.askNow(slot, nowMs);
  }

  /** Who is out of contact may publish with more introduction points than we have. */
  #foundForeign(slot: Slot, n: number | null): void {
    if (this.#isSomebodyAbsent) this.#withholding.conflict(this.#effects.clock.monotonicMs());
    else this.#counters.outrun(slot.timePeriod, n);
  }
}
