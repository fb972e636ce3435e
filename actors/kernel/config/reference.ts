import { SECRET_KEYS, configSections, valueWords } from './config-keys.js';
import type { ConfigKey, ConfigSection } from './config-keys.js';
import { tomlValue } from './example.js';

const cell = (text: string): string => text.replaceAll('|', '\\|');

const code = (text: string): string => `\`${text}\``;

const fallback = (key: ConfigKey): string => {
  if (key.fallback === undefined) return 'required';
  return key.fallback === '' ? 'empty' : code(tomlValue(key.fallback));
};

const row = (key: ConfigKey): string => {
  const words = valueWords(key)
    .replaceAll('"', '`')
    .replaceAll(/\[\[.*\]\]/g, code);
  const secret = SECRET_KEYS.includes(key.path) ? ' Secret: never on the command line.' : '';
  return `| ${code(key.key)} | ${cell(words)} | ${cell(fallback(key))} | ${cell(key.description)}${secret} |`;
};

const HEAD = ['| key | value | default | meaning |', '| --- | --- | --- | --- |'];

const table = (section: ConfigSection): readonly string[] => [
  '',
  `## [${section.name}]`,
  '',
  section.description,
  '',
  ...HEAD,
  ...section.keys.map(row),
  ...section.keys
    .filter((key) => key.fields.length > 0)
    .flatMap((key) => ['', `### [[${key.path}]]`, '', ...HEAD, ...key.fields.map(row)]),
];

/** docs/configuration.md. */
export const configurationReference = (): string =>
  [
    '# Configuration',
    '',
    '<!-- Generated from actors/kernel/config/schema.ts by `npm run docs`. -->',
    '',
    'One TOML file, `/etc/rustbalance/config.toml` unless `--config` names another. Unknown keys are refused, and every',
    'mistake is reported with its line. All durations are in seconds and may have a fraction. `ops/config.example.toml`',
    'is the same list as a file to start from. `--set section.key=value` overrides one value on every command that reads',
    'the configuration (repeatable; lists as `["a", "b"]`), except secrets and blocks in double brackets.',
    '',
    'Files that hold secrets (`node.key_path`, `master.identity_key_path`, `coordination.cluster_token_file`) must belong to the user of the',
    'daemon or to root and be readable by nobody else; files in `$CREDENTIALS_DIRECTORY` (systemd) are taken as they are.',
    ...configSections().flatMap(table),
    '',
  ].join('\n');
