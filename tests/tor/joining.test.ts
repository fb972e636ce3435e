import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { MAIN, rustbalanceJson, spawnDaemon } from '../support/cluster/program.js';
import { eventually } from '../support/eventually.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';

describe('machines that meet over Tor alone', () => {
  let network: TorNetwork;
  let dir: string;
  const daemons: ChildProcess[] = [];
  const logs: string[] = [];

  const at = (...names: readonly string[]): string => join(dir, ...names);
  const places = (name: string): string[] => [
    ...['--config-dir', at(name, 'etc'), '--state-dir', at(name, 'state'), '--run-dir', at(name, 'run')],
    ...['--target', 'http://127.0.0.1:1', '--yes'],
  ];
  const status = (name: string) => askDaemon(at(name, 'run', 'control.sock'), { command: 'status' });

  const actor = async (name: string, which: 'publisher' | 'election') => {
    const found = (await askDaemon(at(name, 'run', 'control.sock'), { command: 'inspect', actor: which }))
      .actors[which];
    if (found === undefined) throw new Error(`inspect shows no actor ${which}`);
    return found;
  };

  const start = (name: string): void => {
    const torrc = `tor.extra_torrc=[${network.commonTorrc.map((line) => JSON.stringify(line)).join(', ')}]`;
    const set = [torrc, 'join.via_master=true'].flatMap((one) => ['--set', one]);
    const daemon = spawnDaemon(['--config', at(name, 'etc', 'config.toml'), ...set]);
    daemon.stderr?.on('data', (chunk: Buffer) => logs.push(chunk.toString()));
    daemons.push(daemon);
  };

  /** A join token that alpha makes. */
  const created = async (...options: readonly string[]): Promise<string> => {
    const config = ['--config', at('a', 'etc', 'config.toml')];
    const answer = (await rustbalanceJson(['token', 'create', ...options, ...config])) as {
      readonly created: string;
    };
    return answer.created;
  };

  /** What `join` prints; neither the Tor for joining nor its folder is left by it. */
  const joined = async (
    name: string,
    id: string,
    token: string,
    ...options: readonly string[]
  ): Promise<unknown> => {
    const temporary = at('t');
    await mkdir(temporary, { recursive: true });
    const extra = network.commonTorrc.flatMap((line) => ['--extra-torrc', line]);
    const args = [MAIN, 'join', ...places(name), '--node-id', id, ...extra, ...options, '--json'];
    const joining = spawn(process.execPath, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: temporary },
    });
    const said = { out: '', err: '' };
    joining.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
    joining.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
    joining.stdin.end(token);
    const [code] = (await once(joining, 'close')) as [number];
    expect([code, said.err]).toEqual([0, '']);
    expect(await readdir(temporary)).toEqual([]);
    return JSON.parse(said.out);
  };

  const hearsFrom = (id: string): Promise<unknown> =>
    eventually(
      `alpha hears ${id} over Tor`,
      async () =>
        (await status('a')).peers.some(
          (peer) => peer.id === id && peer.transport === 'tor' && peer.lifecycle === 'healthy',
        ),
      { timeoutMs: 180_000, everyMs: 200 },
    );

  beforeAll(async () => {
    network = await startTorNetwork({ relays: 9, consensusParams: { hsdir_spread_store: 1 } });
    dir = await mkdtemp(join(tmpdir(), 'rb-t-'));
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(logs.join('').split('\n').slice(-80).join('\n'));
  });
  afterAll(async () => {
    for (const daemon of daemons) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const exit = once(daemon, 'exit');
      daemon.kill('SIGTERM');
      await exit;
    }
    await network?.stop();
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  });

  it('form a cluster by init and join, and hear each other', async () => {
    const made = (await rustbalanceJson(['init', ...places('a'), '--node-id', 'alpha'])) as {
      readonly join_token: string;
      readonly onion_address: string;
    };
    start('a');
    await eventually(
      'alpha publishes, so its Tor is up',
      async () => (await status('a').catch(() => null))?.publisher === 'alpha',
      { timeoutMs: 120_000, everyMs: 200 },
    );
    const said = await joined('b', 'beta', made.join_token);
    expect(said).toMatchObject({
      onion_address: made.onion_address,
      node_id: 'beta',
      transport: 'tor',
      cluster_size: 2,
      publisher: 'alpha',
    });
    start('b');
    // Contact over Tor takes seconds. Until then beta takes the lease, and is to leave alpha's descriptor as it is.
    const early: unknown[] = [];
    await eventually(
      'beta hears alpha',
      async () => {
        // In this order: what was published before contact is there to see before contact is.
        const { context } = await actor('b', 'publisher');
        const election = await actor('b', 'election');
        const isAlone = (election.context['absent'] as readonly unknown[]).length > 0;
        if (isAlone) early.push(...(context['completions'] as readonly unknown[]));
        return !isAlone;
      },
      { timeoutMs: 180_000, everyMs: 50 },
    );
    expect(early).toEqual([]);
    await eventually(
      'both see the other healthy over Tor',
      async () => {
        const seen = await Promise.all(['a', 'b'].map((name) => status(name).catch(() => null)));
        return seen.every(
          (one) =>
            one?.peers.length === 1 &&
            one.peers[0]?.transport === 'tor' &&
            one.peers[0].lifecycle === 'healthy',
        );
      },
      { timeoutMs: 180_000, everyMs: 300 },
    );
  });

  it('take in a third by the address that clients use', async () => {
    expect(await joined('c', 'gamma', await created(), '--via-master')).toMatchObject({
      node_id: 'gamma',
      transport: 'tor',
      cluster_size: 3,
    });
    start('c');
    await hearsFrom('gamma');
  });

  it('come to know a fourth that was made without a call, once its own Tor is up', async () => {
    const passphrase = at('passphrase');
    await writeFile(passphrase, 'six words that nobody would guess\n');
    const token = await created('--embed-key', '--passphrase-file', passphrase);
    const made = await joined('d', 'delta', token, '--passphrase-file', passphrase);
    expect(made).toMatchObject({ node_id: 'delta', cluster_size: null });
    start('d');
    await hearsFrom('delta');
    await eventually(
      'delta has its answer',
      async () => !(await readdir(at('d', 'etc'))).includes('pending-join.json'),
      { timeoutMs: 60_000, everyMs: 200 },
    );
  });
});
