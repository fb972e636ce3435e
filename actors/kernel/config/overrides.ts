import { SECRET_KEYS, configSections, findConfigKey, valueWords } from './config-keys.js';
import type { ConfigKey } from './config-keys.js';
import { nearest } from './nearest.js';
import { problem } from './problems.js';
import type { ConfigProblem } from './problems.js';
import { parseToml } from './toml-document.js';

/** One `--set section.key=value`, understood. */
export interface Override {
  readonly section: string;
  readonly key: string;
  readonly value: unknown;
}

export type OverrideOutcome =
  | { readonly ok: true; readonly override: Override }
  | { readonly ok: false; readonly problem: ConfigProblem };

const refuse = (refused: ConfigProblem): OverrideOutcome => ({ ok: false, problem: refused });

/** A list may be given in TOML's own form, or as its only element. */
const listValue = (text: string): unknown => {
  if (!text.trimStart().startsWith('[')) return text === '' ? [] : [text];
  const parsed = parseToml(`list = ${text}`);
  return parsed.ok ? parsed.document['list'] : undefined;
};

/** The value as its key's type; undefined when the text is none of that type. Bounds are the schema's affair. */
const typedValue = (key: ConfigKey, text: string): unknown => {
  switch (key.type) {
    case 'text':
    case 'choice':
      return text;
    case 'integer':
    case 'number':
      return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'texts':
      return listValue(text);
    case 'tables':
      return undefined;
  }
};

/** Understands one argument of `--set`. What follows `=` appears in no error: it may be a secret. */
export const parseOverride = (argument: string): OverrideOutcome => {
  const match = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)=(.*)$/s.exec(argument);
  const [, section = '', name = '', text = ''] = match ?? [];
  if (match === null) return refuse(problem('config.override-syntax', []));
  const path = `${section}.${name}`;
  const key = findConfigKey(path);
  if (key === null) {
    const known = configSections().flatMap((candidate) => candidate.keys.map((other) => other.path));
    const guess = nearest(path, known);
    const hint = guess === null ? 'See docs/configuration.md for every key.' : `Did you mean ${guess}?`;
    return refuse(problem('config.unknown-key', [section, name], { name, section, hint }));
  }
  if (SECRET_KEYS.includes(path)) return refuse(problem('config.override-secret', [section, name]));
  if (key.type === 'tables') return refuse(problem('config.override-tables', [section, name]));
  const value = typedValue(key, text);
  if (value === undefined) {
    const detail = { expected: valueWords(key), found: 'what was given' };
    return refuse(problem('config.wrong-type', [section, name], detail));
  }
  return { ok: true, override: { section, key: name, value } };
};

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** The document with the overrides in it; a section that is no table is left for the schema to refuse. */
export const applyOverrides = (
  document: Readonly<Record<string, unknown>>,
  overrides: readonly Override[],
): Readonly<Record<string, unknown>> => {
  let result = document;
  for (const { section, key, value } of overrides) {
    const table = result[section] ?? {};
    if (isTable(table)) result = { ...result, [section]: { ...table, [key]: value } };
  }
  return result;
};
