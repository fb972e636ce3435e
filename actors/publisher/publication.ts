import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import type { RoleView, SeenCounter } from '../election/messages.js';
import type { NodeId } from '../kernel/brands.js';
import type { Config } from '../kernel/config/schema.js';
import { RbError } from '../kernel/errors.js';
import type { ErrorCode } from '../kernel/errors.js';
import { earlier } from '../kernel/level-trigger.js';
import { between } from '../kernel/random.js';
import type { UploadAnswer } from '../tor/messages.js';
import { AnswerTimes } from './answer-times.js';
import { buildDue } from './build-due.js';
import type { LastBuild } from './build-due.js';
import { CompletionLog } from './completion-log.js';
import type { Completion } from './completion-log.js';
import { Counters } from './counters.js';
import type { PublisherEffects } from './effects.js';
import { NO_INPUTS, obstacle } from './inputs.js';
import type { Inputs } from './inputs.js';
import type { Verdict } from './machine.js';
import type { RivalDescriptor } from './messages.js';
import { OfferTracker } from './offer-tracker.js';
import { OwnKeys } from './own-keys.js';
import type { CurrentOffer } from './offer-tracker.js';
import {
  AFTER_FAILURE_MS,
  EMERGENCY_PAUSE_MS,
  REPUBLISH_MAX_MS,
  REPUBLISH_MIN_MS,
  SHORTEST_LOOK_AGAIN_MS,
} from './pace.js';
import { restoredCounters } from './persisted.js';
import type { PersistedPublisher } from './persisted.js';
import { prepare } from './prepare.js';
import { readBack } from './read-back.js';
import type { Finding } from './read-back.js';
import { SlotBoard } from './slot-board.js';
import {
  COUNTER_REFUSED,
  NO_ANSWER,
  accepted,
  confirmed,
  failed,
  isComplete,
  isPublished,
  lost,
  rowOf,
  sent,
  withoutFlights,
} from './slot.js';
import type { RetryPolicy, Slot } from './slot.js';
import { uploadsDue } from './uploads-due.js';
import type { DueUpload } from './uploads-due.js';
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

/** Errors of an order that say nothing of the descriptor: it goes out again as soon as Tor is there. */
const TOR_GONE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'tor.not-up',
  'control.closed',
  'control.deadline',
  'message.deadline',
  'message.peer-died',
]);

/** What takes time and is done once at a time. */
type BackgroundWork = 'planning' | 'building' | 'reading';

/**
 * What is published where. Level-triggered: `step` derives from the inputs and the slots what is due, starts it,
 * and says when to be run again. At most one plan, one build and one read-back are under way at a time.
 */
export class Publication {
  readonly #options: PublicationOptions;
  readonly #effects: PublisherEffects;
  readonly #board = new SlotBoard();
  readonly #counters: Counters;
  readonly #answerTimes = new AnswerTimes();
  readonly #completions = new CompletionLog();
  readonly #offers: OfferTracker;
  readonly #ownKeys: OwnKeys;
  readonly #withholding: Withholding;
  readonly #busy: Record<BackgroundWork, boolean> = { planning: false, building: false, reading: false };
  #inputs: Inputs = NO_INPUTS;
  /** Wall clock (ms). */
  #networkArrivedAtMs = 0;
  /** The network view that the board was planned from. */
  #planned: NetworkView | null = null;
  #lastPublishMs: number | null;
  #lastBuild: LastBuild | null = null;
  #afterFailureMs = 0;
  #refreshWanted = false;
  /** Rises when the same content is to be uploaded again. */
  #serial = 0;
  #versions = 0;
  #republishAtMs = Infinity;
  #readBackAtMs = Infinity;
  /** When clients began to fetch the descriptor that they fetch now. */
  #clientsMovedAtMs = 0;
  /** Periods whose descriptor is being built with a higher counter: the one before would be refused. */
  #recounting: ReadonlySet<TimePeriodNumber> = new Set();
  /** When somebody was last found out of contact who was in contact before. */
  #lossAtMs = -Infinity;

