import type { ActorContext } from '../kernel/actor.js';
import type { CancelTimer } from '../kernel/clock.js';
import { toErrorData } from '../kernel/errors.js';
import { KeyFile } from './key-file.js';

/** A read and a hash. The file is needed at the next start, so a minute is soon enough. */
const LOOK_EVERY_MS = 60_000;

export interface KeyFileWatch {
  restore(): void;
  stop(): void;
}

/** Looks at the master key file again and again, and tells what became of it. */
export const watchKeyFile = (context: ActorContext<'publisher'>): KeyFileWatch => {
  const file = new KeyFile(context, process.env['CREDENTIALS_DIRECTORY'] ?? null);
  let cancel: CancelTimer = () => undefined;
  let stopped = false;
  /** One after the other: a look in the middle of a restore would see half of it. */
  let busy = file.removeLeftovers();

  const look = async (): Promise<void> => {
    cancel();
    try {
      const status = await file.look();
      if (stopped) return;
      context.publish('publisher.key-file', status);
    } catch (error) {
      context.log.debug('the master key file could not be looked at', {
        problem: toErrorData(error, 'publisher').what,
      });
    }
    if (!stopped) cancel = context.clock.after(LOOK_EVERY_MS, begin);
  };
  const begin = (): void => {
    busy = busy.then(look);
  };
  begin();
  return {
    restore: () => {
      busy = busy.then(() => file.restore()).then(look);
    },
    stop: () => {
      stopped = true;
      cancel();
    },
  };
};
