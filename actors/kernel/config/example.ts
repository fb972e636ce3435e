import { configSections, valueWords } from './config-keys.js';
import type { ConfigKey, ConfigSection } from './config-keys.js';

/**
 * What the annotated example shows where there is no default to show. The address is that of the first test key
 * of RFC 8032, which everybody knows: nobody runs a service with it.
 */
export const EXAMPLE_VALUES: Readonly<Record<string, unknown>> = {
  'node.id': 'node-a',
  'master.onion_address': '25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion',
  'target.url': 'http://127.0.0.1:8080',
  'direct.peers.id': 'node-b',
  'direct.peers.address': '10.0.0.2:7001',
  'direct.peers.public_key': '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
};

/** A value as TOML writes it. */
export const tomlValue = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
};

/** Whether the operator must give this key: it stands uncommented in the example. */
const isGiven = (key: ConfigKey): boolean => Object.hasOwn(EXAMPLE_VALUES, key.path);

const keyLines = (key: ConfigKey): readonly string[] => {
  const words = valueWords(key).replace(/^./, (first) => first.toUpperCase());
  const explained = [`# ${key.description}`, ...(key.type === 'text' ? [] : [`# ${words}.`])];
  if (key.type === 'tables') {
    const fields = key.fields.flatMap((field) => [
      `# ${field.description}`,
      `#${field.key} = ${tomlValue(EXAMPLE_VALUES[field.path])}`,
    ]);
    return [...explained, `#[[${key.path}]]`, ...fields];
  }
  if (isGiven(key)) return [...explained, `${key.key} = ${tomlValue(EXAMPLE_VALUES[key.path])}`];
  return [...explained, `#${key.key} = ${tomlValue(key.fallback)}`];
};

const sectionLines = (section: ConfigSection): readonly string[] => [
  '',
  `# — ${section.description}`,
  `[${section.name}]`,
  // Tables come last: whatever followed them would belong to them.
  ...[...section.keys]
    .sort((a, b) => Number(a.type === 'tables') - Number(b.type === 'tables'))
    .flatMap((key) => ['', ...keyLines(key)]),
];

/**
 * ops/config.example.toml: every key with its meaning, its type and its default. Lines that begin with "#" and no
 * blank are defaults; what must be chosen stands uncommented.
 */
export const exampleConfig = (): string =>
  [
    '# The configuration of a RustBalance node: every key there is.',
    '#',
    '# Lines that begin with "#" and no blank show defaults; remove the "#" to change one. What has no default stands',
    '# uncommented. rustbalance init writes a file with what your node needs. Every duration is in seconds and may',
    '# have a fraction. Check a file with: rustbalance run --config FILE --check',
    ...configSections().flatMap(sectionLines),
    '',
  ].join('\n');