  constructor(options: PublicationOptions, effects: PublisherEffects) {
    this.#options = options;
    this.#effects = effects;
    this.#offers = new OfferTracker(options.config.node.id as NodeId, effects.log);
    this.#lastPublishMs = options.persisted.lastPublishMs;
    this.#counters = new Counters(restoredCounters(options.persisted));
    this.#ownKeys = new OwnKeys(options.persisted.ownPoints);
    const withholding = {
      takeOverMs: this.#takeOverMs,
      refreshMs: this.#refreshIntervalMs,
      poke: options.poke,
    };
    this.#withholding = new Withholding(withholding, effects);
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
    if (change.role !== undefined && change.role !== null) this.#noteLoss(change.role);
    this.#inputs = { ...this.#inputs, ...change };
    this.#options.poke();
  }

  /** Counter inputs that other nodes used: ours must be higher. */
  learnCounters(counters: readonly SeenCounter[]): void {
    this.#counters.raiseByPeers(counters);
  }

  /** Uploads both descriptors again, whatever the HSDirs hold. */
  refresh(): void {
    this.#refreshWanted = true;
    this.#options.poke();
  }

  /** One HSDir's answer to an upload. */
  answered(answer: UploadAnswer): void {
    const slot = this.#board.awaiting(answer.hsdir);
    if (slot === null) {
      this.#board.settleOrphan(answer.hsdir);
      this.#options.poke();
      return;
    }
    const nowMs = this.#effects.clock.monotonicMs();
    const row = rowOf(slot, answer.hsdir);
    if (row !== null && row.inFlight !== null) this.#answerTimes.note(nowMs - row.inFlight.sinceMs);
    if (answer.accepted) {
      const next = accepted(slot, answer.hsdir, nowMs, answer.atMs);
      this.#board.replace(next);
      this.#counters.trusted();
      // By the first acceptance: with one HSDir down for good the descriptor is never complete, and still held.
      if (this.#readBackAtMs === Infinity) this.#readBackAtMs = nowMs + this.#refreshIntervalMs;
      const { hsdir_min_accepted: enough } = this.#options.config.publish;
      if (isPublished(next, enough) && !isPublished(slot, enough)) this.#published(answer.atMs);
      if (isComplete(next) && !isComplete(slot)) this.#completed(next, answer.atMs);
    } else {
      const reason = answer.reason ?? 'UNKNOWN';
      this.#board.replace(failed(slot, answer.hsdir, reason, nowMs, this.#retryPolicy()));
      if (reason === COUNTER_REFUSED) this.#refused(slot, nowMs);
    }
    // It may be the late answer to an upload that was given up, and speak of an older version.
    if (row?.reason === NO_ANSWER && slot.timePeriod === this.#board.clients?.timePeriod)
      this.#readBackAtMs = nowMs;
    this.#options.poke();
  }

  /** Does what is due now. */
  step(nowMs: number): StepOutcome {
    this.#board.expire(nowMs, this.#retryPolicy());
    if (this.#inputs.tor?.state !== 'up') this.#board.dropFlights();
    this.#planWhenDue(nowMs);
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
    if (this.#planned === null) return wait('the ring of HSDirs is being computed');
    const { relays } = this.#planned;
    const offer = this.#offers.current(this.#inputs, relays, nowMs, this.#effects.clock.wallMs());
    if (offer.value.contributions.length === 0) return wait('no node has an introduction point');

    const held = this.#held(offer, nowMs);
    if (held !== null) return held;

    const buildAtMs = this.#buildAt(offer, nowMs);
    if (buildAtMs !== null && buildAtMs <= nowMs) this.#build(this.#planned, offer, nowMs);
    const answersAtMs = this.#upload(nowMs);
    this.#readBackWhenDue(nowMs);
    const wakeAtMs = [
      buildAtMs,
      answersAtMs,
      this.#republishAtMs,
      this.#readBackAtMs,
      this.#confirmedUntilMs(),
      this.#planned === this.#inputs.network ? null : this.#afterFailureMs,
    ]
      .filter((at): at is number => at !== null && Number.isFinite(at) && at > nowMs)
      .reduce<number | null>((a, b) => earlier(a, b), null);
    return { verdict: this.#verdict(), wakeAtMs };
  }

  get #refreshIntervalMs(): number {
    return this.#options.config.publish.refresh_interval_secs * 1000;
  }

  /** After so long a silence that nobody explains another node takes the lease. */
  get #takeOverMs(): number {
    const { coordination, publish } = this.#options.config;
    return (coordination.heartbeat_timeout_secs + publish.takeover_grace_secs) * 1000;
  }

  /** While a node that fell silent may publish by itself, what the HSDirs hold is checked more often. */
  #readBackIntervalMs(nowMs: number): number {
    const isRecent = nowMs - this.#lossAtMs < 2 * this.#takeOverMs;
    const soonMs = Math.max(SHORTEST_LOOK_AGAIN_MS, this.#takeOverMs / 2);
    return isRecent ? Math.min(soonMs, this.#refreshIntervalMs) : this.#refreshIntervalMs;
  }

  #noteLoss({ absent }: RoleView): void {
    const before = new Set(this.#inputs.role?.absent.map(({ id }) => id));
    if (absent.every(({ id }) => before.has(id))) return;
    const nowMs = this.#effects.clock.monotonicMs();
    this.#lossAtMs = nowMs;
    if (this.#readBackAtMs === Infinity) return;
    this.#readBackAtMs = Math.min(this.#readBackAtMs, nowMs + this.#readBackIntervalMs(nowMs));
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
      lastOffer: this.#lastBuild?.offer ?? null,
      clients,
      socks: this.#inputs.tor?.socks ?? null,
    });
    if (!hold.open) {
      return { verdict: { type: 'WITHHOLD', reason: `withheld: ${hold.reason}` }, wakeAtMs: hold.dueMs };
    }
    if (hold.passed !== null) this.#counters.outrun(clients.timePeriod, hold.passed.n);
    return null;
  }

  #retryPolicy(): RetryPolicy {
    const { publish, resilience } = this.#options.config;
    return {
      minAccepted: publish.hsdir_min_accepted,
      maxRetries: resilience.hsdir_max_retries,
      restMs: this.#refreshIntervalMs,
      jitter: () => this.#effects.random.uniform(),
    };
  }

  #standBy(): void {
    this.#withholding.reset();
    if (this.#lastBuild === null && this.#board.isEmpty) return;
    this.#lastBuild = null;
    this.#board.forgetVersions();
    this.#republishAtMs = Infinity;
    this.#readBackAtMs = Infinity;
  }

  // — the ring —

  #planWhenDue(nowMs: number): void {
    const { network } = this.#inputs;
    if (network === null || this.#planned === network) return;
    if (this.#busy.planning || nowMs < this.#afterFailureMs) return;
    this.#background('planning', 'the ring of HSDirs could not be computed', async () => {
      const plan = await this.#effects.plan(network);
      this.#planned = network;
      const before = this.#board.clients?.timePeriod;
      this.#board.replan(plan, network.hsDirParams.periodLength);
      if (this.#board.clients?.timePeriod !== before) this.#clientsMoved();
      this.#counters.forgetFarFrom(plan.first.timePeriod);
    });
  }

  /** Nobody could be asked for the descriptor that clients fetch from now on: it is looked at before it is doubted. */
  #clientsMoved(): void {
    this.#clientsMovedAtMs = this.#effects.clock.monotonicMs();
    if (this.#readBackAtMs !== Infinity) this.#readBackAtMs = this.#clientsMovedAtMs;
  }

  /** Runs one of the three things that take time, and steps again when it is over. */
  #background(what: BackgroundWork, complaint: string, work: () => Promise<void>): void {
    this.#busy[what] = true;
    work()
      .catch((error: unknown) => {
        this.#effects.log.error(complaint, { reason: String(error) });
        if (what === 'building') this.#lastBuild = null;
        this.#afterFailureMs = this.#effects.clock.monotonicMs() + AFTER_FAILURE_MS;
      })
      .finally(() => {
        this.#busy[what] = false;
        if (what === 'building') this.#recounting = new Set();
        this.#options.poke();
      });
  }

  // — building —

  #refreshDue(nowMs: number): boolean {
    const unconfirmedAtMs = this.#confirmedUntilMs();
    const ranOut =
      unconfirmedAtMs !== null &&
      nowMs >= unconfirmedAtMs &&
      nowMs - (this.#lastBuild?.atMs ?? 0) >= EMERGENCY_PAUSE_MS;
    return this.#refreshWanted || nowMs >= this.#republishAtMs || ranOut;
  }

  #buildAt(offer: CurrentOffer, nowMs: number): number | null {
    if (this.#busy.building) return null;
    const at = buildDue({
      nowMs,
      offer: offer.value,
      offerKey: offer.key,
      offerChangedAtMs: offer.changedAtMs,
      lastBuild: this.#lastBuild,
      missing: this.#board.lacksVersion,
      refresh: this.#refreshDue(nowMs),
      recount: this.#counters.recountWanted,
    });
    return at === null ? null : Math.max(at, this.#afterFailureMs);
  }

  #build(network: NetworkView, offer: CurrentOffer, nowMs: number): void {
    const refresh = this.#refreshDue(nowMs);
    if (refresh) this.#serial++;
    this.#refreshWanted = false;
    const recount = this.#counters.takeRecount();
    this.#recounting = recount;
    this.#lastBuild = { atMs: nowMs, offerKey: offer.key, offer: offer.value };
    this.#background('building', 'the descriptors could not be built', async () => {
      const versions = await prepare(this.#effects, {
        slots: this.#board.slots,
        offer: offer.value,
        network,
        fence: this.#counters.fence,
        serial: this.#serial,
        recount,
        nextVersionId: ++this.#versions,
        cause: refresh
          ? { kind: 'repetition', atMs: this.#effects.clock.wallMs() }
          : { kind: 'change', atMs: this.#latestCause(offer) },
      });
      if (versions.size === 0) return;
      this.#board.adopt(versions);
      this.#counters.raise([...versions].map(([timePeriod, { n }]) => ({ timePeriod, n })));
      this.#republishAtMs = nowMs + between(this.#effects.random, REPUBLISH_MIN_MS, REPUBLISH_MAX_MS);
      // Before anything is sent: whoever starts after a crash must not use the same n again.
      this.#save();
    });
  }

