import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTokenText } from '@rustbalance/actors/election/join/token-reading.js';
import { encodeTokenText } from '@rustbalance/actors/election/join/token-text.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { MAIN, rustbalance, spawnDaemon } from '../../support/cluster/program.js';
import { eventually } from '../../support/eventually.js';
import { freePorts } from '../../support/tor-network/free-ports.js';

/**
 * Real daemons that meet by direct addresses on loopback, formed by init and join alone. They attach to a Tor that is
 * not there: joining needs none, and nothing of this leaves the machine.
 */
const NO_TOR = ['tor.mode=system', 'tor.control_socket=/nonexistent/control'];
const PATIENCE = { timeoutMs: 60_000, everyMs: 50 };

let dir = '';
let ports: readonly number[] = [];
let daemons: ChildProcess[] = [];
const relays: Server[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rb-j-'));
  ports = await freePorts(4);
});

afterEach(async () => {
  await Promise.all(
    daemons.map(async (daemon) => {
      if (daemon.exitCode !== null || daemon.signalCode !== null) return;
      const exit = once(daemon, 'exit');
      daemon.kill('SIGKILL');
      await exit;
    }),
  );
  daemons = [];
  for (const relay of relays.splice(0)) relay.close();
  await rm(dir, { recursive: true, force: true, maxRetries: 3 });
});

const at = (...names: readonly string[]): string => join(dir, ...names);
const listen = (index: number): string => `127.0.0.1:${String(ports[index] ?? 0)}`;
const places = (name: string): string[] => [
  ...['--config-dir', at(name, 'etc'), '--state-dir', at(name, 'state'), '--run-dir', at(name, 'run')],
  ...['--target', 'http://127.0.0.1:1'],
];
const configured = (name: string): string[] => [
  '--config',
  at(name, 'etc', 'config.toml'),
  ...NO_TOR.flatMap((one) => ['--set', one]),
];

