import type { TransportStatus } from './messages.js';
import type { DropReason } from './transport.js';

/** What went through a transport, and what did not. */
export class DatagramTally {
  #sent = 0;
  #received = 0;
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  /** In a word, e.g. a system code; null before there was one. */
  lastError: string | null = null;

  sent(): void {
    this.#sent++;
  }

  received(): void {
    this.#received++;
  }

  drop(reason: DropReason): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  get drops(): Readonly<Partial<Record<DropReason, number>>> {
    return { ...this.#dropped };
  }

  /** As a transport's status has them. */
  get figures(): Pick<TransportStatus, 'sent' | 'received' | 'dropped' | 'lastError'> {
    return {
      sent: this.#sent,
      received: this.#received,
      dropped: Object.values(this.#dropped).reduce((sum, count) => sum + count, 0),
      lastError: this.lastError,
    };
  }
}
