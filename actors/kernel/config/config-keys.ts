import { z } from 'zod';
import { configSchema } from './schema.js';

/** What a key's value looks like in TOML. `tables` is an array of tables, `[[direct.peers]]`. */
export type ConfigKeyType = 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'texts' | 'tables';

export interface ConfigKey {
  /** `section.key`; inside an array of tables `section.key.field`. */
  readonly path: string;
  readonly key: string;
  readonly type: ConfigKeyType;
  readonly description: string;
  /** Undefined where the operator must give a value. */
  readonly fallback: unknown;
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** Allowed words of a `choice`, else empty. */
  readonly choices: readonly string[];
  /** Fields of the tables of a `tables` key, else empty. */
  readonly fields: readonly ConfigKey[];
}

export interface ConfigSection {
  readonly name: string;
  readonly description: string;
  readonly keys: readonly ConfigKey[];
}

/** Keys whose values no error, log, dump or argument list may hold. */
export const SECRET_KEYS: readonly string[] = ['tor.control_password', 'coordination.cluster_token'];

type Schema = z.core.JSONSchema.BaseSchema;

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null;

const typeOf = (schema: Schema): ConfigKeyType => {
  if (schema.enum !== undefined) return 'choice';
  if (schema.type === 'array') {
    return isSchema(schema.items) && !Array.isArray(schema.items) && schema.items.type === 'object'
      ? 'tables'
      : 'texts';
  }
  if (schema.type === 'integer' || schema.type === 'number' || schema.type === 'boolean') return schema.type;
  // `direct.listen` is a union of the empty text and a format: text all the same.
  return 'text';
};

const properties = (schema: Schema): readonly (readonly [string, Schema])[] =>
  Object.entries(schema.properties ?? {}).filter((entry): entry is [string, Schema] => isSchema(entry[1]));

const keyOf = (section: string, key: string, schema: Schema): ConfigKey => {
  const path = `${section}.${key}`;
  const type = typeOf(schema);
  const { items } = schema;
  return {
    path,
    key,
    type,
    description: schema.description ?? '',
    fallback: schema.default,
    minimum: schema.minimum ?? null,
    maximum: schema.maximum ?? null,
    choices: schema.enum?.map(String) ?? [],
    fields:
      type === 'tables' && isSchema(items) && !Array.isArray(items)
        ? properties(items).map(([name, field]) => keyOf(path, name, field))
        : [],
  };
};

/** Every section and key of the configuration, in the order of the schema and with its words. */
export const configSections = (): readonly ConfigSection[] =>
  properties(z.toJSONSchema(configSchema, { io: 'input' })).map(([name, section]) => ({
    name,
    description: section.description ?? '',
    keys: properties(section).map(([key, schema]) => keyOf(name, key, schema)),
  }));

/** Finds `section.key`; null when there is none. */
export const findConfigKey = (path: string): ConfigKey | null =>
  configSections()
    .flatMap((section) => section.keys)
    .find((key) => key.path === path) ?? null;

/** "a whole number from 1 to 65535": what a value must be, for errors and for the reference. */
export const valueWords = (key: ConfigKey): string => {
  const range =
    key.minimum !== null && key.maximum !== null
      ? ` from ${String(key.minimum)} to ${String(key.maximum)}`
      : '';
  switch (key.type) {
    case 'text':
      return 'a text in quotes';
    case 'integer':
      return `a whole number${range}`;
    case 'number':
      return `a number${range}`;
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${key.choices.map((choice) => `"${choice}"`).join(', ')}`;
    case 'texts':
      return 'a list of texts in quotes';
    case 'tables':
      return `blocks that begin with [[${key.path}]]`;
  }
};
