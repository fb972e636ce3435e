import { CATALOGUE } from './error-catalogue.js';

export type ErrorCode = keyof typeof CATALOGUE;

/** Values that fill the catalogue's {placeholders}. Never a secret, never a full onion address. */
export type ErrorDetail = Readonly<Record<string, string | number | boolean>>;

/** An error as plain data: it crosses threads, the control socket and the log unchanged. */
export interface ErrorData {
  readonly code: ErrorCode;
  /** What failed, in one sentence. */
  readonly what: string;
  /** The component, file, key or peer it happened at. */
  readonly where: string;
  /** What the operator should do. */
  readonly action: string;
  readonly detail: ErrorDetail;
}

const fill = (template: string, detail: ErrorDetail): string =>
  template.replace(/\{(\w+)\}/g, (whole, key: string) => String(detail[key] ?? whole));

/** Makes the data of a catalogued error. */
export const errorData = (code: ErrorCode, where: string, detail: ErrorDetail = {}): ErrorData => {
  const entry = CATALOGUE[code];
  return { code, what: fill(entry.what, detail), where, action: fill(entry.action, detail), detail };
};

/** The throwable form of ErrorData. */
export class RbError extends Error {
  readonly data: ErrorData;

  constructor(data: ErrorData, options?: ErrorOptions) {
    super(`${data.where}: ${data.what}`, options);
    this.name = 'RbError';
    this.data = data;
  }

  get code(): ErrorCode {
    return this.data.code;
  }
}

/** Shorthand: `throw rbError('config.missing', 'config.toml', { key })`. */
export const rbError = (code: ErrorCode, where: string, detail: ErrorDetail = {}, cause?: unknown): RbError =>
  new RbError(errorData(code, where, detail), cause === undefined ? undefined : { cause });

/** Anything thrown, as data. What is not ours becomes `internal.unexpected` with its message (first line, bounded). */
export const toErrorData = (thrown: unknown, where: string): ErrorData => {
  if (thrown instanceof RbError) return thrown.data;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return errorData('internal.unexpected', where, { message: message.split('\n', 1)[0]?.slice(0, 300) ?? '' });
};

/** One line for people: what, where, and what to do. */
export const errorLine = (error: ErrorData): string =>
  `${error.where}: ${error.what} [${error.code}]. ${error.action}`;
