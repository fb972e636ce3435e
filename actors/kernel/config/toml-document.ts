import { parse } from 'toml';

/** A mistake in the TOML itself. */
export interface TomlMistake {
  readonly line: number;
  readonly column: number;
  /** What is wrong, without anything of the text: what stands there may be half of a secret. */
  readonly problem: string;
}

export type TomlOutcome =
  | { readonly ok: true; readonly document: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly mistake: TomlMistake };

interface Located {
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
  readonly found: string | null;
}

const isLocated = (error: unknown): error is Located =>
  typeof error === 'object' && error !== null && 'location' in error && 'found' in error;

const isNumbered = (error: unknown): error is Error & { readonly line: number; readonly column: number } =>
  error instanceof Error &&
  'line' in error &&
  typeof error.line === 'number' &&
  'column' in error &&
  typeof error.column === 'number';

const syntaxProblem = (found: string | null): string => {
  if (found === null) return 'the file ends in the middle of something';
  if (found === '\n' || found === '\r')
    return 'the line ends too early (a closing quote or bracket, or a value, is missing)';
  return 'something stands here that TOML does not allow (a text needs quotes)';
};

/** The library quotes what it refuses ("Integer 99… is outside"): only the kind of mistake is passed on. */
const semanticProblem = (message: string): string => {
  if (/redefine/i.test(message)) return 'this key or section was given before';
  if (/escape/i.test(message)) return 'a backslash begins an escape here that TOML does not know';
  if (/integer/i.test(message)) return 'this number is too large';
  return 'this is not valid TOML';
};

/** Reads TOML 1.1. The problem of a mistake never quotes the text. */
export const parseToml = (text: string): TomlOutcome => {
  try {
    const document: unknown = parse(text, { maxDepth: 20 });
    return { ok: true, document: document as Readonly<Record<string, unknown>> };
  } catch (error) {
    if (isLocated(error)) {
      const { line, column } = error.location.start;
      return { ok: false, mistake: { line, column, problem: syntaxProblem(error.found) } };
    }
    if (isNumbered(error)) {
      const { line, column } = error;
      return { ok: false, mistake: { line, column, problem: semanticProblem(error.message) } };
    }
    return { ok: false, mistake: { line: 1, column: 1, problem: 'this is not valid TOML' } };
  }
};
