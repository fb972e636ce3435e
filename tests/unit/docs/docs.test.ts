import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { allCommands } from '@rustbalance/cli/commands.js';
import { answersReference } from '@rustbalance/cli/answers-reference.js';
import { commandsReference } from '@rustbalance/cli/commands-reference.js';
import { configurationReference } from '@rustbalance/actors/kernel/config/reference.js';
import { configSections } from '@rustbalance/actors/kernel/config/config-keys.js';
import { CATALOGUE } from '@rustbalance/actors/kernel/error-catalogue.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ErrorCode } from '@rustbalance/actors/kernel/errors.js';
import { errorsReference } from '@rustbalance/actors/kernel/errors-reference.js';
import { messagesReference } from '@rustbalance/actors/kernel/messages-reference.js';
import { MESSAGES } from '@rustbalance/actors/kernel/messages.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const COMMANDS = await allCommands();

/** Every source file of the program, tests apart. */
const SOURCES = ['crypto-worker', 'actors', 'supervisor', 'cli'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(^|\/)(dist|node_modules)\//.test(name))
    .map((name) => `${folder}/${name}`),
);

describe('a generated page', () => {
  it.each([
    ['docs/configuration.md', configurationReference],
    ['docs/commands.md', commandsReference],
    ['docs/status.md', answersReference],
    ['docs/messages.md', messagesReference],
    ['docs/errors.md', errorsReference],
  ])('%s is what the code makes (npm run docs writes it)', async (path, make) => {
    expect(read(path)).toBe(await make());
  });
});

describe('the references', () => {
  it('name every error, and none that does not exist', () => {
    const named = [...read('docs/errors.md').matchAll(/^\| `([a-z-]+\.[a-z0-9-]+)` \|/gm)].map(
      (match) => match[1]!,
    );
    expect(named.toSorted()).toEqual(Object.keys(CATALOGUE).toSorted());
  });

  it('name every configuration key', () => {
    const page = read('docs/configuration.md');
    for (const { keys } of configSections()) {
      for (const { key } of keys) expect(page).toContain(`| \`${key}\` |`);
    }
  });

  it('name every command and message', () => {
    const commands = read('docs/commands.md');
    for (const { words } of COMMANDS) expect(commands).toContain(`\n## ${words.join(' ')}\n`);
    const messages = read('docs/messages.md');
    for (const name of Object.keys(MESSAGES)) expect(messages).toContain(`| \`${name}\` |`);
  });
});

describe('the error catalogue', () => {
  const codes = Object.keys(CATALOGUE) as ErrorCode[];
  const everything = SOURCES.filter((path) => !path.includes('/errors-by-area/'))
    .map(read)
    .join('\n');

  it.each(codes)('%s is an error that something reports', (code) => {
    expect(everything.includes(`'${code}'`), `nothing reports ${code}`).toBe(true);
  });

  it('says what failed without an end mark, and what to do as a sentence', () => {
    for (const code of codes) {
      const { what, action } = CATALOGUE[code];
      expect(what, code).toMatch(/[^.!]$/);
      if (!action.includes('{')) expect(action, code).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('fills its placeholders, and leaves one that it was not given', () => {
    const error = errorData('control.deadline', 'tor', { command: 'GETINFO' });
    expect(error.what).toBe('Tor did not answer GETINFO within {deadlineMs} ms');
  });
});

describe('the pages', () => {
  it.each(PAGES)('%s links to files that exist', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1]!);
    for (const link of links) {
      expect(existsSync(resolve(ROOT, dirname(page), link)), `${page} → ${link}`).toBe(true);
    }
  });

  it.each(PAGES)('%s names files of the repository that exist', (page) => {
    const paths = [
      ...read(page).matchAll(/`((?:actors|cli|supervisor|crypto-worker|tests|ops)\/[\w./-]*)`/g),
    ];
    for (const [, path = ''] of paths) {
      expect(existsSync(join(ROOT, path)), `${page} → ${path}`).toBe(true);
    }
  });

  it('show command lines whose commands and options exist', () => {
    const lines = PAGES.flatMap((page) =>
      [...read(page).matchAll(/^(?:sudo -u rustbalance )?(?:rustbalance|rbctl) ([a-z].*)$/gm)].map(
        (match) => match[1]!,
      ),
    );
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      const words = line
        .replace(/\s+#.*$/, '')
        .replace(/\[.*\]$/, '')
        .trim()
        .split(/\s+/);
      const command = COMMANDS.find((candidate) =>
        candidate.words.every((word, index) => words[index] === word),
      );
      expect(command, line).toBeDefined();
      for (const flag of words.filter((word) => word.startsWith('--'))) {
        expect(Object.keys(command!.options), line).toContain(flag.slice(2));
      }
    }
  });

  it('mention nothing of the machine that they were written on', () => {
    for (const page of PAGES) expect(read(page), page).not.toMatch(/\/work\/|TOR_FACTS|\.mirror/);
  });
});

describe('package.json', () => {
  it('has the scripts that the pages name', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1]!),
    );
    expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
  });
});
