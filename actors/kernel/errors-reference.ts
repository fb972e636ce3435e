import { CATALOGUE } from './error-catalogue.js';

const AREAS: Readonly<Record<string, string>> = {
  cli: 'Commands',
  config: 'The configuration',
  control: "Tor's control port",
  internal: 'Everywhere',
  message: 'Between actors',
  secret: 'Files that hold secrets',
  state: 'The state file',
  tor: 'Tor of this node',
};

const cell = (text: string): string => text.replaceAll('|', '\\|');

const placeholders = (text: string): string => text.replaceAll(/\{(\w+)\}/g, '*$1*');

/** docs/errors.md: every error of the catalogue, by the first half of its code. */
export const errorsReference = (): string => {
  const codes = Object.keys(CATALOGUE) as (keyof typeof CATALOGUE)[];
  const areas = [...new Set(codes.map((code) => code.slice(0, code.indexOf('.'))))].toSorted();
  const rows = (area: string): readonly string[] =>
    codes
      .filter((code) => code.startsWith(`${area}.`))
      .toSorted()
      .map((code) => {
        const { what, action } = CATALOGUE[code];
        return `| \`${code}\` | ${cell(placeholders(what))} | ${cell(placeholders(action))} |`;
      });
  return [
    '# Errors',
    '',
    '<!-- Generated from actors/kernel/error-catalogue.ts by `npm run docs`. -->',
    '',
    'Every error says where it happened, what failed, its code, and what to do:',
    '`where: what [code]. action`. With `--json` it is an object with these fields and `detail`, which holds the words',
    'in *italics* below.',
    ...areas.flatMap((area) => [
      '',
      `## ${AREAS[area] ?? `${area[0]?.toUpperCase() ?? ''}${area.slice(1)}`}`,
      '',
      '| code | what failed | what to do |',
      '| --- | --- | --- |',
      ...rows(area),
    ]),
    '',
  ].join('\n');
};
