import type { StatusJson } from '../cluster/status.js';

/** The revision counters that a publisher has got accepted must never fall, whoever publishes: clients would keep the older. */
export class CounterWatch {
  readonly falls: string[] = [];
  readonly #highest = new Map<number, bigint>();

  see({ node, descriptors }: StatusJson): void {
    if (node.role !== 'publisher') return;
    for (const { time_period: period, revision_counter: text, hsdirs } of descriptors) {
      if (text === null || !hsdirs.some(({ status }) => status === 'accepted')) continue;
      const counter = BigInt(text);
      const before = this.#highest.get(period) ?? 0n;
      if (counter < before) this.falls.push(`${node.id}, ${String(period)}: ${text} after ${String(before)}`);
      else this.#highest.set(period, counter);
    }
  }
}
