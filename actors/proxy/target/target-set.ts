import type { Clock } from '../../kernel/clock.js';
import type { Targets } from '../../kernel/config/target.js';
import type { StreamAddress } from '../../kernel/stream-address.js';
import type { Origin } from '../http/origin.js';
import { TargetPool } from '../http/target-pool.js';
import type { ProxyLimits } from '../limits.js';
import type { Traffic } from '../traffic.js';
import { chooseTarget } from './choose-target.js';
import { targetConnector } from './target-connector.js';
import { targetOrigin } from './target-origin.js';
import { TargetSlot, type TargetVerdict } from './target-slot.js';

export interface TargetSetOptions {
  readonly targets: Targets;
  /** The origin by which clients know the service. */
  readonly master: Origin;
  readonly limits: ProxyLimits;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly socks: StreamAddress | null;
  readonly isolation: string | null;
  readonly tlsAuthorities: string | null;
}

/** All targets of this node. */
export class TargetSet {
  readonly slots: readonly TargetSlot[];
  /** Those that are equally well take turns. */
  #turn = 0;

  constructor(options: TargetSetOptions) {
    const { clock, limits, traffic, master } = options;
    this.slots = options.targets.map((target, index) => {
      const { isolation, tlsAuthorities } = options;
      const { connectTimeoutMs } = limits;
      const connector = targetConnector(
        { target, clock, connectTimeoutMs, isolation, tlsAuthorities },
        options.socks,
      );
      const pool = new TargetPool(connector, limits, clock);
      const origins = { target: targetOrigin(target), master };
      return new TargetSlot(index, { connector, pool, origins }, { traffic, clock });
    });
  }

  /** Where the next request goes, other than to those tried already; null when no other is well. */
  choose(tried: readonly TargetSlot[]): TargetSlot | null {
    const index = chooseTarget(this.slots, (at) => !tried.some((slot) => slot.index === at), this.#turn++);
    return index === null ? null : (this.slots[index] ?? null);
  }

  /** What the probes say of each, in the order of the configuration. */
  judge(verdicts: readonly TargetVerdict[]): void {
    for (const slot of this.slots) {
      const verdict = verdicts[slot.index];
      if (verdict !== undefined) slot.judge(verdict);
    }
  }

  setSocks(address: StreamAddress | null): void {
    for (const { connector } of this.slots) connector.setSocks(address);
  }

  /** Closes what was idle for too long. */
  check(nowMs: number): void {
    for (const { pool } of this.slots) pool.check(nowMs);
  }

  close(): void {
    for (const { pool } of this.slots) pool.close();
  }
}
