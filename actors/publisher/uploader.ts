import { errorData, RbError } from '../kernel/errors.js';
import type { ErrorCode } from '../kernel/errors.js';
import { earlier } from '../kernel/level-trigger.js';
import type { UploadAnswer } from '../tor/messages.js';
import { AnswerTimes } from './answer-times.js';
import { refreshIntervalMs } from './setting.js';
import type { PublicationSetting } from './setting.js';
import {
  COUNTER_REFUSED,
  NO_ANSWER,
  accepted,
  acceptedCount,
  failed,
  isComplete,
  isGivenUp,
  isPublished,
  lost,
  overdue,
  rowOf,
  sent,
  withoutFlights,
} from './slot.js';
import type { RetryPolicy, Slot } from './slot.js';
import { uploadsDue } from './uploads-due.js';
import type { DueUpload } from './uploads-due.js';

/** What follows from the HSDirs' answers for the rest of a publication. */
export interface UploadListener {
  /** An HSDir took a descriptor. */
  accepted(nowMs: number): void;
  /** Enough HSDirs hold this descriptor now that clients find it. */
  published(wallMs: number): void;
  /** Every responsible HSDir holds this descriptor now. */
  completed(slot: Slot, wallMs: number): void;
  /** An HSDir holds a counter that is not below ours. */
  refused(slot: Slot, nowMs: number): void;
  /** What this slot's HSDirs hold is not as certain as their answers say. */
  doubtful(slot: Slot, nowMs: number): void;
}

/** Errors of an order that say nothing of the descriptor: it goes out again as soon as Tor is there. */
const TOR_GONE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'tor.not-up',
  'control.closed',
  'control.deadline',
  'message.deadline',
  'message.peer-died',
]);

/** Sends each HSDir what it is to hold, and takes the answers. */
export class Uploader {
  readonly #setting: PublicationSetting;
  readonly #listener: UploadListener;
  readonly #answerTimes = new AnswerTimes();
  #isGivenUp = false;

  constructor(setting: PublicationSetting, listener: UploadListener) {
    this.#setting = setting;
    this.#listener = listener;
  }

