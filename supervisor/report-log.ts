import type { LogFields, Logger } from '@rustbalance/actors/kernel/logging.js';
import type { Report } from './effects.js';

const fieldsOf = (report: Report): LogFields => ({
  report: report.kind,
  ...(report.child === null ? {} : { actor: report.child }),
  ...(report.generation === null ? {} : { generation: report.generation }),
  ...(report.uptimeMs === null ? {} : { uptime_ms: Math.round(report.uptimeMs) }),
  ...(report.restartsInPeriod === 0 ? {} : { restarts_in_period: report.restartsInPeriod }),
});

/** Writes OTP's reports at the level that they promise: what mends itself is no error. */
export const logReport = (log: Logger, report: Report, extra: LogFields = {}): void => {
  const fields = { ...fieldsOf(report), ...extra };
  const error = report.error ?? undefined;
  switch (report.kind) {
    case 'progress':
      log.info('actor is up', fields);
      return;
    case 'child_terminated':
      log.warn('actor ended', fields, error);
      return;
    case 'start_error':
      log.warn('actor could not start', fields, error);
      return;
    case 'shutdown_error':
      log.warn('actor did not stop in order', fields, error);
      return;
    case 'shutdown':
      if (error === undefined) log.info('stopping', fields);
      else log.error('stopping because an actor cannot run', fields, error);
      return;
    case 'reached_max_restart_intensity':
      // Its reason follows with the shutdown.
      log.warn('an actor failed too often', fields);
      return;
  }
};
