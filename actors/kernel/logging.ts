import type { ErrorData } from './errors.js';

/**
 * Levels are promises to the operator. error: something must be mended, and the line says how. warn: it mends
 * itself, but look if it repeats. info: changes of state worth a line in a quiet year; nothing secret, no full
 * onion address, no peer's address. debug: for developers; may hold addresses, never secrets.
 */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface LogRecord {
  readonly level: LogLevel;
  /** Component: an actor's name, `supervisor`, `host`. */
  readonly component: string;
  readonly message: string;
  readonly fields: LogFields;
  readonly error: ErrorData | null;
  readonly atMs: number;
}

export interface Logger {
  error(message: string, fields?: LogFields, error?: ErrorData): void;
  warn(message: string, fields?: LogFields, error?: ErrorData): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

/** Is a record of this level written when the most verbose level is `most`? */
export const levelWritten = (level: LogLevel, most: LogLevel): boolean =>
  LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(most);

/**
 * A logger that hands records to `write`: to the main thread's winston, or to a test's array. Records beyond
 * `most` are dropped here, before they cost a thread crossing; a function where the level may change.
 */
export const makeLogger = (
  component: string,
  wallMs: () => number,
  write: (record: LogRecord) => void,
  most: LogLevel | (() => LogLevel) = 'debug',
): Logger => {
  const log =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}, error: ErrorData | null = null): void => {
      if (!levelWritten(level, typeof most === 'string' ? most : most())) return;
      write({ level, component, message, fields, error, atMs: wallMs() });
    };
  return { error: log('error'), warn: log('warn'), info: log('info'), debug: log('debug') };
};
