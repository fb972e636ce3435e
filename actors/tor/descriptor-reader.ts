import type { RelayFingerprint, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import type { DecodedDescriptor } from '@rustbalance/crypto-worker/task-types.js';
import { errorData, RbError } from '../kernel/errors.js';
import { earlier } from '../kernel/level-trigger.js';
import type { Logger } from '../kernel/logging.js';
import { fetchDue, getInfoDue, type ReadHistory } from './read-schedule.js';
import type { RunStart, WhichPoints } from './which-points.js';

export interface DescriptorReaderEffects {
  readonly log: Logger;
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
   * When Tor made a descriptor (wall ms), which its revision counter tells, if it counted from this run's start; null
   * when no time gives that counter.
   */
  bornAtMs(descriptor: DecodedDescriptor, srvRunStart: UnixSeconds): Promise<number | null>;
  /** Uniform choice of `count` of the HSDirs. */
  sample(hsdirs: readonly RelayFingerprint[], count: number): readonly RelayFingerprint[];
  /** Takes a reading; answers whether it lists other points than the one before. */
  took(reading: DecodedDescriptor, fromTorItself: boolean): boolean;
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

/** Two periods with two each are the most that a real network gives. */
const MOST_RUN_STARTS = 8;

/** HSDirs that are asked for desc_next at once: one may be down or may have missed the last upload. */
const FETCHES_AT_ONCE = 3;

const NOTHING_READ: ReadHistory = {
  eventAtMs: null,
  changedAtMs: null,
  lastGetInfoAtMs: null,
  lastFetchAtMs: null,
  haveClientsPeriod: false,
};

/** A moment, by both clocks. */
export interface Born {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Reads the instance's descriptors when something may have changed: desc_current by GETINFO, desc_next from HSDirs. */
export class DescriptorReader {
  readonly #effects: DescriptorReaderEffects;
  #which: WhichPoints | null = null;
  #active = false;
  /** What was begun in an earlier one is not taken any more. */
  #session = 0;
  #history = NOTHING_READ;
  /** The last event after which desc_next must be expected to change, monotonic ms. */
  #nextChangeAtMs: number | null = null;
  /** When the keys in use began; descriptors that were made earlier name others. Null where all may be trusted. */
  #born: Born | null = null;
  /**
   * Every run start that a consensus gave for a period. Tor takes it from its consensus when it makes a descriptor: the
   * first consensus of a young network may begin off the voting schedule (5 s seen), and so does its run.
   */
  #runStarts: readonly RunStart[] = [];
  #lastOwn: { readonly bytes: Uint8Array; readonly which: WhichPoints } | null = null;
  #readingOwn = false;
  #fetching = 0;
  /** HSDirs that just took an upload of the instance's descriptor: they hold the newest. */
  #uploadedTo: RelayFingerprint[] = [];

  constructor(effects: DescriptorReaderEffects) {
    this.#effects = effects;
  }

  /**
   * A new connection. `keysAreNew`: nothing that was uploaded before is of the Tor that runs now.
   * @param born when that Tor was started, where it is known
   */
  begin(keysAreNew: boolean, born: Born | null = null): void {
    this.#active = true;
    this.#born = null;
    this.#startOver();
    if (keysAreNew) this.keysAreNew();
    this.#born = born ?? this.#born;
    this.changeExpected();
  }

  /** All introduction points have new keys from now on. */
  keysAreNew(): void {
    this.#startOver();
    this.#born = { wallMs: this.#effects.wallMs(), monotonicMs: this.#effects.monotonicMs() };
    this.#history = { ...this.#history, haveClientsPeriod: false };
    this.changeExpected();
  }

  end(): void {
    this.#session++;
    this.#active = false;
  }

  /** The descriptor that clients use, by the newest consensus; `isOther`: another one than before. */
  planned(which: WhichPoints, isOther: boolean): void {
    this.#which = which;
    const known = this.#runStarts.filter(({ timePeriod }) => which.candidates.includes(timePeriod));
    const news = which.runStarts.filter(
      (start) =>
        !known.some(
          ({ timePeriod, srvRunStart }) =>
            timePeriod === start.timePeriod && srvRunStart === start.srvRunStart,
        ),
    );
    this.#runStarts = [...known, ...news].slice(-MOST_RUN_STARTS);
    if (isOther) {
      this.#history = { ...this.#history, lastFetchAtMs: null, haveClientsPeriod: false };
      this.changeExpected();
      return;
    }
    // A consensus that moves HSDirs makes Tor upload again, which is seen; asking the HSDirs at each would be in vain.
    this.#currentMayChange();
  }

  /** Something happened after which the descriptors change. */
  changeExpected(): void {
    this.#nextChangeAtMs = this.#effects.monotonicMs();
    this.#currentMayChange();
  }

  #currentMayChange(): void {
    this.#history = { ...this.#history, eventAtMs: this.#effects.monotonicMs() };
    this.#effects.poke();
  }

  /** Tor uploaded a descriptor of the instance to this HSDir. */
  uploaded(hsdir: RelayFingerprint): void {
    if (this.#which?.fetchFrom?.includes(hsdir) !== true) return;
    if (!this.#uploadedTo.includes(hsdir)) this.#uploadedTo.push(hsdir);
    this.#effects.poke();
  }

  step(nowMs: number): number | null {
    const which = this.#which;
    if (!this.#active || which === null) return null;
    let wakeAtMs: number | null = null;
    if (!this.#readingOwn) {
      const due = getInfoDue(this.#history, this.#effects.pollMs);
      if (due <= nowMs) this.#readOwn(which, nowMs);
      else wakeAtMs = due;
    }
    if (which.fetchFrom !== null && this.#fetching === 0) {
      const history = { ...this.#history, eventAtMs: this.#nextChangeAtMs };
      const due = this.#uploadedTo.length > 0 ? nowMs : fetchDue(history, this.#effects.pollMs);
      if (due <= nowMs) this.#fetchOwn(which, which.fetchFrom, nowMs);
      else wakeAtMs = earlier(wakeAtMs, due);
    }
    return wakeAtMs;
  }

  #startOver(): void {
    this.#session++;
    this.#lastOwn = null;
    this.#readingOwn = false;
    this.#fetching = 0;
    this.#uploadedTo = [];
    this.#history = { ...this.#history, lastGetInfoAtMs: null, lastFetchAtMs: null };
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
      // Around a rotation an HSDir may still hold a period that is over.
      const error = errorData('tor.own-descriptor-unusable', 'instance', { problem: decoded.detail });
      this.#effects.log.debug('own descriptor not used', { problem: error.what });
      return;
    }
    const reading = decoded.value;
    if (!fromTorItself && (await this.#isOfOldKeys(reading, which))) return;
    if (session !== this.#session) return;
    const changed = this.#effects.took(reading, fromTorItself);
    if (reading.timePeriod !== this.#which?.clientsPeriod) return;
    const changedAtMs = changed ? this.#effects.monotonicMs() : this.#history.changedAtMs;
    this.#history = { ...this.#history, haveClientsPeriod: true, changedAtMs };
  }

  /** Was this fetched descriptor made before the keys in use? */
  async #isOfOldKeys(reading: DecodedDescriptor, which: WhichPoints): Promise<boolean> {
    const born = this.#born;
    if (born === null || this.#effects.monotonicMs() - born.monotonicMs > DISTRUST_FOR_MS) return false;
    if (reading.timePeriod !== which.clientsPeriod) return true;
    const madeAtMs = await this.#madeAtMs(reading);
    const isOld = madeAtMs === null || madeAtMs < born.wallMs - DATING_TOLERANCE_MS;
    if (isOld) {
      this.#effects.log.debug('own descriptor of earlier keys not used', {
        madeBeforeSecs: madeAtMs === null ? null : (born.wallMs - madeAtMs) / 1000,
      });
    }
    return isOld;
  }

  /** The latest time that any of the known run starts gives. */
  async #madeAtMs(reading: DecodedDescriptor): Promise<number | null> {
    const starts = this.#runStarts.filter(({ timePeriod }) => timePeriod === reading.timePeriod);
    const times = await Promise.all(
      starts.map(({ srvRunStart }) => this.#effects.bornAtMs(reading, srvRunStart)),
    );
    const known = times.filter((time) => time !== null);
    return known.length === 0 ? null : Math.max(...known);
  }

  #explain(error: unknown): void {
    if (error instanceof RbError && error.code !== 'control.closed') {
      this.#effects.log.debug('own descriptor not read', { problem: error.data.what });
    }
  }
}