  /** Wall clock (ms) of whatever made this build due: points, a rotation, or the lease. */
  #latestCause(offer: CurrentOffer): number {
    const rotation = this.#board.lacksVersion ? this.#networkArrivedAtMs : 0;
    return Math.max(offer.causedAtMs, rotation, this.#inputs.role?.sinceMs ?? 0);
  }

  // — uploading —

  /** Sends what is due; returns when the next answer or retry is. */
  #upload(nowMs: number): number | null {
    const { slots, clientsUse, orphaned } = this.#board;
    const isOutrun = ({ timePeriod }: Slot): boolean =>
      this.#counters.isOutrun(timePeriod) || this.#recounting.has(timePeriod);
    const sendable = slots.map((slot) => (isOutrun(slot) ? { ...slot, version: null } : slot));
    const due = uploadsDue({ slots: sendable, clientsUse, orphaned }, nowMs);
    const untilMs = nowMs + this.#answerTimes.deadlineMs;
    for (const upload of due.uploads) {
      this.#board.replace(
        sent(upload.slot, new Set(upload.hsdirs), { version: upload.version, sinceMs: nowMs, untilMs }),
      );
      this.#effects.upload(upload).catch((error: unknown) => {
        this.#notSent(upload, error);
      });
    }
    return due.uploads.length > 0 ? earlier(due.wakeAtMs, untilMs) : due.wakeAtMs;
  }

  /** Tor did not take the order: none of its HSDirs will answer. */
  #notSent({ slot: { timePeriod }, version, hsdirs }: DueUpload, error: unknown): void {
    const slot = this.#board.ofPeriod(timePeriod);
    const waiting = hsdirs.filter((hsdir) => slot && rowOf(slot, hsdir)?.inFlight?.version === version);
    if (slot !== null && error instanceof RbError && !TOR_GONE.has(error.code)) {
      this.#effects.log.warn('Tor refused to upload a descriptor', { descriptor: slot.which }, error.data);
      const nowMs = this.#effects.clock.monotonicMs();
      const refused = (one: Slot, hsdir: (typeof hsdirs)[number]): Slot =>
        failed(one, hsdir, error.code, nowMs, this.#retryPolicy());
      this.#board.replace(waiting.reduce(refused, slot));
      this.#options.poke();
      return;
    }
    if (slot !== null) this.#board.replace(withoutFlights(slot, new Set(waiting)));
    // Its status fact will tell that Tor is gone, and the step then waits for it.
    this.#effects.clock.after(1_000, this.#options.poke);
  }

  /** Not by completeness: with one HSDir down for good a descriptor is never complete, and still published. */
  #published(wallMs: number): void {
    this.#lastPublishMs = wallMs;
    this.#save();
  }

  #completed(slot: Slot, wallMs: number): void {
    const { version } = slot;
    if (version === null) return;
    const nowMs = this.#effects.clock.monotonicMs();
    this.#readBackAtMs = nowMs + this.#readBackIntervalMs(nowMs);
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
    if (slot.timePeriod === this.#board.clients?.timePeriod) this.#readBackAtMs = nowMs;
  }

  // — what the HSDirs hold —

  /** When the newest confirmation of the clients' descriptor becomes too old. */
  #confirmedUntilMs(): number | null {
    const held =
      this.#board.clients?.rows.flatMap((row) => (row.held === null ? [] : [row.held.confirmedAtMs])) ?? [];
    if (held.length === 0) return null;
    return (
      Math.max(this.#clientsMovedAtMs, ...held) + this.#options.config.health.descriptor_max_age_secs * 1000
    );
  }

  #readBackWhenDue(nowMs: number): void {
    const slot = this.#board.clients;
    if (slot === null || this.#busy.reading || nowMs < this.#readBackAtMs) return;
    this.#readBackAtMs = nowMs + this.#readBackIntervalMs(nowMs);
    this.#background('reading', 'the HSDirs could not be asked what they hold', async () => {
      for (const finding of await readBack(this.#effects, slot)) this.#found(slot, finding);
    });
  }

  #found(asked: Slot, finding: Finding): void {
    const { timePeriod } = asked;
    const slot = this.#board.ofPeriod(timePeriod);
    // Reading takes seconds: what was uploaded meanwhile would look like somebody else's, or like a loss.
    if (slot === null || slot.version !== asked.version) return;
    if (rowOf(slot, finding.hsdir) !== rowOf(asked, finding.hsdir)) return;
    switch (finding.kind) {
      case 'silent':
        return;
      case 'same':
        this.#board.replace(confirmed(slot, finding.hsdir, this.#effects.clock.monotonicMs()));
        return;
      case 'missing':
      case 'older':
        this.#board.replace(lost(slot, finding.hsdir, finding.kind === 'missing' ? 'NOT_FOUND' : 'STALE'));
        return;
      case 'foreign':
        this.#effects.log.warn('an HSDir holds a descriptor of this address that this node did not make', {
          descriptor: slot.which,
          counterKnown: finding.n !== null,
        });
        this.#board.replace(lost(slot, finding.hsdir, 'FOREIGN'));
        // Who is out of contact may publish with more introduction points than we have.
        if (this.#isSomebodyAbsent) this.#withholding.conflict(this.#effects.clock.monotonicMs());
        else this.#counters.outrun(timePeriod, finding.n);
    }
  }

  #verdict(): Verdict | null {
    if (this.#board.isEmpty) return null;
    if (this.#board.isComplete) return { type: 'COMPLETE' };
    if (this.#board.isUploading || this.#busy.building) return { type: 'UPLOAD' };
    const lacking = String(this.#board.incomplete);
    return { type: 'DEGRADE', reason: `${lacking} of 2 descriptors are not on every responsible HSDir` };
  }
}
