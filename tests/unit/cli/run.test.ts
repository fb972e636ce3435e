import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestWorld } from './world.js';

let root = '';
const at = (name: string): string => join(root, 'etc', name);
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'rb-run-'));
  const world = new TestWorld();
  expect(
    await world.run(
      ...['init', '--config-dir', join(root, 'etc'), '--target', 'http://127.0.0.1:1'],
      ...['--transport', 'direct', '--yes'],
    ),
  ).toBe(0);
});
afterEach(() => rmSync(root, { recursive: true }));

const check = async (...extra: readonly string[]): Promise<TestWorld & { code: number }> => {
  const world = new TestWorld();
  return Object.assign(world, {
    code: await world.run('run', '--check', '--config', at('config.toml'), ...extra),
  });
};

describe('run --check', () => {
  it('accepts what init made', async () => {
    const world = await check();
    expect([world.code, world.out, world.err]).toEqual([0, 'The configuration is good.\n', '']);
  });

  it.each([
    [
      'a key that others can read',
      () => chmodSync(at('node.key'), 0o644),
      'secret.too-open',
      'Run: chmod 600',
    ],
    ['a missing key', () => rmSync(at('master.key')), 'secret.unreadable', 'rustbalance init'],
    ['a damaged key', () => writeFileSync(at('node.key'), 'PLANTED'), 'secret.bad-node-key', 'base64'],
  ])('exits with 78 because of %s, and says what to do', async (_what, damage, code, remedy) => {
    damage();
    const world = await check();
    expect([world.code, world.out]).toEqual([78, '']);
    expect(world.err.split('\n').length).toBe(2);
    expect(world.err).toContain(`[${code}]`);
    expect(world.err).toContain(remedy);
    expect(world.err).not.toContain('PLANTED');
  });

  it('exits with 78 because of a back-off that the intensity can never catch', async () => {
    const world = await check('--set', 'supervisor.period_secs=5');
    expect(world.code).toBe(78);
    expect(world.err).toContain('[config.breaker-cannot-trip]');
  });

  it('exits with 78 and all lines when several things are wrong', async () => {
    const text = readFileSync(at('config.toml'), 'utf8').replace(
      '[direct]',
      '[direct]\nlisten = "x"\nlissten = 3',
    );
    writeFileSync(at('config.toml'), text);
    const world = await check('--set', 'log.level=loud');
    expect(world.code).toBe(78);
    expect(world.err.trimEnd().split('\n').length).toBe(3);
  });

  it('warns of a secret in a file that others can read, and goes on', async () => {
    const text = readFileSync(at('config.toml'), 'utf8').replace(
      '[coordination]',
      '[tor]\ncontrol_password = "PLANTED"\n\n[coordination]',
    );
    writeFileSync(at('config.toml'), text);
    chmodSync(at('config.toml'), 0o644);
    const world = await check();
    expect(world.code).toBe(0);
    expect(world.err).toMatch(/^warning: .*\[config\.readable-secret\]/);
    expect(world.err).not.toContain('PLANTED');
  });
});
