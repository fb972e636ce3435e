import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import type { PublicationSetting } from './setting.js';

/** Keeps the board's ring of HSDirs in step with the newest consensus. */
export class Planner {
  readonly #setting: PublicationSetting;
  readonly #clientsMoved: () => void;
  #planned: NetworkView | null = null;

  /** @param clientsMoved called when clients fetch another period's descriptor from now on */
  constructor(setting: PublicationSetting, clientsMoved: () => void) {
    this.#setting = setting;
    this.#clientsMoved = clientsMoved;
  }

  /** The network view that the board was planned from. */
  get planned(): NetworkView | null {
    return this.#planned;
  }

  planWhenDue(network: NetworkView | null, nowMs: number): void {
    const { background, board, counters, effects } = this.#setting;
    if (network === null || this.#planned === network) return;
    if (background.isBusy('planning') || nowMs < background.afterFailureMs) return;
    background.run('planning', 'the ring of HSDirs could not be computed', async () => {
      const plan = await effects.plan(network);
      this.#planned = network;
      const before = board.clients?.timePeriod;
      board.replan(plan, network.hsDirParams.periodLength);
      if (board.clients?.timePeriod !== before) this.#clientsMoved();
      counters.forgetFarFrom(plan.first.timePeriod);
    });
  }
}
