import type {
  RelayFingerprint,
  TimePeriodLength,
  TimePeriodNumber,
} from '@rustbalance/crypto-worker/brands.js';
import type { PublicationPlan } from '@rustbalance/crypto-worker/task-types.js';
import { expired, isComplete, replanned, withoutFlights } from './slot.js';
import type { RetryPolicy, Slot, Version } from './slot.js';

/** Both descriptors' slots, and which of them clients fetch. */
export class SlotBoard {
  #slots: readonly Slot[] = [];
  #clientsUse: Slot['which'] = 'first';
  /**
   * Uploads under way of descriptors that are no longer planned, by HSDir and end of the wait. Their answers still come, and
   * would be taken for another descriptor's if the HSDir were sent one meanwhile.
   */
  #orphaned: ReadonlyMap<RelayFingerprint, number> = new Map();

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  get clientsUse(): Slot['which'] {
    return this.#clientsUse;
  }

  /** The slot of the descriptor that clients fetch now. */
  get clients(): Slot | null {
    return this.#slots.find(({ which }) => which === this.#clientsUse) ?? null;
  }

  replan(plan: PublicationPlan, periodLength: TimePeriodLength): void {
    const before = new Map(this.#slots.map((slot) => [slot.timePeriod, slot]));
    this.#clientsUse = plan.clientsUse;
    this.#replaceAll(
      [plan.first, plan.second].map((one) =>
        replanned(before.get(one.timePeriod) ?? null, one, periodLength),
      ),
    );
  }

  #replaceAll(slots: readonly Slot[]): void {
    const flights = (of: readonly Slot[]): Map<RelayFingerprint, number> =>
      new Map(
        of.flatMap(({ rows }) =>
          rows.flatMap(({ fingerprint, inFlight }) =>
            inFlight === null ? [] : [[fingerprint, inFlight.untilMs] as const],
          ),
        ),
      );
    const kept = flights(slots);
    const lost = [...flights(this.#slots)].filter(([fingerprint]) => !kept.has(fingerprint));
    this.#orphaned = new Map([...this.#orphaned, ...lost]);
    this.#slots = slots;
  }

  /** HSDirs that must not be sent anything yet, though no slot awaits their answer. */
  get orphaned(): ReadonlyMap<RelayFingerprint, number> {
    return this.#orphaned;
  }

  /** An answer came that no slot awaits. */
  settleOrphan(hsdir: RelayFingerprint): void {
    this.#orphaned = new Map([...this.#orphaned].filter(([fingerprint]) => fingerprint !== hsdir));
  }

  replace(slot: Slot): void {
    this.#slots = this.#slots.map((one) => (one.timePeriod === slot.timePeriod ? slot : one));
  }

  ofPeriod(timePeriod: TimePeriodNumber): Slot | null {
    return this.#slots.find((slot) => slot.timePeriod === timePeriod) ?? null;
  }

  /** The slot whose upload to this HSDir is under way: at most one is. */
  awaiting(hsdir: RelayFingerprint): Slot | null {
    const waits = (slot: Slot): boolean =>
      slot.rows.some(({ fingerprint, inFlight }) => fingerprint === hsdir && inFlight !== null);
    return this.#slots.find(waits) ?? null;
  }

  adopt(versions: ReadonlyMap<TimePeriodNumber, Version>): void {
    this.#slots = this.#slots.map((slot) => ({
      ...slot,
      version: versions.get(slot.timePeriod) ?? slot.version,
    }));
  }

  expire(nowMs: number, policy: RetryPolicy): void {
    this.#slots = this.#slots.map((slot) => expired(slot, nowMs, policy));
    this.#orphaned = new Map([...this.#orphaned].filter(([, untilMs]) => nowMs < untilMs));
  }

  /** Forgets all uploads under way. */
  dropFlights(): void {
    this.#orphaned = new Map();
    this.#slots = this.#slots.map((slot) => withoutFlights(slot));
  }

  /** Another node publishes: what the HSDirs hold is no longer ours to know. */
  forgetVersions(): void {
    this.#replaceAll(this.#slots.map((slot) => replanned(null, slot.plan, slot.periodLength)));
  }

  get isEmpty(): boolean {
    return this.#slots.every(({ version }) => version === null);
  }

  get lacksVersion(): boolean {
    return this.#slots.some(({ version }) => version === null);
  }

  get isComplete(): boolean {
    return this.#slots.every(isComplete);
  }

  get isUploading(): boolean {
    return this.#slots.some(({ rows }) => rows.some(({ inFlight }) => inFlight !== null));
  }

  get incomplete(): number {
    return this.#slots.filter((slot) => !isComplete(slot)).length;
  }
}
