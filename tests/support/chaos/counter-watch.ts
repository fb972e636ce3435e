import type { StatusJson } from '../cluster/status.js';

/**
 * Of no descriptor may a lower revision counter be accepted than before, whoever publishes: clients would keep the older one.
 * Two publishers that do not hear each other both show what they last got accepted; only what is new counts.
 */
export class CounterWatch {
  readonly falls: string[] = [];
  readonly #highest = new Map<number, bigint>();
  /** By node and time period. */
  readonly #seen = new Map<string, bigint>();

  see({ node, descriptors }: StatusJson): void {
    if (node.role !== 'publisher') return;
    for (const { time_period: period, revision_counter: text, hsdirs } of descriptors) {
      if (text === null || !hsdirs.some(({ status }) => status === 'accepted')) continue;
      const counter = BigInt(text);
      const key = `${node.id} ${String(period)}`;
      if (this.#seen.get(key) === counter) continue;
      this.#seen.set(key, counter);
      const before = this.#highest.get(period) ?? 0n;
      if (counter < before) this.falls.push(`${node.id}, ${String(period)}: ${text} after ${String(before)}`);
      else this.#highest.set(period, counter);
    }
  }
}
