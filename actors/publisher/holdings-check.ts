import type { RoleView } from '../election/messages.js';
import { AGING_LOOK_MS, SHORTEST_LOOK_AGAIN_MS } from './pace.js';
import type { HsDirDeed } from './hsdir-log.js';
import { readBack } from './read-back.js';
import type { Finding } from './read-back.js';
import { refreshIntervalMs, takeOverMs } from './setting.js';
import type { PublicationSetting } from './setting.js';
import { confirmed, lost, rowOf } from './slot.js';
import type { Slot } from './slot.js';

/**
 * What the HSDirs of the clients' descriptor hold: when they are asked, and what their answers say of the board. The other
 * descriptor cannot be asked for (HSFETCH sees the clients' period only).
 */
export class HoldingsCheck {
  readonly #setting: PublicationSetting;
  readonly #foreign: (slot: Slot, n: number | null) => void;
  /** Infinity while there is nothing of ours to find. */
  #dueAtMs = Infinity;
  /** When clients began to fetch the descriptor that they fetch now. */
  #clientsMovedAtMs = 0;
  /** When somebody was last found out of contact who was in contact before. */
  #lossAtMs = -Infinity;

  /** @param foreign called when an HSDir holds a higher counter than ours; n: its counter input, where it has one */
  constructor(setting: PublicationSetting, foreign: (slot: Slot, n: number | null) => void) {
    this.#setting = setting;
    this.#foreign = foreign;
  }

  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** By the first acceptance: with one HSDir down for good the descriptor is never complete, and still held. */
  accepted(nowMs: number): void {
    if (this.#dueAtMs === Infinity) this.#dueAtMs = nowMs + refreshIntervalMs(this.#setting.config);
  }

  /** Every HSDir has just said that it holds it. */
  completed(nowMs: number): void {
    this.#dueAtMs = nowMs + this.#intervalMs(nowMs);
  }

  /** They are asked at once, if this is the slot that they can be asked for. */
  askNow(slot: Slot, nowMs: number): void {
    if (slot.timePeriod === this.#setting.board.clients?.timePeriod) this.#dueAtMs = nowMs;
  }

  /** Nobody could be asked for the descriptor that clients fetch from now on: it is looked at before it is doubted. */
  clientsMoved(): void {
    this.#clientsMovedAtMs = this.#setting.effects.clock.monotonicMs();
    if (this.#dueAtMs !== Infinity) this.#dueAtMs = this.#clientsMovedAtMs;
  }

  /** Who was in contact before may publish by itself now. */
  noteLoss({ absent }: RoleView, before: RoleView | null): void {
    const known = new Set(before?.absent.map(({ id }) => id));
    if (absent.every(({ id }) => known.has(id))) return;
    const nowMs = this.#setting.effects.clock.monotonicMs();
    this.#lossAtMs = nowMs;
    if (this.#dueAtMs === Infinity) return;
    this.#dueAtMs = Math.min(this.#dueAtMs, nowMs + this.#intervalMs(nowMs));
  }

  /** Another node publishes. */
  forget(): void {
    this.#dueAtMs = Infinity;
  }

  /** When the newest confirmation of the clients' descriptor becomes too old. */
  confirmedUntilMs(): number | null {
    const { board, config } = this.#setting;
    const held =
      board.clients?.rows.flatMap((row) => (row.held === null ? [] : [row.held.confirmedAtMs])) ?? [];
    if (held.length === 0) return null;
    return Math.max(this.#clientsMovedAtMs, ...held) + config.health.descriptor_max_age_secs * 1000;
  }

  askWhenDue(nowMs: number): void {
    const { background, board, effects } = this.#setting;
    const slot = board.clients;
    if (slot === null || background.isBusy('reading') || nowMs < this.#dueAtMs) return;
    this.#dueAtMs = nowMs + this.#intervalMs(nowMs);
    const ask = async (): Promise<void> => {
      for (const finding of await readBack(effects, slot)) this.#found(slot, finding);
    };
    background.run('reading', 'the HSDirs could not be asked what they hold', ask, () => {
      this.#hurryWhileAging();
    });
  }

  /** The longer nobody has confirmed the descriptor, the more often it is asked for. */
  #hurryWhileAging(): void {
    const { config, effects } = this.#setting;
    const until = this.confirmedUntilMs();
    const nowMs = effects.clock.monotonicMs();
    if (until === null || until - nowMs > (config.health.descriptor_max_age_secs * 1000) / 2) return;
    this.#dueAtMs = Math.min(this.#dueAtMs, nowMs + AGING_LOOK_MS);
  }

  /** While a node that fell silent may publish by itself, what the HSDirs hold is checked more often. */
  #intervalMs(nowMs: number): number {
    const { config } = this.#setting;
    const isRecent = nowMs - this.#lossAtMs < 2 * takeOverMs(config);
    const soonMs = Math.max(SHORTEST_LOOK_AGAIN_MS, takeOverMs(config) / 2);
    return isRecent ? Math.min(soonMs, refreshIntervalMs(config)) : refreshIntervalMs(config);
  }

  #found(asked: Slot, finding: Finding): void {
    const { board, effects, hsdirs } = this.#setting;
    const slot = board.ofPeriod(asked.timePeriod);
    // Reading takes seconds: what was uploaded meanwhile would look like somebody else's, or like a loss.
    if (slot === null || slot.version !== asked.version) return;
    if (rowOf(slot, finding.hsdir) !== rowOf(asked, finding.hsdir)) return;
    const note = (deed: HsDirDeed, reason: string): void => {
      hsdirs.note(finding.hsdir, deed, reason, effects.clock.wallMs());
    };
    switch (finding.kind) {
      case 'silent':
        note('silent', 'NO_ANSWER');
        return;
      case 'same':
        board.replace(confirmed(slot, finding.hsdir, effects.clock.monotonicMs()));
        return;
      case 'missing':
      case 'older':
        if (rowOf(slot, finding.hsdir)?.held !== null) note('behind', finding.kind);
        board.replace(lost(slot, finding.hsdir, finding.kind === 'missing' ? 'NOT_FOUND' : 'STALE'));
        return;
      case 'foreign':
        effects.log.warn('an HSDir holds a descriptor of this address that this node did not make', {
          descriptor: slot.which,
          counterKnown: finding.n !== null,
        });
        note('behind', 'foreign');
        board.replace(lost(slot, finding.hsdir, 'FOREIGN'));
        this.#foreign(slot, finding.n);
    }
  }
}
