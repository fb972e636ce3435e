import type { z } from 'zod';
import { SECRET_KEYS, configSections, valueWords } from './config-keys.js';
import type { ConfigKey, ConfigSection } from './config-keys.js';
import { nearest } from './nearest.js';
import { pathText, problem, shownName } from './problems.js';
import type { ConfigProblem } from './problems.js';

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

const textPath = (issue: Issue): Path =>
  issue.path.map((part) => (typeof part === 'number' ? part : String(part)));

/** The schema's entry for a path; list positions do not matter to it. */
const entryFor = (sections: readonly ConfigSection[], path: Path): ConfigKey | null => {
  const names = path.filter((part) => typeof part === 'string');
  const key = sections
    .find((section) => section.name === names[0])
    ?.keys.find((candidate) => candidate.key === names[1]);
  if (key === undefined) return null;
  return names.length > 2 ? (key.fields.find((field) => field.key === names[2]) ?? null) : key;
};

const valueAt = (document: unknown, path: Path): unknown => {
  let value = document;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[part];
  }
  return value;
};

const KINDS: Readonly<Partial<Record<string, string>>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
};

const kindOf = (value: unknown): string => {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  return KINDS[typeof value] ?? 'a section';
};

/** What was given, for the error: numbers and words of a closed list are shown, any other text never is. */
const shown = (key: ConfigKey | null, value: unknown): string => {
  if (key !== null && SECRET_KEYS.includes(key.path)) return 'what is there';
  if (typeof value === 'number') return String(value);
  if (key?.type === 'choice' && typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  return kindOf(value);
};

const ELSEWHERE = 'See docs/configuration.md for every key.';

const unknownKeys = (
  sections: readonly ConfigSection[],
  path: Path,
  keys: readonly string[],
): ConfigProblem[] =>
  keys.map((key) => {
    const name = shownName(key);
    if (path.length === 0) {
      const guess = nearest(
        key,
        sections.map((section) => section.name),
      );
      const hint = guess === null ? ELSEWHERE : `Did you mean [${guess}]?`;
      return problem('config.unknown-section', [key], { name, hint });
    }
    const section = sections.find((candidate) => candidate.name === path[0]);
    const fields = path.length === 1 ? section?.keys : entryFor(sections, path)?.fields;
    const guess = nearest(key, fields?.map((field) => field.key) ?? []);
    const elsewhere = sections.find((candidate) => candidate.keys.some((other) => other.key === key));
    const hint =
      guess !== null
        ? `Did you mean ${guess}?`
        : elsewhere !== undefined
          ? `It belongs into [${elsewhere.name}].`
          : ELSEWHERE;
    return problem('config.unknown-key', [...path, key], { name, section: pathText(path), hint });
  });

const wrongType = (sections: readonly ConfigSection[], path: Path, value: unknown): ConfigProblem => {
  const key = entryFor(sections, path);
  if (value === undefined) {
    const description = key?.description ?? sections.find((section) => section.name === path[0])?.description;
    return problem('config.missing', path, { description: description ?? '' });
  }
  const inList = typeof path.at(-1) === 'number';
  const expected = key === null ? 'a section' : inList ? 'a text in quotes' : valueWords(key);
  return problem('config.wrong-type', path, { expected, found: kindOf(value) });
};

const badChoice = (key: ConfigKey | null, path: Path, value: unknown): ConfigProblem => {
  const expected = key === null ? 'something else' : valueWords(key);
  const guess = typeof value === 'string' ? nearest(value, key?.choices ?? []) : null;
  return problem('config.bad-value', path, {
    rule: `must be ${expected}, not ${shown(key, value)}`,
    hint: guess === null ? '' : ` Did you mean "${guess}"?`,
  });
};

const sizeRule = (issue: Extract<Issue, { readonly code: 'too_small' | 'too_big' }>): string => {
  const limit = issue.code === 'too_small' ? issue.minimum : issue.maximum;
  const bound = `${issue.code === 'too_small' ? 'at least' : 'at most'} ${String(limit)}`;
  if (issue.origin === 'string') return `must have ${bound} characters`;
  if (issue.origin === 'array') return `must have ${bound} entries`;
  return `must be ${bound}`;
};

const problemsOf = (sections: readonly ConfigSection[], document: unknown, issue: Issue): ConfigProblem[] => {
  const path = textPath(issue);
  const value = valueAt(document, path);
  const key = entryFor(sections, path);
  if (issue.code === 'unrecognized_keys') return unknownKeys(sections, path, issue.keys);
  if (issue.code === 'invalid_value' && typeof value === 'string') return [badChoice(key, path, value)];
  if (issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union') {
    return [wrongType(sections, path, value)];
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    const given = typeof value === 'number' ? `, not ${shown(key, value)}` : '';
    return [problem('config.bad-value', path, { rule: `${sizeRule(issue)}${given}`, hint: '' })];
  }
  return [problem('config.bad-value', path, { rule: issue.message, hint: '' })];
};

/** What the schema refused, in our words: never a value that could be a secret. */
export const schemaProblems = (document: unknown, issues: readonly Issue[]): readonly ConfigProblem[] => {
  const sections = configSections();
  return issues.flatMap((issue) => problemsOf(sections, document, issue));
};
