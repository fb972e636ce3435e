import { setTimeout as delay } from 'node:timers/promises';

/** How long to wait for a condition, and how often to look. Milliseconds. */
export interface Patience {
  readonly timeoutMs: number;
  /** Pause between two looks; 50 ms unless told. */
  readonly everyMs?: number;
}

type Falsy = false | null | undefined;

/** The condition did not come about in time; the message says what was awaited and what was last seen. */
export class NotInTimeError extends Error {
  constructor(what: string, timeoutMs: number, lastSeen: unknown) {
    const seen = lastSeen instanceof Error ? `; last error: ${lastSeen.message}` : '';
    super(
      `not within ${String(timeoutMs)} ms: ${what}${seen}`,
      lastSeen instanceof Error ? { cause: lastSeen } : {},
    );
    this.name = 'NotInTimeError';
  }
}

/**
 * Looks at a condition until it holds, and gives what it returned. An exception of `look` counts as "not yet" and
 * is reported if the deadline passes.
 *
 * @param what names the condition in the error, e.g. "both nodes publish"
 * @param look returns something truthy once the condition holds
 * @throws NotInTimeError after `timeoutMs`
 */
export const eventually = async <T>(
  what: string,
  look: () => T | Falsy | Promise<T | Falsy>,
  { timeoutMs, everyMs = 50 }: Patience,
): Promise<T> => {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== false && seen !== null && seen !== undefined) return seen;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() + everyMs > deadline) throw new NotInTimeError(what, timeoutMs, lastError);
    await delay(everyMs);
  }
};

/**
 * Waits for a promise, but not longer than `timeoutMs`.
 *
 * @throws NotInTimeError when it is not settled by then (the promise itself goes on)
 */
export const within = async <T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new NotInTimeError(what, timeoutMs, undefined));
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};
