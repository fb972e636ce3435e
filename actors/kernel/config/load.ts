import { errorData } from '../errors.js';
import type { ErrorData } from '../errors.js';
import { crossCheck } from './cross-checks.js';
import { applyOverrides, parseOverride } from './overrides.js';
import type { Override } from './overrides.js';
import { located } from './problems.js';
import type { ConfigProblem } from './problems.js';
import { configSchema } from './schema.js';
import type { Config } from './schema.js';
import { schemaProblems } from './schema-problems.js';
import { parseToml } from './toml-document.js';
import { lineOf, mapLines } from './toml-lines.js';

/** A configuration file larger than this is something else: 64 peers and 200 torrc lines fit in 250 kB. */
export const MAX_CONFIG_BYTES = 1_048_576;

export type ConfigOutcome =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ErrorData[] };

const failed = (...problems: readonly ErrorData[]): ConfigOutcome => ({ ok: false, problems });

/**
 * Checks a whole configuration: TOML, every key and value, and how they fit together.
 * @param text the file's content
 * @param fileName as the operator named it, for errors
 * @param sets the arguments of `--set`, in order: the last one for a key wins
 */
export const parseConfig = (text: string, fileName: string, sets: readonly string[] = []): ConfigOutcome => {
  const parsed = parseToml(text);
  if (!parsed.ok) {
    const { line, column, problem } = parsed.mistake;
    return failed(errorData('config.syntax', `${fileName}:${line}:${column}`, { problem }));
  }

  const overrides: Override[] = [];
  const refused: ErrorData[] = [];
  for (const argument of sets) {
    const outcome = parseOverride(argument);
    if (outcome.ok) overrides.push(outcome.override);
    else refused.push(located(outcome.problem, setName(outcome.problem.path)));
  }

  const lines = mapLines(text);
  const where = (found: ConfigProblem): string => {
    const [section, key] = found.path;
    if (overrides.some((override) => override.section === section && override.key === key)) {
      return setName(found.path);
    }
    const line = lineOf(lines, found.path);
    return line === null ? fileName : `${fileName}:${line}`;
  };
  const locate = (problems: readonly ConfigProblem[]): readonly ErrorData[] =>
    problems.map((found) => located(found, where(found)));

  const document = applyOverrides(parsed.document, overrides);
  const checked = configSchema.safeParse(document);
  if (!checked.success) return failed(...refused, ...locate(schemaProblems(document, checked.error.issues)));
  const conflicts = locate(crossCheck(checked.data));
  if (refused.length + conflicts.length > 0) return failed(...refused, ...conflicts);
  return { ok: true, config: checked.data };
};

const setName = (path: ConfigProblem['path']): string =>
  path.length === 0 ? '--set' : `--set ${path.slice(0, 2).join('.')}`;

/** Reads a file as text; rejects with an Error that has a system `code` (ENOENT, EACCES …). */
export type ReadText = (path: string, maxBytes: number) => Promise<string>;

/** Reads and checks a configuration file. Never rejects: what is wrong is in the outcome. */
export const loadConfig = async (
  path: string,
  sets: readonly string[],
  readText: ReadText,
): Promise<ConfigOutcome> => {
  let text: string;
  try {
    text = await readText(path, MAX_CONFIG_BYTES);
  } catch (error) {
    return failed(errorData('config.unreadable', path, { reason: readFailure(error) }));
  }
  return parseConfig(text, path, sets);
};

/** Why a file could not be read, in words that hold nothing of its content. */
export const readFailure = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'ENOTDIR':
      return 'a part of its path is no directory';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    case 'EFBIG':
      return 'it is too large';
    case 'EINVAL':
      return 'it is no regular file';
    case 'EILSEQ':
      return 'it is not UTF-8 text';
    default:
      return code === '' ? 'it cannot be read' : code;
  }
};