  /** Gives up what no answer will come for any more. */
  expire(nowMs: number): void {
    const { board, effects, hsdirs } = this.#setting;
    for (const fingerprint of board.slots.flatMap((slot) => overdue(slot, nowMs)))
      hsdirs.note(fingerprint, 'silent', NO_ANSWER, effects.clock.wallMs());
    board.expire(nowMs, this.#retryPolicy());
    this.#tellGivenUp();
  }

  /** Sends what is due; returns when the next answer or retry is. @param isStale its version would be refused */
  upload(nowMs: number, isStale: (slot: Slot) => boolean): number | null {
    const { board, effects } = this.#setting;
    const { slots, clientsUse, orphaned } = board;
    const sendable = slots.map((slot) => (isStale(slot) ? { ...slot, version: null } : slot));
    const due = uploadsDue({ slots: sendable, clientsUse, orphaned }, nowMs);
    const untilMs = nowMs + this.#answerTimes.deadlineMs;
    for (const upload of due.uploads) {
      board.replace(
        sent(upload.slot, new Set(upload.hsdirs), { version: upload.version, sinceMs: nowMs, untilMs }),
      );
      effects.upload(upload).catch((error: unknown) => {
        this.#notSent(upload, error);
      });
    }
    return due.uploads.length > 0 ? earlier(due.wakeAtMs, untilMs) : due.wakeAtMs;
  }

  /** One HSDir's answer to an upload. */
  answered(answer: UploadAnswer): void {
    const { board, config, effects, hsdirs } = this.#setting;
    hsdirs.note(answer.hsdir, answer.accepted ? 'accepted' : 'refused', answer.reason, answer.atMs);
    const slot = board.awaiting(answer.hsdir);
    if (slot === null) {
      board.settleOrphan(answer.hsdir);
      if (answer.accepted) this.#acceptedLate(answer.hsdir);
      return;
    }
    const nowMs = effects.clock.monotonicMs();
    const row = rowOf(slot, answer.hsdir);
    if (row !== null && row.inFlight !== null) this.#answerTimes.note(nowMs - row.inFlight.sinceMs);
    if (answer.accepted) {
      const next = accepted(slot, answer.hsdir, nowMs, answer.atMs);
      board.replace(next);
      this.#listener.accepted(nowMs);
      const { hsdir_min_accepted: enough } = config.publish;
      if (isPublished(next, enough) && !isPublished(slot, enough)) this.#listener.published(answer.atMs);
      if (isComplete(next) && !isComplete(slot)) this.#listener.completed(next, answer.atMs);
    } else {
      const reason = answer.reason ?? 'UNKNOWN';
      board.replace(failed(slot, answer.hsdir, reason, nowMs, this.#retryPolicy()));
      if (reason === COUNTER_REFUSED) this.#listener.refused(slot, nowMs);
      this.#tellGivenUp();
    }
    // It may be the late answer to an upload that was given up, and speak of an older version.
    if (row?.reason === NO_ANSWER) this.#listener.doubtful(slot, nowMs);
  }

  /**
   * An HSDir took what was given up for lost, perhaps after what it holds by our books had come to stand again: nobody can
   * tell what it holds now, nor of which descriptor, and of all but the clients' it cannot be asked.
   */
  #acceptedLate(hsdir: UploadAnswer['hsdir']): void {
    const { board } = this.#setting;
    for (const slot of board.slots)
      if (rowOf(slot, hsdir)?.reason === NO_ANSWER) board.replace(lost(slot, hsdir, NO_ANSWER));
  }

  /** Tor did not take the order: none of its HSDirs will answer. */
  #notSent({ slot: { timePeriod }, version, hsdirs }: DueUpload, error: unknown): void {
    const { board, effects, poke } = this.#setting;
    const slot = board.ofPeriod(timePeriod);
    const waiting = hsdirs.filter((hsdir) => slot && rowOf(slot, hsdir)?.inFlight?.version === version);
    if (slot !== null && error instanceof RbError && !TOR_GONE.has(error.code)) {
      effects.log.warn('Tor refused to upload a descriptor', { descriptor: slot.which }, error.data);
      const nowMs = effects.clock.monotonicMs();
      const refused = (one: Slot, hsdir: (typeof hsdirs)[number]): Slot =>
        failed(one, hsdir, error.code, nowMs, this.#retryPolicy());
      board.replace(waiting.reduce(refused, slot));
      poke();
      return;
    }
    if (slot !== null) board.replace(withoutFlights(slot, new Set(waiting)));
    // Its status fact will tell that Tor is gone, and the step then waits for it.
    effects.clock.after(1_000, poke);
  }

  /** Once each time that retries have not helped. They go on all the same. */
  #tellGivenUp(): void {
    const policy = this.#retryPolicy();
    const slot = this.#setting.board.slots.find((one) => isGivenUp(one, policy));
    if ((slot !== undefined) === this.#isGivenUp) return;
    this.#isGivenUp = slot !== undefined;
    if (slot === undefined) return;
    const reasons = [...new Set(slot.rows.flatMap(({ reason }) => reason ?? []))].join(', ');
    const detail = {
      retries: policy.maxRetries,
      accepted: acceptedCount(slot),
      hsdirs: slot.rows.length,
      reasons,
    };
    const error = errorData('publisher.not-accepted', 'publisher', detail);
    this.#setting.effects.log.error('a descriptor is not published', { descriptor: slot.which }, error);
  }

  #retryPolicy(): RetryPolicy {
    const { config, effects } = this.#setting;
    return {
      minAccepted: config.publish.hsdir_min_accepted,
      maxRetries: config.resilience.hsdir_max_retries,
      restMs: refreshIntervalMs(config),
      jitter: () => effects.random.uniform(),
    };
  }
}
