import { errorData, type ErrorCode } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { HUNG_AFTER_SECS } from './answer-watch.js';
import type { Ending } from './life-machine.js';
import type { SystemUnit } from './system-unit.js';
import type { TorProcess } from './tor-process.js';

const STUCK: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['tor.bootstrap-stuck', 'tor.circuits-stuck']);

/** Ends our own Tor, or has the unit of a system Tor restarted; and says why. */
export const endTor = async (
  log: Logger,
  process: TorProcess | null,
  unit: SystemUnit | null,
  { isHung, error }: Ending,
): Promise<void> => {
  if (unit !== null) {
    await unit.restart(isHung, error);
    return;
  }
  if (error !== null && STUCK.has(error.code)) log.error('tor does not get on and is replaced', {}, error);
  else if (error?.code !== 'tor.restart-ordered') {
    const hung = errorData('tor.hung', 'tor', { pid: process?.pid ?? 0, seconds: HUNG_AFTER_SECS });
    log.error('tor does not answer and is ended', {}, hung);
  }
  await process?.end();
};
