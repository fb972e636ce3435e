import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configSections } from '@rustbalance/actors/kernel/config/config-keys.js';
import { exampleConfig } from '@rustbalance/actors/kernel/config/example.js';
import { parseConfig } from '@rustbalance/actors/kernel/config/load.js';
import { parseToml } from '@rustbalance/actors/kernel/config/toml-document.js';
import { MINIMAL } from './minimal.js';

const file = readFileSync(new URL('../../../ops/config.example.toml', import.meta.url), 'utf8');
/** Every default and the example of a peer, as an operator would uncomment them. */
const uncommented = file.replaceAll(/^#(?=[a-z[])/gm, '');

describe('ops/config.example.toml', () => {
  it('is what the schema makes (npm run docs writes it)', () => {
    expect(file).toBe(exampleConfig());
  });

  it('is accepted as it stands', () => {
    expect(parseConfig(file, 'example')).toMatchObject({ ok: true });
  });

  it('names every key, and no other', () => {
    const parsed = parseToml(uncommented);
    if (!parsed.ok) throw new Error(parsed.mistake.problem);
    const named = Object.entries(parsed.document).flatMap(([section, keys]) =>
      Object.keys(keys as object).map((key) => `${section}.${key}`),
    );
    const known = configSections().flatMap((section) => section.keys.map((key) => key.path));
    expect(named.toSorted()).toEqual(known.toSorted());
    expect(known.length).toBeGreaterThan(60);
    const peers = (parsed.document['direct'] as { peers: object[] }).peers;
    expect(Object.keys(peers[0]!)).toEqual(['id', 'address', 'public_key']);
  });

  it('shows the defaults: with every line uncommented it means the same as the minimal file', () => {
    const withToken = uncommented.replace('cluster_token_file = ""', 'cluster_token_file = "/t"');
    const all = parseConfig(
      withToken.replace('listen = ""\n\n# The other', 'listen = "10.0.0.1:7001"\n\n# The other'),
      'all',
    );
    const minimal = parseConfig(MINIMAL, 'minimal');
    if (!all.ok || !minimal.ok) throw new Error(JSON.stringify([all, minimal]));
    const { node, master, target, direct, coordination, ...rest } = minimal.config;
    expect(all.config).toEqual({
      ...rest,
      node: { ...node, id: 'node-a' },
      master,
      target: { ...target, url: 'http://127.0.0.1:8080' },
      coordination: { ...coordination, cluster_token_file: '/t' },
      direct: { ...direct, listen: '10.0.0.1:7001', peers: all.config.direct.peers },
    });
  });

  it('explains every key', () => {
    for (const section of configSections()) {
      expect(section.description).not.toBe('');
      for (const key of section.keys) expect(key.description.length, key.path).toBeGreaterThan(10);
    }
  });
});
