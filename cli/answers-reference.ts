import { historySchema, inspectSchema, statusSchema } from '@rustbalance/supervisor/control-protocol.js';
import { z } from 'zod';

type Schema = z.core.JSONSchema.BaseSchema;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const scalarType = (schema: Schema): string => {
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${String(word)}\``).join(', ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  const { type } = schema;
  return Array.isArray(type) ? type.join(' or ') : String(type ?? 'any');
};

/** `null` is one of the alternatives of what may be unknown. */
const alternatives = (schema: Schema): readonly Schema[] => (schema.anyOf ?? [schema]).filter(isSchema);

const rows = (path: string, schema: Schema): readonly string[] => {
  const some = alternatives(schema);
  const nullable = some.some(({ type }) => type === 'null') ? ' or null' : '';
  const value = some.find(({ type }) => type !== 'null') ?? schema;
  if (value.properties !== undefined) {
    const own = path === '' || nullable === '' ? [] : [`| \`${path}\` | object${nullable} |`];
    const inner = Object.entries(value.properties).flatMap(([key, child]) =>
      isSchema(child) ? rows(path === '' ? key : `${path}.${key}`, child) : [],
    );
    return [...own, ...inner];
  }
  if (value.type === 'array' && isSchema(value.items)) return rows(`${path}[]`, value.items);
  const { additionalProperties: entry } = value;
  if (isSchema(entry) && Object.keys(entry).length > 0 && entry.properties !== undefined) {
    return rows(`${path}.*`, entry);
  }
  return [`| \`${path}\` | ${scalarType(value)}${nullable} |`];
};

const table = (schema: z.ZodType): readonly string[] => [
  '| field | value |',
  '| --- | --- |',
  ...rows('', z.toJSONSchema(schema)),
];

/** docs/status.md: the JSON of status, inspect and history, from the schemas that both ends check it with. */
export const answersReference = (): string =>
  [
    '# The JSON of `status`, `inspect` and `history`',
    '',
    '<!-- Generated from supervisor/control-protocol.ts by `npm run docs`. -->',
    '',
    'Fields may be added in later versions; none is renamed or removed. Times are ISO 8601 in UTC; durations are in',
    'seconds. An error has `code`, `what`, `where`, `action` and `detail`, as in [errors.md](errors.md).',
    '`[]` stands for every entry of a list, `*` for the name of every actor.',
    '',
    '## rustbalance status --json',
    '',
    ...table(statusSchema),
    '',
    '## rbctl inspect --json',
    '',
    ...table(inspectSchema),
    '',
    '## rbctl history --json',
    '',
    ...table(historySchema),
    '',
  ].join('\n');
