import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import type { SecretsOnTheWire } from '@rustbalance/actors/kernel/secrets.js';
import { actorBirths } from '@rustbalance/supervisor/actor-birth.js';
import { expect, test } from 'vitest';

const config = configSchema.parse({
  node: { id: 'n1' },
  master: { onion_address: `${'a'.repeat(56)}.onion` },
  tor: { control_password: 'planted-password' },
  coordination: { cluster_token: 'planted-token' },
});

const births = actorBirths(config, {
  masterKey: new Secret(new Uint8Array(64).fill(1)),
  nodeKey: new Secret(new Uint8Array(32).fill(2)),
  clusterToken: new Secret(new Uint8Array(16).fill(3)),
  wireguardKey: new Secret(new Uint8Array(32).fill(5)),
  controlPassword: new Secret(new Uint8Array(8).fill(4)),
});

test('each actor is born with its own secrets and no other', () => {
  const held = Object.fromEntries(
    ACTOR_NAMES.map((name) => {
      const secrets = births(name).secrets as SecretsOnTheWire;
      return [name, Object.entries(secrets).flatMap(([secret, bytes]) => (bytes === null ? [] : [secret]))];
    }),
  );
  expect(held).toEqual({
    tor: ['nodeKey', 'controlPassword'],
    wg: ['nodeKey', 'clusterToken', 'wireguardKey'],
    election: ['masterKey', 'nodeKey', 'clusterToken'],
    publisher: ['masterKey'],
    proxy: ['selfTestKey'],
    health: ['selfTestKey'],
  });
});

test('the key of self-tests is the same for proxy and health, and says nothing of the token that it is made from', () => {
  const keyOf = (name: 'proxy' | 'health') => (births(name).secrets as SecretsOnTheWire).selfTestKey;
  expect(keyOf('proxy')).toEqual(keyOf('health'));
  expect(Buffer.from(keyOf('proxy')!).includes(Buffer.alloc(4, 3))).toBe(false);
});

test('a secret lies in shared memory once, however often its actor is born', () => {
  const first = births('publisher').secrets as SecretsOnTheWire;
  const second = births('publisher').secrets as SecretsOnTheWire;
  expect(first.masterKey?.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(first.masterKey?.buffer).toBe(second.masterKey?.buffer);
  expect(first.masterKey).toEqual(new Uint8Array(64).fill(1));
});

test('the configuration that actors are born with holds no secret', () => {
  for (const name of ACTOR_NAMES) {
    expect(JSON.stringify(births(name).config)).not.toMatch(/planted/);
  }
});
