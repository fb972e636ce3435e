import { RbError, errorLine } from '@rustbalance/actors/kernel/errors.js';
import type { CliWorld } from './world.js';

const PERIOD_MS = 2000;

const CLEAR_SCREEN = '\u001b[H\u001b[2J';

/** Waits, or until the operator interrupts. */
export const pause = (world: CliWorld, stopped: AbortSignal, forMs = PERIOD_MS): Promise<void> =>
  new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      stopped.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = world.clock.after(forMs, finish);
    stopped.addEventListener('abort', finish, { once: true });
  });

/** A daemon that restarts is what one watches for: only its absence of now is told. */
const askedOrTold = async (ask: () => Promise<string>, asJson: boolean): Promise<string> => {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof RbError) || !error.code.startsWith('daemon.')) throw error;
    return `${asJson ? JSON.stringify({ errors: [error.data] }) : errorLine(error.data)}\n`;
  }
};

/** Prints what `ask` gives: once, or every two seconds until the operator interrupts. */
export const printOrWatch = async (
  world: CliWorld,
  watch: boolean,
  asJson: boolean,
  ask: () => Promise<string>,
): Promise<void> => {
  if (!watch) {
    world.print(await ask());
    return;
  }
  const stopped = world.interrupted;
  while (!stopped.aborted) {
    const text = await askedOrTold(ask, asJson);
    world.print(`${world.isTerminal && !asJson ? CLEAR_SCREEN : ''}${text}`);
    await pause(world, stopped);
  }
};
