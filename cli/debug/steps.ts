import { RbError, rbError } from '@rustbalance/actors/kernel/errors.js';
import type { CliWorld } from '../world.js';

/** One step of a probe that went well. */
export interface StepOutput {
  readonly step: string;
  readonly ms: number;
  readonly detail: string;
}

/** Runs a probe step by step, so that the operator sees how far it came and which step failed. */
export class Steps {
  readonly done: StepOutput[] = [];
  readonly #world: CliWorld;
  readonly #quiet: boolean;

  constructor(world: CliWorld, quiet: boolean) {
    this.#world = world;
    this.#quiet = quiet;
  }

  /**
   * @param detail what to tell of the result
   * @param remedy what to do when it fails without an error of ours
   */
  async run<T>(
    step: string,
    work: () => Promise<T>,
    detail: (result: T) => string,
    remedy: string,
  ): Promise<T> {
    const startedAt = this.#world.clock.monotonicMs();
    let result: T;
    try {
      result = await work();
    } catch (error) {
      if (error instanceof RbError) throw error;
      const reason = error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error);
      throw rbError('probe.failed', step, { step, reason: reason.slice(0, 200), remedy }, error);
    }
    const ms = Math.round(this.#world.clock.monotonicMs() - startedAt);
    const finished: StepOutput = { step, ms, detail: detail(result) };
    this.done.push(finished);
    if (!this.#quiet) this.#world.print(`ok  ${step} (${String(ms)} ms)  ${finished.detail}\n`);
    return result;
  }
}
