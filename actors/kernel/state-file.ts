import { open, rename } from 'node:fs/promises';
import type { CancelTimer, Clock } from './clock.js';
import { errorData } from './errors.js';
import type { Logger } from './logging.js';
import { replaceFile } from './replace-file.js';
import { removeLeftovers, temporaryFor } from './temporary-file.js';

/**
 * What an actor keeps across restarts: one small JSON file that this actor alone writes. It is a help, never a
 * need: whatever is wrong with it costs one warning, and the actor starts from nothing.
 */
export interface StateFile<T> {
  /** What was saved last, or null: there is none, or it cannot be used and was set aside. */
  read(): Promise<T | null>;
  /**
   * Writes soon; of several states that wait, only the newest is written. A failure is logged, and what could not be
   * written is tried again until it is, or until a newer state takes its place.
   */
  save(state: T): void;
  /** Resolves when nothing is being written any more; what could not be written before is tried once more first. */
  flush(): Promise<void>;
}

/** What checks a state that was read: a zod schema, or anything of that shape, since zod costs a thread 14 MiB. */
export interface StateSchema<T> {
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: T }
    | { readonly success: false; readonly error: { readonly issues: readonly StateIssue[] } };
}

export interface StateIssue {
  readonly path: readonly PropertyKey[];
}

export interface StateFileOptions<T> {
  readonly path: string;
  /** Raised when the meaning of the state changes; another version is set aside. */
  readonly version: number;
  readonly schema: StateSchema<T>;
  readonly log: Logger;
  readonly clock: Pick<Clock, 'after'>;
}

/** Far above what any actor saves; more than this is not ours. */
const MAX_BYTES = 1024 * 1024;

/**
 * How soon after a failure it is tried again. A try on a full disk costs a call or two, and the next save of some states
 * is hours away; the disk is looked at as often (health/examine/examiner.ts).
 */
const TRY_AGAIN_MS = 15_000;

type Reading<T> = { readonly state: T | null } | { readonly problem: string };

export const openStateFile = <T>(options: StateFileOptions<T>): StateFile<T> => {
  const { path, log, clock } = options;
  const temporary = temporaryFor(path);
  let waiting: { readonly state: T } | null = null;
  let writing: Promise<void> | null = null;
  let cancelRetry: CancelTimer = () => undefined;
  /** Why the last write failed, which is said once as long as it stays the same; null when it did not. */
  let failure: string | null = null;

  const write = async ({ state }: { readonly state: T }): Promise<boolean> => {
    try {
      await replaceFile(path, temporary, JSON.stringify({ version: options.version, state }));
      if (failure !== null) log.info('state saved again', { path });
      failure = null;
      return true;
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== failure)
        log.warn('state not saved', {}, errorData('state.write-failed', path, { reason }));
      failure = reason;
      return false;
    }
  };

  const writeAll = async (): Promise<void> => {
    while (waiting !== null) {
      const newest: { readonly state: T } = waiting;
      const isWritten = await write(newest);
      // What was saved meanwhile is worth a try of its own.
      if (waiting !== newest) continue;
      if (isWritten) waiting = null;
      else {
        cancelRetry = clock.after(TRY_AGAIN_MS, begin);
        break;
      }
    }
    writing = null;
  };

  const begin = (): void => {
    cancelRetry();
    if (waiting !== null) writing ??= writeAll();
  };

  return {
    read: async () => {
      await removeLeftovers(path);
      const reading = await readState(options);
      if ('state' in reading) return reading.state;
      const aside = `${path}.unusable`;
      await rename(path, aside).catch(() => undefined);
      log.warn(
        'starting without saved state',
        {},
        errorData('state.damaged', path, { reason: reading.problem, aside }),
      );
      return null;
    },
    save: (state) => {
      waiting = { state };
      begin();
    },
    flush: async () => {
      begin();
      await writing;
    },
  };
};

const reasonOf = (error: unknown): string => {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
};

const readState = async <T>({ path, version, schema }: StateFileOptions<T>): Promise<Reading<T>> => {
  let text: string;
  try {
    const file = await open(path, 'r');
    try {
      if ((await file.stat()).size > MAX_BYTES) return { problem: `larger than ${String(MAX_BYTES)} bytes` };
      text = await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = reasonOf(error);
    return reason === 'ENOENT' ? { state: null } : { problem: reason };
  }
  return parseState(text, version, schema);
};

const parseState = <T>(text: string, version: number, schema: StateSchema<T>): Reading<T> => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { problem: 'not JSON' };
  }
  if (typeof json !== 'object' || json === null || !('version' in json) || !('state' in json)) {
    return { problem: 'no version' };
  }
  if (json.version !== version) {
    return {
      problem: `version ${JSON.stringify(json.version).slice(0, 20)}, this program writes ${String(version)}`,
    };
  }
  const state = schema.safeParse(json.state);
  if (state.success) return { state: state.data };
  const at = state.error.issues[0]?.path.map(String).join('.') ?? '';
  return { problem: at === '' ? 'unexpected contents' : `unexpected contents at ${at}` };
};
