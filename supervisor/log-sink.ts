import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import { levelWritten } from '@rustbalance/actors/kernel/logging.js';
import type { LogLevel, LogRecord } from '@rustbalance/actors/kernel/logging.js';
import winston from 'winston';
import { formatted } from './log-format.js';
import type { LogFormat } from './log-format.js';
import { guarded } from './redaction-guard.js';
import { repeatLimiter } from './repeat-limiter.js';

/** Where the records of all threads end: one line each. */
export interface LogSink {
  write(record: LogRecord): void;
  setLevel(level: LogLevel): void;
  /** Resolves when all that was written has left the process. */
  close(): Promise<void>;
}

export interface LogSinkOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly stream: NodeJS.WritableStream;
  readonly clock: Clock;
}

const LEVELS: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

export const logSink = ({ level: first, format, stream, clock }: LogSinkOptions): LogSink => {
  let level = first;
  // A journal or a terminal that goes away must not take the daemon along.
  stream.on('error', () => undefined);
  const transport = new winston.transports.Stream({ stream });
  const logger = winston.createLogger({
    levels: LEVELS,
    level,
    format: winston.format.printf(({ message }) => String(message)),
    transports: [transport],
  });
  const limiter = repeatLimiter(clock);
  let closed = false;
  return {
    setLevel: (next) => {
      level = next;
      logger.level = next;
    },
    write: (record) => {
      if (closed || !levelWritten(record.level, level)) return;
      const admitted = limiter.admit(record);
      if (admitted !== null) logger.log(record.level, formatted(guarded(admitted), format));
    },
    close: () =>
      new Promise((resolve) => {
        closed = true;
        transport.once('finish', resolve);
        logger.end();
      }),
  };
};

/**
 * The journal of systemd reads our standard error when $JOURNAL_STREAM names it (systemd.exec(5)); the variable
 * alone may be inherited by a shell that has redirected it since.
 *
 * @param stderr device and inode of standard error
 */
export const chosenFormat = (
  configured: 'text' | 'json',
  journalStream: string | undefined,
  stderr: { readonly dev: number; readonly ino: number },
): LogFormat =>
  configured === 'text' && journalStream === `${String(stderr.dev)}:${String(stderr.ino)}`
    ? 'journal'
    : configured;
