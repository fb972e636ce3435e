import type { OnionAddress, RelayFingerprint, TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import { relayIdentity } from '@rustbalance/crypto-worker/link-specifiers.js';
import type { DecodedDescriptor, PublicationPlan } from '@rustbalance/crypto-worker/task-types.js';
import { errorData, RbError } from '../kernel/errors.js';
import { earlier } from '../kernel/level-trigger.js';
import type { Logger } from '../kernel/logging.js';
import { CircuitTable } from './circuit-table.js';
import type { CircEvent, CircMinorEvent } from './control/events.js';
import type { HsDescEvent } from './control/hs-desc-event.js';
import type { CircuitStatus } from './control/info.js';
import {
  choosePoints,
  difference,
  onlyPeriods,
  relayOf,
  sameContent,
  withReading,
  type Readings,
} from './intro-point-view.js';
import type { OwnIntroductionPoints } from './messages.js';
import { fetchDue, getInfoDue, type ReadHistory } from './read-schedule.js';
import { whichPoints, type WhichPoints } from './which-points.js';

export interface OwnPointsEffects {
  readonly log: Logger;
  readonly instance: OnionAddress;
  readonly pollMs: number;
  /** desc_current as GETINFO shows it; null while there is none. */
  readOwn(): Promise<Uint8Array | null>;
  /** What one HSDir holds of the instance's address. */
  fetchOwn(hsdir: RelayFingerprint): Promise<Uint8Array | null>;
  decode(
    descriptor: Uint8Array,
    which: WhichPoints,
  ): Promise<{ ok: true; value: DecodedDescriptor } | { ok: false; detail: string }>;
  /**
   * When Tor made the clients' descriptor (wall ms), which its revision counter tells; null when that cannot be found
   * out.
   */
  bornAtMs(descriptor: DecodedDescriptor, which: WhichPoints): Promise<number | null>;
  /** Uniform choice of `count` of the HSDirs. */
  sample(hsdirs: readonly RelayFingerprint[], count: number): readonly RelayFingerprint[];
  publish(points: OwnIntroductionPoints): void;
  wallMs(): number;
  monotonicMs(): number;
  poke(): void;
}

/**
 * HSDirs go on holding what a Tor uploaded before it died. Such a descriptor names keys that nobody has any more, and
 * looks alive when a new point happens to be on a relay of an old one (the rule on a small network). After a Tor began
 * without circuits only younger descriptors count; should dating fail (the clock was set back), this ends it.
 */
const DISTRUST_FOR_MS = 60_000;
/** Counters have whole seconds. */
const DATING_TOLERANCE_MS = 1_000;

/**
 * How long the clients' period is waited for before points of the neighbouring one are published instead: a second
 * publication right after the first would have to wait for its turn.
 */
const STAND_IN_AFTER_MS = 2_500;

/** HSDirs that are asked for desc_next at once: one may be down or may have missed the last upload. */
const FETCHES_AT_ONCE = 3;

const NOTHING: Omit<OwnIntroductionPoints, 'causedAtMs'> = {
  points: [],
  timePeriod: null,
  create2Formats: [],
  flowControl: null,
};

/**
 * The instance's introduction points that live and may be published. Established circuits say what lives, the
 * descriptors of the instance say which keys belong to it; both are needed, and each may come first.
 */
export class OwnPoints {
  readonly #effects: OwnPointsEffects;
  readonly #circuits: CircuitTable;
  #readings: Readings = new Map();
  #which: WhichPoints | null = null;
  #phaseChangedAtMs: number | null = null;
  #published: OwnIntroductionPoints | null = null;
  /** True once the circuits of this connection are known. */
  #active = false;
  #session = 0;
  #history: ReadHistory = {
    eventAtMs: null,
    changedAtMs: null,
    lastGetInfoAtMs: null,
    lastFetchAtMs: null,
    haveClientsPeriod: false,
  };
  /** Since when this Tor has had circuits at all, if it began without; older descriptors are of a dead Tor. */
  #born: { readonly wallMs: number; readonly monotonicMs: number } | null = null;
  /** Since when only a stand-in could be published. */
  #standInSinceMs: number | null = null;
  #lastOwn: { readonly bytes: Uint8Array; readonly which: WhichPoints } | null = null;
  #readingOwn = false;
  #fetching = 0;
  /** HSDirs that just took an upload of the instance's descriptor: they hold the newest. */
  #uploadedTo: RelayFingerprint[] = [];

  constructor(effects: OwnPointsEffects) {
    this.#effects = effects;
    this.#circuits = new CircuitTable(effects.instance);
  }

  /** Live points of the last publication. */
  get live(): number {
    return this.#published?.points.length ?? 0;
  }

  /** The relays that serve them. */
  get relays(): readonly RelayFingerprint[] {
    const points = this.#published?.points ?? [];
    return points.flatMap(({ linkSpecifiers }) => relayIdentity(linkSpecifiers)?.fingerprint ?? []);
  }

  /** Established introduction circuits of both descriptors. */
  get circuits(): number {
    return this.#circuits.size;
  }

  /** A new connection: subscribed already, these are the circuits that Tor has. */
  begin(circuits: readonly CircuitStatus[]): void {
    this.#session++;
    this.#circuits.load(circuits);
    this.#active = true;
    this.#born =
      this.#circuits.size > 0
        ? null
        : { wallMs: this.#effects.wallMs(), monotonicMs: this.#effects.monotonicMs() };
    this.#standInSinceMs = null;
    this.#lastOwn = null;
    this.#readingOwn = false;
    this.#fetching = 0;
    this.#uploadedTo = [];
    this.#history = { ...this.#history, lastGetInfoAtMs: null, lastFetchAtMs: null };
    this.#changeExpected();
    this.#tell(false);
  }

  /** Tor loads the service anew: no key that was read before will ever be used again. */
  renewed(): void {
    this.#session++;
    this.#readings = new Map();
    this.#born = { wallMs: this.#effects.wallMs(), monotonicMs: this.#effects.monotonicMs() };
    this.#lastOwn = null;
    this.#readingOwn = false;
    this.#fetching = 0;
    this.#uploadedTo = [];
    this.#history = { ...this.#history, haveClientsPeriod: false, lastFetchAtMs: null };
    this.#changeExpected();
  }

  /** The connection is lost; Tor and its circuits may live. */
  end(): void {
    this.#session++;
    this.#active = false;
  }

  /** Tor is gone, and every circuit with it. `atMs`: wall clock of the sign of it. */
  gone(atMs: number): void {
    this.end();
    this.#circuits.clear();
    this.#readings = new Map();
    this.#history = { ...this.#history, haveClientsPeriod: false };
    if (this.#published !== null && this.#published.points.length === 0) return;
    this.#publish(NOTHING, atMs);
  }

  /** The plan of the newest consensus. */
  planned(plan: PublicationPlan, causedAtMs: number): void {
    const which = whichPoints(plan);
    const before = this.#which;
    this.#which = which;
    this.#readings = onlyPeriods(this.#readings, which.candidates);
    if (
      before?.clientsPeriod !== which.clientsPeriod ||
      (before.fetchFrom === null) !== (which.fetchFrom === null)
    ) {
      this.#phaseChangedAtMs = causedAtMs;
      this.#history = { ...this.#history, lastFetchAtMs: null };
      this.#effects.log.debug('the descriptor that clients use', {
        timePeriod: which.clientsPeriod,
        source: which.fetchFrom === null ? 'GETINFO' : 'HSDirs',
      });
    }
    this.#changeExpected();
    this.#tell(false);
  }

  circuitEvent(event: CircEvent | CircMinorEvent): void {
    const atMs = this.#effects.wallMs();
    const change = this.#circuits.apply(event, atMs);
    if (change === null) return;
    this.#effects.log.debug(`introduction circuit ${change.kind}`, {
      relay: change.relay,
      circuits: this.circuits,
    });
    this.#changeExpected();
    this.#tell(true);
  }

  /** HS_DESC events of the instance's own address. */
  descriptorEvent(event: HsDescEvent): void {
    if (event.address !== this.#effects.instance) return;
    if (event.action === 'CREATED') this.#changeExpected();
    const hsdir = event.hsDir?.fingerprint ?? null;
    if (event.action !== 'UPLOADED' || hsdir === null || this.#which?.fetchFrom?.includes(hsdir) !== true)
      return;
    if (!this.#uploadedTo.includes(hsdir)) this.#uploadedTo.push(hsdir);
    this.#effects.poke();
  }

  step(nowMs: number): number | null {
    const which = this.#which;
    if (!this.#active || which === null) return null;
    let wakeAtMs: number | null = null;
    if (this.#standInSinceMs !== null) {
      const due = this.#standInSinceMs + STAND_IN_AFTER_MS;
      if (due <= nowMs) this.#tell(false);
      else wakeAtMs = due;
    }
    if (!this.#readingOwn) {
      const due = getInfoDue(this.#history, this.#effects.pollMs);
      if (due <= nowMs) this.#readOwn(which, nowMs);
      else wakeAtMs = earlier(wakeAtMs, due);
    }
    if (which.fetchFrom !== null && this.#fetching === 0) {
      const due = this.#uploadedTo.length > 0 ? nowMs : fetchDue(this.#history, this.#effects.pollMs);
      if (due <= nowMs) this.#fetchOwn(which, which.fetchFrom, nowMs);
      else wakeAtMs = earlier(wakeAtMs, due);
    }
    return wakeAtMs;
  }

  #changeExpected(): void {
    this.#history = { ...this.#history, eventAtMs: this.#effects.monotonicMs() };
    this.#effects.poke();
  }

  #readOwn(which: WhichPoints, nowMs: number): void {
    const session = this.#session;
    this.#readingOwn = true;
    this.#history = { ...this.#history, lastGetInfoAtMs: nowMs };
    void this.#effects
      .readOwn()
      .then(async (bytes) => {
        if (bytes === null || session !== this.#session) return;
        const last = this.#lastOwn;
        if (last?.which === which && Buffer.compare(last.bytes, bytes) === 0) return;
        await this.#take(bytes, which, true);
        this.#lastOwn = { bytes, which };
      })
      .catch((error: unknown) => this.#explain(error))
      .finally(() => {
        if (session !== this.#session) return;
        this.#readingOwn = false;
        this.#effects.poke();
      });
  }

  /** From those that have just been uploaded to, else from some of the ring. */
  #fetchOwn(which: WhichPoints, ring: readonly RelayFingerprint[], nowMs: number): void {
    const session = this.#session;
    const fresh = this.#uploadedTo.splice(0, this.#uploadedTo.length).slice(0, FETCHES_AT_ONCE);
    const hsdirs = fresh.length > 0 ? fresh : this.#effects.sample(ring, FETCHES_AT_ONCE);
    this.#history = { ...this.#history, lastFetchAtMs: nowMs };
    this.#fetching = hsdirs.length;
    for (const hsdir of hsdirs) {
      void this.#effects
        .fetchOwn(hsdir)
        .then(async (bytes) => {
          if (bytes !== null && session === this.#session) await this.#take(bytes, which, false);
        })
        .catch((error: unknown) => this.#explain(error))
        .finally(() => {
          if (session !== this.#session) return;
          this.#fetching--;
          this.#effects.poke();
        });
    }
  }

  async #take(bytes: Uint8Array, which: WhichPoints, fromTorItself: boolean): Promise<void> {
    const session = this.#session;
    const decoded = await this.#effects.decode(bytes, which);
    if (session !== this.#session) return;
    if (!decoded.ok) {
      const error = errorData('tor.own-descriptor-unusable', 'instance', { problem: decoded.detail });
      // Around a rotation an HSDir may still hold a period that is over.
      this.#effects.log.debug('own descriptor not used', { problem: error.what });
      return;
    }
    const reading = decoded.value;
    if (!fromTorItself && (await this.#isOfDeadTor(reading, which))) return;
    if (session !== this.#session) return;
    const known = this.#readings.get(reading.timePeriod)?.introductionPoints ?? [];
    this.#readings = withReading(this.#readings, reading, fromTorItself);
    const now = this.#readings.get(reading.timePeriod)?.introductionPoints ?? [];
    const { added, removed } = difference(known, now);
    const clientsPeriod = this.#which?.clientsPeriod;
    if (reading.timePeriod === clientsPeriod) {
      const changed = added.length + removed.length > 0;
      this.#history = {
        ...this.#history,
        haveClientsPeriod: true,
        changedAtMs: changed ? this.#effects.monotonicMs() : this.#history.changedAtMs,
      };
    }
    this.#tell(false);
  }

  /** Was this fetched descriptor made before the Tor that runs now had any circuit? */
  async #isOfDeadTor(reading: DecodedDescriptor, which: WhichPoints): Promise<boolean> {
    const born = this.#born;
    if (born === null || this.#effects.monotonicMs() - born.monotonicMs > DISTRUST_FOR_MS) return false;
    if (reading.timePeriod !== which.clientsPeriod) return true;
    const madeAtMs = await this.#effects.bornAtMs(reading, which);
    return madeAtMs === null || madeAtMs < born.wallMs - DATING_TOLERANCE_MS;
  }

  #explain(error: unknown): void {
    if (error instanceof RbError && error.code !== 'control.closed') {
      this.#effects.log.debug('own descriptor not read', { problem: error.data.what });
    }
  }

  /** Publishes what can be said now, if it says something new. */
  #tell(circuitsChanged: boolean): void {
    if (!this.#active) return;
    if (this.#circuits.size === 0) {
      // Only the circuits themselves say that nothing lives; unread descriptors do not.
      if (this.#published === null || this.#published.points.length > 0) {
        this.#publish(NOTHING, this.#circuits.lastLossAtMs ?? this.#effects.wallMs());
      }
      return;
    }
    const which = this.#which;
    if (which === null) return;
    const chosen = choosePoints(this.#readings, which.clientsPeriod, (relay) => this.#circuits.isLive(relay));
    if (chosen === null) {
      const allLost = circuitsChanged && this.#published !== null && this.#published.points.length > 0;
      if (allLost && this.#readings.size > 0) this.#publish(NOTHING, this.#effects.wallMs());
      return;
    }
    const { reading, points } = chosen;
    if (!this.#mayStandIn(reading.timePeriod === which.clientsPeriod, reading.timePeriod)) return;
    const { timePeriod, create2Formats, flowControl } = reading;
    const said = { points, timePeriod, create2Formats, flowControl };
    if (this.#published !== null && sameContent(this.#published, said)) return;
    this.#publish(said, this.#causeOf(said));
  }

  /** Points of a neighbouring period are published only when those of the right one do not come. */
  #mayStandIn(isClientsPeriod: boolean, period: TimePeriodNumber): boolean {
    const isPublished = this.#published?.timePeriod === period && this.#published.points.length > 0;
    if (isClientsPeriod || isPublished) {
      this.#standInSinceMs = null;
      return true;
    }
    const nowMs = this.#effects.monotonicMs();
    this.#standInSinceMs ??= nowMs;
    return nowMs - this.#standInSinceMs >= STAND_IN_AFTER_MS;
  }

  /** When the newest of the events happened that this change comes from, wall clock. */
  #causeOf(said: Omit<OwnIntroductionPoints, 'causedAtMs'>): number {
    const { added, removed } = difference(this.#published?.points ?? [], said.points);
    const causes = added.map((point) => {
      const relay = relayOf(point);
      return relay === null ? null : this.#circuits.establishedAtMs(relay);
    });
    if (removed.length > 0) causes.push(this.#circuits.lastLossAtMs);
    if (this.#published?.timePeriod !== said.timePeriod) causes.push(this.#phaseChangedAtMs);
    const known = causes.filter((cause) => cause !== null);
    return known.length === 0 ? this.#effects.wallMs() : Math.max(...known);
  }

  #publish(said: Omit<OwnIntroductionPoints, 'causedAtMs'>, causedAtMs: number): void {
    this.#published = { ...said, causedAtMs };
    this.#effects.log.info('introduction points of this node', {
      alive: said.points.length,
      circuits: this.circuits,
      timePeriod: said.timePeriod,
    });
    this.#effects.publish(this.#published);
  }
}
