import { redactedOnion } from '@rustbalance/actors/kernel/redact.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import type { LogFields, LogRecord } from '@rustbalance/actors/kernel/logging.js';

/** 56 base32 characters that stand alone: an onion address with or without its ending. */
const ONION_ADDRESS = /(?<![A-Za-z0-9])([A-Za-z2-7]{56})(?:\.onion)?(?![A-Za-z0-9])/gi;

const masked = (text: string): string =>
  text.replace(ONION_ADDRESS, (_whole, address: string) => redactedOnion(address));

const maskedFields = <F extends LogFields>(fields: F): F =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? masked(value) : value]),
  ) as F;

const maskedError = (error: ErrorData): ErrorData => ({
  code: error.code,
  what: masked(error.what),
  where: masked(error.where),
  action: masked(error.action),
  detail: maskedFields(error.detail),
});

/**
 * The last line of defence: no full onion address at info and above. Whoever logs one there has a fault; its
 * operator must not pay for it. Debug records may hold addresses.
 */
export const guarded = (record: LogRecord): LogRecord => {
  if (record.level === 'debug') return record;
  return {
    ...record,
    message: masked(record.message),
    fields: maskedFields(record.fields),
    error: record.error === null ? null : maskedError(record.error),
  };
};
