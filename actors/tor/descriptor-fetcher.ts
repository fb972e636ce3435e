import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { CancelTimer, Clock } from '../kernel/clock.js';
import { rbError } from '../kernel/errors.js';
import type { HsDescContentEvent, HsDescEvent } from './control/hs-desc-event.js';

export interface Fetched {
  readonly descriptor: Uint8Array | null;
  /** Tor's REASON, NO_ANSWER when the HSDir stayed silent, or null when there is a descriptor. */
  readonly reason: string | null;
}

export interface FetcherOptions {
  readonly clock: Clock;
  /** Sends HSFETCH; rejects when Tor refuses it. */
  readonly send: (address: OnionAddress, hsdir: RelayFingerprint) => Promise<void>;
}

/** Answers took 0.1–0.3 s; an HSDir that is dead gives no event at all, so one in good health must not be missed. */
const ANSWER_DEADLINE_MS = 10_000;
/** The document follows a failure in the same write; this long at most for one that never comes. */
const CONTENT_DEADLINE_MS = 250;
/** Waiting for one HSDir; more means that nobody looks at the answers. */
const LONGEST_QUEUE = 8;

interface Job {
  readonly address: OnionAddress;
  readonly hsdir: RelayFingerprint;
  readonly deadlineMs: number;
  readonly settle: (fetched: Fetched) => void;
  readonly fail: (error: unknown) => void;
  reason: string | null;
  cancel: CancelTimer;
}

/**
 * Fetches from named HSDirs. Events name address and HSDir but not the command, so each HSDir is asked for one thing
 * at a time, and an answer that nobody waits for is dropped.
 */
export class DescriptorFetcher {
  readonly #options: FetcherOptions;
  readonly #queues = new Map<RelayFingerprint, Job[]>();

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /**
   * Rejects when Tor refuses the command, the connection ends, or too many wait for this HSDir.
   * `deadlineMs`: how long the HSDir may take once it is asked.
   */
  fetch(
    address: OnionAddress,
    hsdir: RelayFingerprint,
    deadlineMs: number = ANSWER_DEADLINE_MS,
  ): Promise<Fetched> {
    const queue = this.#queues.get(hsdir) ?? [];
    if (queue.length >= LONGEST_QUEUE) return Promise.reject(rbError('tor.fetch-overloaded', 'tor'));
    this.#queues.set(hsdir, queue);
    return new Promise((resolve, reject) => {
      queue.push({
        address,
        hsdir,
        deadlineMs,
        settle: resolve,
        fail: reject,
        reason: null,
        cancel: () => undefined,
      });
      if (queue.length === 1) this.#begin(queue);
    });
  }

  #begin(queue: Job[]): void {
    const [job] = queue;
    if (job === undefined) return;
    job.cancel = this.#options.clock.after(job.deadlineMs, () => {
      this.#finish(job, { descriptor: null, reason: 'NO_ANSWER' });
    });
    this.#options.send(job.address, job.hsdir).catch((error: unknown) => {
      if (this.#next(job)) job.fail(error);
    });
  }

  /** Takes a job out of its queue and begins the next; false when it is not the one under way. */
  #next(job: Job): boolean {
    const queue = this.#queues.get(job.hsdir);
    if (queue?.[0] !== job) return false;
    job.cancel();
    queue.shift();
    if (queue.length === 0) this.#queues.delete(job.hsdir);
    else this.#begin(queue);
    return true;
  }

  #finish(job: Job, fetched: Fetched): void {
    if (this.#next(job)) job.settle(fetched);
  }

  #underWay(address: OnionAddress | null, hsdir: RelayFingerprint | null): Job | null {
    if (address === null || hsdir === null) return null;
    const job = this.#queues.get(hsdir)?.[0];
    return job?.address === address ? job : null;
  }

  /** A failure. True when it belongs to a fetch of ours. */
  failed(event: HsDescEvent): boolean {
    const job = this.#underWay(event.address, event.hsDir?.fingerprint ?? null);
    if (job === null) return false;
    job.reason = event.reason ?? 'UNEXPECTED';
    job.cancel();
    job.cancel = this.#options.clock.after(CONTENT_DEADLINE_MS, () => {
      this.#finish(job, { descriptor: null, reason: job.reason });
    });
    return true;
  }

  content(event: HsDescContentEvent): void {
    const job = this.#underWay(event.address, event.hsDir?.fingerprint ?? null);
    if (job === null) return;
    const { descriptor } = event;
    this.#finish(job, {
      descriptor,
      reason: descriptor === null ? (job.reason ?? 'UNEXPECTED') : null,
    });
  }

  /** The connection ended: nobody will answer. */
  end(error: unknown): void {
    const jobs = [...this.#queues.values()].flat();
    this.#queues.clear();
    for (const job of jobs) {
      job.cancel();
      job.fail(error);
    }
  }
}
