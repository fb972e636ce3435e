import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { FIXED_KEYS, READERS, reloadPlan } from '@rustbalance/supervisor/reload-plan.js';
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

const ACTORS = fileURLToPath(new URL('../../../actors/', import.meta.url));

const isSection = (name: string): name is keyof Config => Object.hasOwn(READERS, name);

/** `section.key`, or `section.` where the key cannot be seen, of all that an actor's source reads. */
const readBy = (actor: string): readonly string[] => {
  const source = readdirSync(`${ACTORS}${actor}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`${ACTORS}${actor}/${name}`, 'utf8'))
    .join('\n');
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
