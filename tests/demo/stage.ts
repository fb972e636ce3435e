import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A signal ended the demo before its end. */
export class InterruptedError extends Error {
  readonly exitCode: number;

  constructor(signal: keyof typeof EXIT_CODES) {
    super(`interrupted by ${signal}`);
    this.name = 'InterruptedError';
    this.exitCode = EXIT_CODES[signal];
  }
}

/** 128 and the signal's number, as shells say it. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Removes the folder when this process is gone, however it went: its end of the pipe closes then. Daemons need a moment
 * to stop. In a session of its own, which Ctrl-C does not reach.
 */
const removesWhenGone = (dir: string): ChildProcess => {
  // read is of the shell itself: no second process for which nobody would wait.
  const script = 'read -r _; sleep 5; rm -rf -- "$0"';
  return spawn('sh', ['-c', script, dir], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
};

interface Stoppable {
  stop(): Promise<unknown>;
}

/**
 * Everything that the demo starts, all files below one folder, so that one clean-up ends and removes it at any moment:
 * the nodes' folders hold keys. A signal interrupts what is under way; further ones change nothing, since npm passes on
 * the same Ctrl-C that the terminal has given to all.
 */
export class Stage {
  readonly dir = mkdtempSync(join(tmpdir(), 'rb-'));
  readonly #remover = removesWhenGone(this.dir);
  readonly #interruption = new AbortController();
  readonly #started: Promise<Stoppable>[] = [];

  constructor() {
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        this.#interruption.abort(new InterruptedError(signal));
      });
  }

  /** Fires at the first signal that asks for the end, with an InterruptedError as its reason. */
  get signal(): AbortSignal {
    return this.#interruption.signal;
  }

  /** Starts something that clear() stops, be it still on its way then. @throws InterruptedError after a signal */
  start<T extends Stoppable>(make: () => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    const starting = make();
    this.#started.push(starting);
    return starting;
  }

  /** Gives what the work gives. @throws InterruptedError at the first signal (the work goes on until clear() ends it) */
  async unlessInterrupted<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#interrupted()]);
  }

  /** Resolves at the first signal. */
  async untilInterrupted(): Promise<void> {
    // A pending promise keeps no process alive.
    const idle = setInterval(() => undefined, 60_000);
    await this.#interrupted().catch(() => undefined);
    clearInterval(idle);
  }

  /** Stops everything, the latest first, and removes the folder. The process should end right after it. */
  async clear(): Promise<void> {
    try {
      for (const starting of this.#started.splice(0).reverse()) {
        const started = await starting.catch(() => null);
        await started?.stop();
      }
    } finally {
      rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 });
      const ended = once(this.#remover, 'exit');
      this.#remover.kill();
      await ended;
    }
  }

  #interrupted(): Promise<never> {
    return new Promise((_, reject) => {
      const fail = (): void => {
        reject(this.signal.reason as InterruptedError);
      };
      if (this.signal.aborted) fail();
      else this.signal.addEventListener('abort', fail, { once: true });
    });
  }
}
