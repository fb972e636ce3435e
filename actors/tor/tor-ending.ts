import { errorData, type ErrorCode } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { HUNG_AFTER_SECS } from './answer-watch.js';
import type { Ending } from './life.js';
import type { SystemUnit } from './system-unit.js';
import type { TorProcess } from './tor-process.js';

const STUCK: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['tor.bootstrap-stuck', 'tor.circuits-stuck']);

/**
 * Ends our own Tor, or has the unit of a system Tor restarted; and says why.
 *
 * @param signal ends a system Tor that is our user's, where its unit cannot be ordered to restart
 */
export const endTor = async (
  log: Logger,
  process: TorProcess | null,
  unit: SystemUnit | null,
  signal: (isHung: boolean) => Promise<boolean>,
  { isHung, error }: Ending,
): Promise<void> => {
  if (unit !== null) {
    try {
      await unit.restart(isHung, error);
    } catch (failure) {
      if (!(await signal(isHung))) throw failure;
      log.warn('ended the Tor of this system by a signal: its unit starts another', { hung: isHung });
    }
    return;
  }
  if (error !== null && STUCK.has(error.code)) log.error('tor does not get on and is replaced', {}, error);
  else if (error?.code !== 'tor.restart-ordered') {
    const hung = errorData('tor.hung', 'tor', { pid: process?.pid ?? 0, seconds: HUNG_AFTER_SECS });
    log.error('tor does not answer and is ended', {}, hung);
  }
  await process?.end();
};