const ok = async (args: readonly string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await rustbalance([...args, '--json']);
  if (code !== 0) throw new Error(`${args[0] ?? ''} exited ${String(code)}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
};

/** Runs join with the token on standard input, as the documentation says. */
const spawnJoin = (token: string, name: string, index: number, ...more: readonly string[]) => {
  const args = [MAIN, 'join', ...places(name), '--listen', listen(index), '--yes', '--json', ...more];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(`${token}\n`);
  return child;
};

const joinWith = async (token: string, name: string, index: number, ...more: readonly string[]) => {
  const child = spawnJoin(token, name, index, ...more);
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...text };
};

const startDaemon = async (name: string): Promise<void> => {
  const daemon = spawnDaemon(configured(name));
  daemons.push(daemon);
  let log = '';
  daemon.stderr?.on('data', (chunk: Buffer) => (log = `${log}${chunk.toString()}`.slice(-4000)));
  await eventually(
    `${name} is ready`,
    async () => {
      if (daemon.exitCode !== null) throw new Error(`${name} ended: ${log}`);
      return (await status(name).catch(() => null))?.ready === true;
    },
    PATIENCE,
  );
};

const status = (name: string) => askDaemon(at(name, 'run', 'control.sock'), { command: 'status' });

const peersOf = async (name: string): Promise<readonly string[]> =>
  (await status(name)).peers
    .filter(({ last_seen_secs: seen, lifecycle }) => seen !== null && lifecycle !== 'dead')
    .map(({ id }) => id)
    .sort();

/** The number of the last attempt that a text tells of, 0 where it tells of none: who looks seldom sees only some of them. */
const attemptsIn = (text: string): number => Number(/attempt (\d+) at /.exec(text)?.[1] ?? 0);

const stopDaemon = async (name: string): Promise<void> => {
  await askDaemon(at(name, 'run', 'control.sock'), { command: 'stop' });
  await Promise.all(
    daemons.map(async (daemon) => {
      if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
    }),
  );
};

/** The token, naming instead of its member a relay before it that takes requests through and swallows the answers. */
const throughLossyRelay = async (text: string, port: number, swallowed: () => void): Promise<string> => {
  const server = createServer((joiner) => {
    const member = connect(port, '127.0.0.1');
    joiner.on('error', () => undefined);
    member.on('error', () => joiner.destroy());
    joiner.on('close', () => member.destroy());
    joiner.pipe(member);
    member.once('data', swallowed);
  });
  relays.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const reading = readTokenText(text, 0);
  if (!reading.ok) throw new Error(reading.error.what);
  const { token } = reading;
  const direct = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return encodeTokenText({ ...token, origin: { ...token.origin, direct } });
};

const firstNode = async (): Promise<string> => {
  const made = await ok(['init', ...places('a'), '--node-id', 'alpha', '--listen', listen(0), '--yes']);
  await startDaemon('a');
  return String(made['join_token']);
};

describe('a cluster formed by init and join', () => {
  test('is a full mesh whose newest member knows it from its first member alone', async () => {
    const token = await firstNode();
    const beta = await joinWith(token, 'b', 1, '--node-id', 'beta');
    expect(beta).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(beta.out)).toMatchObject({
      node_id: 'beta',
      priority: 110,
      cluster_size: 2,
      transport: 'direct',
      master_key_path: at('b', 'etc', 'master.key'),
    });
    for (const file of ['master.key', 'cluster.token']) {
      expect(await readFile(at('b', 'etc', file))).toEqual(await readFile(at('a', 'etc', file)));
    }
    expect((await readdir(at('b', 'etc', 'peers'))).sort()).toEqual(['alpha.pub', 'beta.pub']);
    await startDaemon('b');
    await eventually(
      'alpha and beta hear each other',
      async () => (await peersOf('a')).length === 1,
      PATIENCE,
    );

    // By the new member, which asks the one that counts.
    const { created } = await ok(['token', 'create', '--lifetime', '5m', ...configured('b')]);
    const gamma = await joinWith(String(created), 'c', 2, '--node-id', 'beta', '--no-master-key');
    expect(gamma).toMatchObject({ code: 0 });
    expect(JSON.parse(gamma.out)).toMatchObject({
      node_id: 'beta-2',
      cluster_size: 3,
      master_key_path: null,
    });
    expect((await readdir(at('c', 'etc'))).sort()).toEqual([
      'cluster.token',
      'config.toml',
      'node.key',
      'peers',
    ]);
    await startDaemon('c');
    await eventually(
      'all hear all',
      async () =>
        JSON.stringify([await peersOf('a'), await peersOf('b'), await peersOf('c')]) ===
        JSON.stringify([
          ['beta', 'beta-2'],
          ['alpha', 'beta-2'],
          ['alpha', 'beta'],
        ]),
      PATIENCE,
    );

    const spent = await joinWith(String(created), 'd', 3);
    expect([spent.code, JSON.parse(spent.err)]).toMatchObject([
      1,
      { errors: [{ code: 'join.token-spent' }] },
    ]);
    expect(await readdir(dir)).not.toContain('d');

    // A node without the master key lets others in, and brings it to none.
    const keyless = await rustbalance(['token', 'create', ...configured('c')]);
    expect(keyless).toMatchObject({ code: 0, stderr: expect.stringContaining('no master key') as string });
    const wanting = await joinWith(keyless.stdout, 'd', 3);
    expect([wanting.code, JSON.parse(wanting.err)]).toMatchObject([
      1,
      { errors: [{ code: 'join.no-key-grant' }] },
    ]);
    expect(await readdir(dir)).not.toContain('d');
    const delta = await joinWith(keyless.stdout, 'd', 3, '--node-id', 'delta', '--no-master-key');
    expect(JSON.parse(delta.out)).toMatchObject({ node_id: 'delta', master_key_path: null });

    expect(await ok(['remove', 'beta-2', ...configured('a')])).toEqual({ removed: 'beta-2' });
    await eventually(
      'the others know it no more',
      async () => JSON.stringify([await peersOf('a'), await peersOf('b')]) === '[["beta"],["alpha"]]',
      PATIENCE,
    );
    // The removed node could derive their secrets and come back under another key.
    const { tokens: left } = await ok(['token', 'list', ...configured('a')]);
    expect((left as { state: string }[]).map(({ state }) => state)).not.toContain('live');
    expect((left as { state: string }[]).length).toBeGreaterThan(0);
  }, 360_000);

  test('tells why a token is not taken, in one line, and writes nothing', async () => {
    const first = await firstNode();
    const { created, tokens } = await ok(['token', 'create', ...configured('a')]);
    const [{ id } = { id: '' }] = (tokens as { id: string; uses: number }[]).filter(({ uses }) => uses === 1);
    const list = await rustbalance(['token', 'list', ...configured('a')]);
    expect(list.stdout).toMatch(new RegExp(`${id} +live +alpha .* 0/1`));
    expect(list.stdout).not.toContain(String(created).slice(0, 40));
    await ok(['token', 'revoke', id, ...configured('a')]);
    const refusals: readonly (readonly [string, string])[] = [
      [String(created), 'join.token-revoked'],
      [first.slice(0, -3), 'join.token-damaged'],
      ['rb2:abc', 'join.token-version'],
    ];
    for (const [token, code] of refusals) {
      const refused = await joinWith(token, 'b', 1);
      expect([refused.code, JSON.parse(refused.err)]).toMatchObject([1, { errors: [{ code }] }]);
    }
    expect(await readdir(dir)).toEqual(['a']);
    const unknown = await rustbalance(['remove', 'nobody', '--json', ...configured('a')]);
    expect(JSON.parse(unknown.stderr)).toMatchObject({ errors: [{ code: 'member.unknown' }] });
  }, 180_000);

  test('is joined in the end by a machine that reached nobody at first, with one node key', async () => {
    await firstNode();
    const { created } = await ok(['token', 'create', '--lifetime', '5m', ...configured('a')]);
    await stopDaemon('a');

    const failed = await joinWith(String(created), 'b', 1, '--node-id', 'beta');
    expect([failed.code, JSON.parse(failed.err)]).toMatchObject([
      1,
      { errors: [{ code: 'join.unreachable' }] },
    ]);
    const file = at('b', 'etc', 'pending-join.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const keyNow = async (): Promise<string> =>
      (JSON.parse(await readFile(file, 'utf8')) as { node_key: string }).node_key;
    const key = await keyNow();

    // The daemon takes the join up, says so, and serves nothing meanwhile.
    const spawnedMs = Date.now();
    const daemon = spawnDaemon(configured('b'));
    daemons.push(daemon);
    const waiting = async () =>
      JSON.parse((await rustbalance(['status', '--json', ...configured('b')])).stderr) as {
        errors: { code: string; detail: { progress: string } }[];
      };
    await eventually(
      'the daemon of b has asked in vain',
      async () => {
        const progress = (await waiting()).errors[0]?.detail.progress ?? '';
        // Until it has asked itself, what the command came to stands there.
        return attemptsIn(progress) >= 2 && Date.parse(progress.split(' ').at(-1) ?? '') > spawnedMs;
      },
      PATIENCE,
    );
    expect(await waiting()).toMatchObject({ errors: [{ code: 'join.pending' }] });
    expect(await keyNow()).toBe(key);
    expect(await readdir(at('b'))).toEqual(['etc']);

    await startDaemon('a');
    await eventually(
      'b is a member, and its daemon has started',
      async () => (await status('b').catch(() => null))?.ready === true,
      { timeoutMs: 150_000, everyMs: 100 },
    );
    expect((await readFile(at('b', 'etc', 'node.key'), 'utf8')).trim()).toBe(key);
    expect(await readdir(at('b', 'etc'))).not.toContain('pending-join.json');
    await eventually('alpha hears beta', async () => (await peersOf('a')).includes('beta'), PATIENCE);
  }, 360_000);

  test('counts one use for a machine whose answer was lost, and asks again with the token it kept', async () => {
    await firstNode();
    const { created } = await ok(['token', 'create', '--lifetime', '5m', ...configured('a')]);
    let answers = 0;
    const lossy = await throughLossyRelay(String(created), ports[0] ?? 0, () => answers++);
    const killed = spawnJoin(lossy, 'b', 1, '--node-id', 'beta');
    await eventually('alpha has counted and answered', () => answers > 0, PATIENCE);
    killed.kill('SIGKILL');
    await once(killed, 'close');
    expect(await readdir(at('b', 'etc'))).toEqual(['pending-join.json']);
    const again = await joinWith(String(created), 'b', 1, '--node-id', 'beta');
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(await readdir(at('b', 'etc'))).not.toContain('pending-join.json');
    const { tokens } = await ok(['token', 'list', ...configured('a')]);
    expect((tokens as { uses: number; used_by: string[] }[]).find(({ uses }) => uses === 1)?.used_by).toEqual(
      ['beta'],
    );
    const other = await joinWith(String(created), 'c', 2);
    expect(JSON.parse(other.err)).toMatchObject({ errors: [{ code: 'join.token-spent' }] });
    expect(await readdir(dir)).not.toContain('c');
  }, 360_000);

  test('comes to know a node that was made without a call, which publishes nothing until then', async () => {
    await firstNode();
    const passphrase = at('passphrase');
    await writeFile(passphrase, 'six words that nobody would guess\n');
    const sealing = ['--embed-key', '--passphrase-file', passphrase];
    const { created } = await ok(['token', 'create', ...sealing, ...configured('a')]);
    await stopDaemon('a');
    const files = async (): Promise<readonly string[]> => (await readdir(dir)).filter((name) => name === 'b');

    await writeFile(at('wrong'), 'six words that somebody guessed');
    const wrong = await joinWith(String(created), 'b', 1, '--passphrase-file', at('wrong'));
    expect([wrong.code, JSON.parse(wrong.err)]).toMatchObject([
      1,
      { errors: [{ code: 'join.passphrase-wrong' }] },
    ]);
    expect([wrong.err.trim().split('\n').length, await files()]).toEqual([1, []]);
    const [last = ''] = String(created).slice(-1);
    const changed = `${String(created).slice(0, -1)}${last === 'A' ? 'B' : 'A'}`;
    const damaged = await joinWith(changed, 'b', 1, '--passphrase-file', passphrase);
    expect(JSON.parse(damaged.err)).toMatchObject({ errors: [{ code: 'join.token-damaged' }] });

    // Its member is off: nobody is called.
    const beta = await joinWith(
      String(created),
      'b',
      1,
      ...['--node-id', 'beta', '--passphrase-file', passphrase],
    );
    expect(beta).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(beta.out)).toMatchObject({ node_id: 'beta', priority: 110, cluster_size: null });
    expect((await readdir(at('b', 'etc'))).sort()).toEqual([
      'cluster.token',
      'config.toml',
      'master.key',
      'node.key',
      'peers',
      'pending-join.json',
    ]);
    expect(await readdir(at('b', 'etc', 'peers'))).toEqual(['alpha.pub']);
    expect((await stat(at('b', 'etc', 'pending-join.json'))).mode & 0o777).toBe(0o600);
    expect(await readFile(at('b', 'etc', 'master.key'))).toEqual(
      await readFile(at('a', 'etc', 'master.key')),
    );

    await startDaemon('b');
    const election = async () =>
      (await ok(['inspect', 'election', ...configured('b')])) as {
        actors: { election: { context: { role: string; findings: { code: string }[] } } };
      };
    await eventually(
      'beta says that nobody took it in so far',
      async () =>
        (await election()).actors.election.context.findings.some(({ code }) => code === 'join.pending'),
      PATIENCE,
    );
    // Alone, with the master key, and long past the time in which a cluster of one claims the lease.
    await eventually(
      'beta has asked often enough to have claimed the lease',
      async () => attemptsIn(JSON.stringify(await election())) >= 3,
      PATIENCE,
    );
    expect((await status('b')).node.role).toBe('standby');

    await startDaemon('a');
    await eventually(
      'alpha and beta hear each other',
      async () => (await peersOf('a')).includes('beta') && (await peersOf('b')).includes('alpha'),
      { timeoutMs: 150_000, everyMs: 100 },
    );
    await eventually(
      'the join is pending no more',
      async () => !(await readdir(at('b', 'etc'))).includes('pending-join.json'),
      PATIENCE,
    );
    expect((await election()).actors.election.context.findings).toEqual([]);
  }, 360_000);
});
