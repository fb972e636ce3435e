import type { OnionAddress, RelayFingerprint, TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import { relayOf } from '@rustbalance/crypto-worker/link-specifiers.js';
import type { PublicationPlan } from '@rustbalance/crypto-worker/task-types.js';
import { earlier } from '../kernel/level-trigger.js';
import { CircuitTable } from './circuit-table.js';
import { DescriptorReader, type Born, type DescriptorReaderEffects } from './descriptor-reader.js';
import type { CircEvent, CircMinorEvent } from './control/events.js';
import type { HsDescEvent } from './control/hs-desc-event.js';
import type { CircuitStatus } from './control/info.js';
import {
  choosePoints,
  difference,
  onlyPeriods,
  sameContent,
  withReading,
  type Reading,
  type Readings,
  pointKey,
} from './intro-point-view.js';
import type { OwnIntroductionPoints } from './messages.js';
import { whichPoints, type WhichPoints } from './which-points.js';

export interface OwnPointsEffects extends Omit<DescriptorReaderEffects, 'took'> {
  readonly instance: OnionAddress;
  publish(points: OwnIntroductionPoints): void;
}

/** network: behind Tor it is gone, of which Tor does not know. stall: Tor builds no circuit. silence: Tor answers nothing. */
export type WithheldFor = 'network' | 'stall' | 'silence' | 'address';

/** Both descriptors of some rotations; older ones nobody takes for new. */
const KEPT_KEYS = 64;

/**
 * How long the clients' period is waited for before points of the neighbouring one are published instead: a second
 * publication right after the first would have to wait for its turn.
 */
const STAND_IN_AFTER_MS = 2_500;

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
  readonly #reader: DescriptorReader;
  #readings: Readings = new Map();
  #which: WhichPoints | null = null;
  #phaseChangedAtMs: number | null = null;
  #published: OwnIntroductionPoints | null = null;
  /** True once the circuits of this connection are known. */
  #active = false;
  /** Why circuits that look alive are taken to carry nothing; none while they carry. */
  readonly #withheld = new Set<WithheldFor>();
  /** When they were taken to carry again, wall clock. */
  #releasedAtMs = 0;
  /** When the last publication was made, wall clock. */
  #publishedAtMs = 0;
  /** Since when only a stand-in could be published. */
  #standInSinceMs: number | null = null;
  /** Auth keys of descriptors that were read of the Tor that runs, and of the one before it, newest first. */
  #read: ReadonlySet<string> = new Set();
  #dead: ReadonlySet<string> = new Set();
  /** When the Tor that is connected to next was started; null where that is not known. */
  #born: Born | null = null;

  constructor(effects: OwnPointsEffects) {
    this.#effects = effects;
    this.#circuits = new CircuitTable(effects.instance);
    this.#reader = new DescriptorReader({
      ...effects,
      took: (reading, fromTorItself) => this.#took(reading, fromTorItself),
    });
  }

  /** Live points of the last publication. */
  get live(): number {
    return this.#published?.points.length ?? 0;
  }

  /** The relays that serve them. */
  get relays(): readonly RelayFingerprint[] {
    const points = this.#published?.points ?? [];
    return points.flatMap((point) => relayOf(point) ?? []);
  }

  /** Established introduction circuits of both descriptors. */
  get circuits(): number {
    return this.#circuits.size;
  }

  /** A new connection: subscribed already, these are the circuits that Tor has. */
  begin(circuits: readonly CircuitStatus[]): void {
    this.#circuits.load(circuits);
    this.#active = true;
    this.#standInSinceMs = null;
    // A Tor without a circuit will make its points anew; what HSDirs hold is of one that died.
    this.#reader.begin(this.#born !== null || this.#circuits.size === 0, this.#born);
    this.#born = null;
    this.#tell(false);
  }

  /** Tor loads the service anew: no key that was read before will ever be used again. */
  renewed(): void {
    this.#readings = new Map();
    this.#reader.keysAreNew();
  }

  /** The connection is lost; Tor and its circuits may live. */
  end(): void {
    this.#active = false;
    this.#reader.end();
  }

  /** Another Tor is started: it may have circuits before anybody can ask it, to relays that served the last one, too. */
  startedAnew(): void {
    const { wallMs, monotonicMs } = this.#effects;
    this.#born = { wallMs: wallMs(), monotonicMs: monotonicMs() };
    this.gone(this.#born.wallMs);
    this.#dead = this.#read;
    this.#read = new Set();
  }

  /** Tor is gone, and every circuit with it. `atMs`: wall clock of the sign of it. */
  gone(atMs: number): void {
    this.end();
    this.#circuits.clear();
    this.#readings = new Map();
    if (this.#published !== null && this.#published.points.length === 0) return;
    this.#publish(NOTHING, atMs);
  }

  /** No client shall be sent to circuits of which Tor itself says that they live. */
  withhold(why: WithheldFor): void {
    this.#withheld.add(why);
    this.#tell(false);
  }

  /** That is over; `anew`: Tor has dropped all circuits, and tells of it later. */
  release(why: WithheldFor, anew = false): void {
    if (this.#withheld.delete(why) && this.#withheld.size === 0) this.#releasedAtMs = this.#effects.wallMs();
    if (anew) this.#circuits.clear();
    this.#tell(false);
  }

  /** The plan of the newest consensus. */
  planned(plan: PublicationPlan, causedAtMs: number): void {
    const which = whichPoints(plan);
    const before = this.#which;
    const isOther =
      before?.clientsPeriod !== which.clientsPeriod ||
      (before.fetchFrom === null) !== (which.fetchFrom === null);
    this.#which = which;
    this.#readings = onlyPeriods(this.#readings, which.candidates);
    if (isOther) {
      this.#phaseChangedAtMs = causedAtMs;
      this.#effects.log.debug('the descriptor that clients use', {
        timePeriod: which.clientsPeriod,
        source: which.fetchFrom === null ? 'GETINFO' : 'HSDirs',
      });
    }
    this.#reader.planned(which, isOther);
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
    this.#reader.changeExpected();
    this.#tell(true);
  }

  /** HS_DESC events of the instance's own address. */
  descriptorEvent(event: HsDescEvent): void {
    if (event.address !== this.#effects.instance) return;
    if (event.action === 'CREATED') this.#reader.changeExpected();
    const hsdir = event.hsDir?.fingerprint ?? null;
    if (event.action === 'UPLOADED' && hsdir !== null) this.#reader.uploaded(hsdir);
  }

  step(nowMs: number): number | null {
    if (!this.#active) return null;
    let standInAtMs: number | null = null;
    if (this.#standInSinceMs !== null) {
      standInAtMs = this.#standInSinceMs + STAND_IN_AFTER_MS;
      if (standInAtMs <= nowMs) {
        this.#tell(false);
        standInAtMs = null;
      }
    }
    return earlier(standInAtMs, this.#reader.step(nowMs));
  }

  #took(reading: Reading, fromTorItself: boolean): boolean {
    const keys = reading.introductionPoints.map(pointKey);
    // Dating alone leaves a second in which the last descriptor of the dead Tor passes for one of its successor.
    if (keys.some((key) => this.#dead.has(key))) return false;
    this.#read = new Set([...keys, ...this.#read].slice(0, KEPT_KEYS));
    const pointsOf = (): Reading['introductionPoints'] =>
      this.#readings.get(reading.timePeriod)?.introductionPoints ?? [];
    const known = pointsOf();
    this.#readings = withReading(this.#readings, reading, fromTorItself);
    const { added, removed } = difference(known, pointsOf());
    this.#tell(false);
    return added.length + removed.length > 0;
  }

  /** Publishes what can be said now, if it says something new. */
  #tell(circuitsChanged: boolean): void {
    if (!this.#active) return;
    if (this.#circuits.size === 0 || this.#withheld.size > 0) {
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

  /**
   * When the oldest of the events happened that this change comes from, wall clock: what came on top of it waited less. No
   * point could be told of before its period came and its circuits carried, however long it stood.
   */
  #causeOf(said: Omit<OwnIntroductionPoints, 'causedAtMs'>): number {
    const { added, removed } = difference(this.#published?.points ?? [], said.points);
    const turnedAtMs = this.#published?.timePeriod === said.timePeriod ? null : this.#phaseChangedAtMs;
    const possibleAtMs = Math.max(turnedAtMs ?? 0, this.#releasedAtMs);
    const causes = added.map((point) => {
      const relay = relayOf(point);
      const establishedAtMs = relay === null ? null : this.#circuits.establishedAtMs(relay);
      return establishedAtMs === null ? null : Math.max(establishedAtMs, possibleAtMs);
    });
    // A loss is told of at once, so an older one has nothing to do with a point that only the descriptor lacks.
    const { lastLossAtMs } = this.#circuits;
    if (removed.length > 0 && lastLossAtMs !== null && lastLossAtMs > this.#publishedAtMs)
      causes.push(lastLossAtMs);
    const known = causes.filter((cause) => cause !== null);
    return known.length === 0 ? (turnedAtMs ?? this.#effects.wallMs()) : Math.min(...known);
  }

  #publish(said: Omit<OwnIntroductionPoints, 'causedAtMs'>, causedAtMs: number): void {
    this.#published = { ...said, causedAtMs };
    this.#publishedAtMs = this.#effects.wallMs();
    this.#effects.log.info('introduction points of this node', {
      alive: said.points.length,
      circuits: this.circuits,
      timePeriod: said.timePeriod,
    });
    this.#effects.publish(this.#published);
  }
}
