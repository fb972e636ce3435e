import { errorData } from '../errors.js';
import type { ErrorCode, ErrorData, ErrorDetail } from '../errors.js';

/** Something wrong with the configuration or with a file that it names; `path` is the key that it is about. */
export interface ConfigProblem {
  readonly code: ErrorCode;
  readonly path: readonly (string | number)[];
  readonly detail: ErrorDetail;
}

export const problem = (
  code: ErrorCode,
  path: readonly (string | number)[],
  detail: ErrorDetail = {},
): ConfigProblem => ({ code, path, detail });

/** A name as it may be shown: what is no bare TOML key could be anything, a pasted secret included. */
export const shownName = (name: string): string => (/^[A-Za-z0-9_-]{1,60}$/.test(name) ? name : '?');

/** `section.key`, and `section.key[0].field` inside lists. */
export const pathText = (path: readonly (string | number)[]): string =>
  path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${shownName(part)}`,
    )
    .join('');

/** The problem as the operator's error: `where` is file and line, or the argument that set the value. */
export const located = (found: ConfigProblem, where: string): ErrorData =>
  errorData(found.code, where, { key: pathText(found.path), ...found.detail });

/** Thrown where a configuration cannot be used; holds everything that is wrong, not only the first. */
export class ConfigError extends Error {
  readonly problems: readonly ErrorData[];

  constructor(problems: readonly ErrorData[]) {
    super(problems.map((entry) => `${entry.where}: ${entry.what}`).join('; '));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
