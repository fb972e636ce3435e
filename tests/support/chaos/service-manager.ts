import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonNode } from '../cluster/daemon-node.js';

/** As RestartSec= of the unit. */
const RESTART_MS = 3_000;

/** Starts daemons again that end, as the shipped unit has systemd do (Restart=always). */
export class ServiceManager {
  readonly restarts: string[] = [];
  #isStopping = false;

  constructor(nodes: readonly DaemonNode[]) {
    for (const node of nodes) void this.#keep(node);
  }

  async #keep(node: DaemonNode): Promise<void> {
    for (;;) {
      await node.ended();
      if (this.#isStopping) return;
      await delay(RESTART_MS);
      if (this.#isStopping) return;
      this.restarts.push(node.id);
      node.start();
    }
  }

  /** From now on, what ends stays down. */
  stop(): void {
    this.#isStopping = true;
  }
}
