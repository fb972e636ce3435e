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
  /**
   * By node, what was the highest when it was last looked at: what it shows for the first time was accepted after all of that. Of
   * two that publish between two looks nobody knows who was first.
   */
  readonly #before = new Map<string, ReadonlyMap<number, bigint>>();

  see({ node, descriptors }: StatusJson): void {
    const before = this.#before.get(node.id);
    for (const { time_period: period, revision_counter: text, hsdirs } of descriptors) {
      if (text === null || !hsdirs.some(({ status }) => status === 'accepted')) continue;
      const counter = BigInt(text);
      const key = `${node.id} ${String(period)}`;
      if (this.#seen.get(key) === counter) continue;
      this.#seen.set(key, counter);
      // What a node shows that does not publish any more is of before, and no news when it publishes again.
      if (node.role === 'publisher') this.#compare(node.id, period, counter, before?.get(period) ?? 0n);
    }
    this.#before.set(node.id, new Map(this.#highest));
  }

  #compare(id: string, period: number, counter: bigint, before: bigint): void {
    if (counter < before)
      this.falls.push(`${id}, ${String(period)}: ${String(counter)} after ${String(before)}`);
    if (counter > (this.#highest.get(period) ?? 0n)) this.#highest.set(period, counter);
  }
}
