import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { FIXED_KEYS, READERS, READS_ONLY, reloadPlan } from '@rustbalance/supervisor/reload-plan.js';
import { expect, test } from 'vitest';

const config = (change: Readonly<Record<string, object>> = {}): Config =>
  configSchema.parse({
    ...change,
    node: { id: 'n1', ...change['node'] },
    master: { onion_address: `${'a'.repeat(56)}.onion`, ...change['master'] },
  });

test('the same configuration changes nothing', () => {
  const now = config();
  expect(reloadPlan(now, config())).toEqual({ config: now, restart: [], taken: [], fixed: [] });
});

test('another target restarts those who speak to it, in the order of their start', () => {
  const plan = reloadPlan(config(), config({ target: { url: 'http://10.0.0.9:80' } }));
  expect(plan).toMatchObject({ restart: ['proxy', 'health'], taken: ['target.url'], fixed: [] });
  expect(plan.config.target.url).toBe('http://10.0.0.9:80');
});

test('another log level restarts nobody', () => {
  const plan = reloadPlan(config(), config({ log: { level: 'debug' } }));
  expect(plan).toMatchObject({ restart: [], taken: ['log.level'] });
  expect(plan.config.log.level).toBe('debug');
});

test('what a new process alone can take is named and stays as it was, beside what changes', () => {
  const plan = reloadPlan(
    config(),
    config({ proxy: { listen: '127.0.0.1:8000', max_connections: 7 }, tor: { mode: 'system' } }),
  );
  expect(plan.fixed).toEqual(['proxy.listen', 'tor.mode']);
  expect(plan.taken).toEqual(['proxy.max_connections']);
  expect(plan.config.proxy).toMatchObject({ listen: '', max_connections: 7 });
  expect(plan.config.tor.mode).toBe('managed');
});

test('a peer that was added restarts the transports and the election', () => {
  const peer = { id: 'n2', address: '10.0.0.2:7001', public_key: `${'A'.repeat(43)}=` };
  const plan = reloadPlan(config(), config({ direct: { peers: [peer] } }));
  expect(plan.restart).toEqual(['wg', 'election']);
  expect(plan.config.direct.peers).toHaveLength(1);
});

test.each([
  ['when a peer is dead', { resilience: { dead_threshold: 9 } }, ['election', 'publisher', 'health']],
  [
    'how often peers are probed',
    { coordination: { probe_interval_secs: 2 } },
    ['election', 'publisher', 'health'],
  ],
  ['how many may join', { join: { max_joins: 9 } }, ['election']],
])('what changes %s leaves tunnels and connections alone', (_what, change, restart) => {
  expect(reloadPlan(config(), config(change)).restart).toEqual(restart);
});

test.each([
  [{ resilience: { tor_fallback_enabled: false } }, 'wg'],
  [{ join: { via_master: true } }, 'proxy'],
] as const)('%o restarts the %s actor, which reads it', (change, actor) => {
  expect(reloadPlan(config(), config(change)).restart).toContain(actor);
});

const ACTORS = fileURLToPath(new URL('../../../actors/', import.meta.url));

const isSection = (name: string): name is keyof Config => Object.hasOwn(READERS, name);

const sourceOf = (actor: string): string =>
  readdirSync(`${ACTORS}${actor}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`${ACTORS}${actor}/${name}`, 'utf8'))
    .join('\n');

/** `section.key`, or `section.` where the key cannot be seen, of all that an actor's source reads. */
const readBy = (actor: string): readonly string[] => {
  const source = sourceOf(actor);
  const named = [...source.matchAll(/\bconfig\.([a-z]+)(?:\.([a-z_]+))?/g)].map(
    ([, section = '', key = '']) => `${section}.${key}`,
  );
  const taken = [...source.matchAll(/\{([^{}]*)\}: (?:Pick<)?Config\b/g)].flatMap(([, names = '']) =>
    names.split(',').map((name) => `${name.split(':')[0]!.trim()}.`),
  );
  return [...new Set([...named, ...taken])].filter((one) => isSection(one.split('.')[0]!));
};

test.each(ACTOR_NAMES)('the %s actor is started anew for every section that it reads', (actor) => {
  const left = readBy(actor).filter((one) => {
    const [section = '', key = ''] = one.split('.');
    if (!isSection(section)) return false;
    const readers = READERS[section];
    return readers !== 'process' && !readers.includes(actor) && !FIXED_KEYS[section]?.includes(key);
  });
  // A Tor has the SOCKS port for diagnoses from its start or not at all.
  expect(left).toEqual(actor === 'tor' ? ['canary.enabled'] : []);
});

const names = (list: string): string[] => list.split(',').map((name) => name.split(':')[0]!.trim());

/** The keys of a section that a source reads, wherever it holds the section by its own name. */
const keysRead = (source: string, section: string): string[] => [
  ...[...source.matchAll(new RegExp(`\\b${section}\\.([a-z_]+)\\b`, 'g'))].map(([, key = '']) => key),
  ...[...source.matchAll(new RegExp(`\\{([^{}]*)\\} = [\\w.]*\\b${section};`, 'g'))].flatMap(
    ([, list = '']) => names(list),
  ),
];

const partial = Object.entries(READS_ONLY).flatMap(([actor, sections]) =>
  Object.entries(sections).map(([section, keys]) => [actor, section as keyof Config, keys] as const),
);

test.each(partial)('the %s actor reads of [%s] nothing but %j and what is fixed', (actor, section, keys) => {
  const known = Object.keys(config()[section]);
  const read = keysRead(sourceOf(actor), section).filter((key) => known.includes(key));
  const changeable = read.filter((key) => !(FIXED_KEYS[section] ?? []).includes(key));
  expect([...new Set(changeable)].sort()).toEqual([...keys].sort());
});
