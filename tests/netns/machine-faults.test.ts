import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DaemonNode } from '../support/cluster/daemon-node.js';
import type { StatusJson } from '../support/cluster/status.js';
import { eventually } from '../support/eventually.js';
import { measuring } from '../support/measured.js';
import { Namespace } from '../support/netns/namespace.js';

/** A look every 15 to 60 s, a write, and a loaded machine. */
const PATIENCE_MS = 120_000;

const found = (status: StatusJson, code: string): boolean =>
  status.findings.some(({ error }) => error.code === code);

/** One real daemon whose state lies on a small disk of its own, in a namespace without any network. */
describe('a machine whose files and disk are damaged under a running daemon', () => {
  let dir: string;
  let namespace: Namespace;
  let node: DaemonNode;
  const state = (...names: readonly string[]): string => join(dir, 'state', ...names);
  const etc = (name: string): string => join(dir, 'etc', name);
  const sh = (script: string): Promise<string> => namespace.run('sh', '-c', script);
  const sum = (path: string): Promise<string> => sh(`sha256sum < ${path}`);
  const mode = async (path: string): Promise<string> => (await sh(`stat -c %a ${path}`)).trim();

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'rb-m-'));
    namespace = await Namespace.make();
    await mkdir(state(), { mode: 0o700 });
    await sh(`mount -t tmpfs -o size=48m,mode=0700 tmpfs ${state()}`);
    node = await DaemonNode.init({
      id: 'alpha',
      dir,
      set: ['supervisor.start_timeout_secs=20'],
      enter: namespace.before,
      target: 'http://127.0.0.1:1',
      listen: '127.0.0.1:7001',
      priority: 1,
      importKey: null,
      clusterTokenFile: null,
    });
    node.start();
    await node.until('is ready', ({ ready }) => ready, PATIENCE_MS);
  }, 240_000);

  afterAll(async () => {
    await node?.stop();
    await namespace?.end();
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }, 60_000);

  test('says that the disk is full, lives on, and saves its state when there is room again', async () => {
    const fill = (): Promise<string> =>
      sh(`dd if=/dev/zero of=${state('filling')} bs=4k oflag=append conv=notrunc 2>&1 || true`);
    await fill();
    const noticed = measuring('the disk fills up: a finding');
    await node.until('disk full', (status) => found(status, 'health.disk-full'), PATIENCE_MS);
    noticed();
    // A record that is new and will not change again: unlike the history, nobody saves it a second time.
    const members = state('members.json');
    await fill();
    expect((await node.command('token create')).code).toBe(0);
    const isRefused = (line: string): boolean =>
      line.includes('[state.write-failed]') && line.includes(members);
    await eventually('the record cannot be written', () => node.log.some(isRefused), {
      timeoutMs: PATIENCE_MS,
    });
    const before = await sum(members).catch(() => 'none');
    await sh(`rm ${state('filling')}`);
    const written = measuring('the disk has room again: what could not be written is there');
    const over = measuring('the disk has room again: the finding is over');
    const isWritten = async (): Promise<boolean> => (await sum(members)) !== before;
    await Promise.all([
      eventually('the record is written', isWritten, { timeoutMs: PATIENCE_MS, everyMs: 250 }).then(written),
      node.until('room again', (status) => !found(status, 'health.disk-full'), PATIENCE_MS).then(over),
    ]);
    const history = await node.command('history');
    expect(history.stdout).toMatch(/health\.disk-full\]; well after/);
    expect(node.isRunning()).toBe(true);
  }, 300_000);

  test('writes lost and damaged keys again from memory, and takes modes back that are too open', async () => {
    const instance = state('tor', 'instance');
    const secret = join(instance, 'hs_ed25519_secret_key');
    const [masterBefore, secretBefore] = [await sum(etc('master.key')), await sum(secret)];
    const mended = measuring('key deleted, instance file damaged, modes too open: all as before');
    await sh(`rm ${etc('master.key')} ${join(instance, 'hostname')}`);
    await sh(`printf damaged > ${secret}`);
    await sh(`chmod 0755 ${instance}; chmod 0644 ${etc('node.key')}`);
    const whole = async (): Promise<boolean> =>
      (await sum(etc('master.key')).catch(() => '')) === masterBefore &&
      (await sum(secret)) === secretBefore &&
      (await mode(instance)) === '700' &&
      (await mode(etc('node.key'))) === '600';
    await eventually('all is as it was', whole, { timeoutMs: PATIENCE_MS, everyMs: 250 });
    mended();
    expect(await mode(etc('master.key'))).toBe('600');
    expect((await sh(`cat ${join(instance, 'hostname')}`)).trim()).toMatch(/^[a-z2-7]{56}\.onion$/);
    await node.until(
      'is well',
      (status) =>
        !['health.master-key-file', 'health.instance-files', 'health.mode-too-open'].some((code) =>
          found(status, code),
        ),
      PATIENCE_MS,
    );
    const history = await node.command('history');
    for (const deed of ['restore-key', 'restore-instance', 'mend-modes']) {
      expect(history.stdout).toMatch(new RegExp(`Z  ${deed}$`, 'm'));
    }
    // No repair discloses what it repaired with.
    expect(node.log.join('\n')).not.toMatch(/[a-z2-7]{56}/);
  }, 300_000);

  test('listens again after its socket was deleted', async () => {
    const socket = join(dir, 'run', 'proxy.sock');
    const canConnect = (): Promise<boolean> =>
      new Promise((resolve) => {
        const client = connect(socket);
        client.once('connect', () => {
          client.destroy();
          resolve(true);
        });
        client.on('error', () => {
          resolve(false);
        });
      });
    await eventually('it listens', canConnect, { timeoutMs: PATIENCE_MS });
    await rm(socket);
    expect(await canConnect()).toBe(false);
    const back = measuring('the socket of the proxy is deleted: it listens again');
    await eventually('it listens again', canConnect, { timeoutMs: PATIENCE_MS });
    back();
    expect((await node.command('history')).stdout).toMatch(/Z {2}restart-actor proxy$/m);
    expect((await node.actor('proxy')).last_error?.code).toBe('actor.restart-ordered');
  }, 300_000);

  test('restores a damaged master key, and keeps the damaged one beside it', async () => {
    const before = await sum(etc('master.key'));
    await sh(`printf damaged > ${etc('master.key')}`);
    const whole = measuring('the master key file is damaged: restored');
    const restored = async (): Promise<boolean> => (await sum(etc('master.key')).catch(() => '')) === before;
    await eventually('the key is back', restored, { timeoutMs: PATIENCE_MS, everyMs: 250 });
    whole();
    expect(await sh(`cat ${etc('master.key.damaged')}`)).toBe('damaged');
    expect(await mode(etc('master.key.damaged'))).toBe('600');
  }, 300_000);

  test('writes the other keys again from memory, and the history of it all outlives the daemon', async () => {
    const before = [await sum(etc('node.key')), await sum(etc('cluster.token'))];
    await sh(`rm ${etc('node.key')}; printf '' > ${etc('cluster.token')}`);
    const restored = measuring('node.key is deleted, cluster.token emptied: both restored');
    const isWhole = async (): Promise<boolean> =>
      (await sum(etc('node.key')).catch(() => '')) === before[0] &&
      (await sum(etc('cluster.token'))) === before[1];
    await eventually('both are as they were', isWhole, { timeoutMs: PATIENCE_MS, everyMs: 250 });
    restored();
    expect([await mode(etc('node.key')), await mode(etc('cluster.token'))]).toEqual(['600', '600']);
    await node.until('is well', (now) => !found(now, 'health.key-file'), PATIENCE_MS);
    expect(await node.stop()).toBe(0);
    node.start();
    await node.until('is ready again', ({ ready }) => ready, PATIENCE_MS);
    const history = await node.command('history', '--since', '1h');
    expect(history.stdout).toContain('health.key-file');
    expect(history.stdout).toMatch(/Z  restore-key node\.key_path$/m);
    expect(history.stdout).toContain('health.disk-full');
  }, 300_000);
});
