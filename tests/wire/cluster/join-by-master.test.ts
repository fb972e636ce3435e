import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JoinAnswer } from '@rustbalance/actors/election/join/answer-codec.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import { placeCall, placeCallTo } from '@rustbalance/actors/election/join/join-frame.js';
import { keyProof } from '@rustbalance/actors/election/join/key-proof.js';
import { LONGEST_JOIN_FRAME } from '@rustbalance/actors/election/join/limits.js';
import { readTokenText } from '@rustbalance/actors/election/join/token-reading.js';
import type { JoinToken } from '@rustbalance/actors/election/join/token-text.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { joinPath } from '@rustbalance/actors/kernel/cluster-keys.js';
import { generateNodeKey, nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { exchangeByMaster } from '@rustbalance/cli/join/master-exchange.js';
import { askDaemon } from '@rustbalance/supervisor/control-client.js';
import { rustbalance, spawnDaemon } from '../../support/cluster/program.js';
import { eventually } from '../../support/eventually.js';
import { freePorts } from '../../support/tor-network/free-ports.js';
import { rawClient } from '../proxy/support/raw-client.js';
import { okay, sayingTarget } from '../proxy/support/scripted-target.js';
import type { ScriptedTarget } from '../proxy/support/scripted-target.js';

/** Joins at the master address: a real daemon, asked at the port of its proxy as its Tor would ask it. */
const PATIENCE = { timeoutMs: 60_000, everyMs: 50 };
const FROM_TARGET = okay('the target', 'X-T: 1');

let dir = '';
let daemon: ChildProcess | null = null;
let log = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rb-m-'));
});

afterEach(async () => {
  if (daemon?.exitCode === null && daemon.signalCode === null) {
    const exit = once(daemon, 'exit');
    daemon.kill('SIGKILL');
    await exit;
  }
  daemon = null;
  await rm(dir, { recursive: true, force: true, maxRetries: 3 });
});

interface Node {
  readonly target: ScriptedTarget;
  readonly proxy: string;
  readonly address: string;
  command(...words: readonly string[]): Promise<Record<string, unknown>>;
}

const startNode = async (): Promise<Node> => {
  const [listen = 0, port = 0] = await freePorts(2);
  const target = await sayingTarget(FROM_TARGET);
  const places = [
    '--config-dir',
    join(dir, 'etc'),
    '--state-dir',
    join(dir, 'state'),
    '--run-dir',
    join(dir, 'run'),
  ];
  const url = `http://127.0.0.1:${String(target.port)}`;
  const proxy = `127.0.0.1:${String(port)}`;
  const json = async (words: readonly string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await rustbalance([...words, '--json']);
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const made = await json([
    ...['init', ...places, '--target', url, '--node-id', 'alpha', '--yes'],
    ...['--listen', `127.0.0.1:${String(listen)}`],
  ]);
  const settings = [
    ...['--config', join(dir, 'etc', 'config.toml')],
    ...[
      'tor.mode=system',
      'tor.control_socket=/nonexistent/control',
      `proxy.listen=${proxy}`,
      'join.via_master=true',
    ].flatMap((one) => ['--set', one]),
  ];
  const started = spawnDaemon(settings);
  daemon = started;
  log = '';
  started.stderr?.on('data', (chunk: Buffer) => (log = `${log}${chunk.toString()}`.slice(-8000)));
  await eventually(
    'alpha is ready',
    async () => {
      if (started.exitCode !== null) throw new Error(log);
      return (await askDaemon(join(dir, 'run', 'control.sock'), { command: 'status' }).catch(() => null))
        ?.ready;
    },
    PATIENCE,
  );
  return {
    target,
    proxy,
    address: String(made['onion_address']),
    command: (...words) => json([...words, ...settings]),
  };
};

const newToken = async (node: Node): Promise<JoinToken> => {
  const { created } = await node.command('token', 'create');
  const reading = readTokenText(String(created), Math.floor(Date.now() / 1000));
  if (!reading.ok) throw new Error(reading.error.code);
  return reading.token;
};

const requestOf = (token: JoinToken, name: string, seed: ReturnType<typeof generateNodeKey>) => ({
  publicKey: nodePublicKey(seed),
  nodeId: name as NodeId,
  atSecs: Math.floor(Date.now() / 1000),
  wantsMasterKey: true,
  keyProof: keyProof(token.keyGrant!, token.notAfter, nodePublicKey(seed)),
  priority: null,
  coordination: null,
  wireguard: null,
  direct: '192.0.2.7:7001',
});

const callOf = (token: JoinToken, name: string) => {
  const seed = generateNodeKey(systemRandom);
  const call = {
    cluster: token.cluster,
    token: token.id,
    secret: token.secret,
    seed,
    request: requestOf(token, name, seed),
  };
  return { ...call, member: token.origin.nodeKey };
};

const masterFrame = async (token: JoinToken, name: string) => {
  const placed = await placeCallTo(token.viaMaster!.key, callOf(token, name), systemRandom, runHere);
  if (placed === null) throw new Error('no frame');
  return placed;
};

const post = (path: string, body: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(body.length)}\r\nConnection: close\r\n\r\n`,
    ),
    body,
  ]);

const pathOf = (token: JoinToken): string => `/.rb/${joinPath(token.secret)}`;

const admittedBy = async (node: Node, token: JoinToken, name: string): Promise<JoinAnswer | null> => {
  const placed = await masterFrame(token, name);
  const heard = Buffer.from(
    await rawClient(node.proxy)
      .send(post(pathOf(token), placed.frame))
      .closed(),
    'latin1',
  );
  const at = heard.indexOf('\r\n\r\n');
  expect(heard.toString('latin1', 0, at)).toMatch(
    /^HTTP\/1\.1 200 OK\r\nContent-Type: application\/octet-stream/,
  );
  return placed.read(new Uint8Array(heard.subarray(at + 4)));
};

describe('a join at the master address', () => {
  test('is answered by whichever member it comes to, and what is not admitted is the target’s', async () => {
    const node = await startNode();
    const token = await newToken(node);
    expect(token.viaMaster).toMatchObject({ address: node.address.replace('.onion', ''), port: 80 });

    const unknown = { ...token, secret: new Uint8Array(32) as JoinToken['secret'] };
    const { frame: never } = await masterFrame(unknown, 'mallory');
    const { frame: right } = await masterFrame(token, 'mallory');
    const late = (await placeCallTo(
      token.viaMaster!.key,
      {
        ...callOf(token, 'late'),
        request: { ...requestOf(token, 'late', generateNodeKey(systemRandom)), atSecs: 1 },
      },
      systemRandom,
      runHere,
    ))!.frame;
    const damaged = right.map((byte, at) => (at === right.length - 1 ? byte ^ 1 : byte));
    const toThisNode = (await placeCall(callOf(token, 'mallory'), systemRandom, runHere))!.frame;
    const other = joinPath(new Uint8Array(32).fill(1) as JoinToken['secret']);
    const refused: readonly (readonly [string, string, Uint8Array])[] = [
      ['with a path of no token', `/.rb/${other}`, right],
      ['with a body that is no frame', pathOf(token), Buffer.from('{"cluster_token": "x"}')],
      ['of somebody without the secret', pathOf(token), never],
      ['damaged', pathOf(token), damaged],
      ['to the node’s own key', pathOf(token), toThisNode],
      ['of a wrong clock', pathOf(token), late],
      ['oversize', pathOf(token), new Uint8Array(LONGEST_JOIN_FRAME + 1)],
    ];
    for (const [what, path, body] of refused) {
      node.target.received.length = 0;
      expect(await rawClient(node.proxy).send(post(path, body)).closed(), what).toBe(
        FROM_TARGET.replace(
          'X-T: 1\r\nContent-Length: 10',
          'X-T: 1\r\nContent-Length: 10\r\nConnection: close',
        ),
      );
      expect(node.target.received.join(''), what).toContain(
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${String(node.target.port)}\r\nContent-Length: ${String(body.length)}\r\n\r\n${Buffer.from(body).toString('latin1')}`,
      );
    }

    node.target.requests.length = 0;
    const answer = await admittedBy(node, token, 'beta');
    expect(answer).toMatchObject({ outcome: 'admitted', nodeId: 'beta', clusterSize: 2, publisher: 'alpha' });
    expect(node.target.requests).toEqual([]);
    const { tokens } = await node.command('token', 'list');
    expect(tokens).toContainEqual(expect.objectContaining({ state: 'spent', used_by: ['beta'] }));

    // The token is spent: who comes with it now is the target's.
    const { frame: spent } = await masterFrame(token, 'gamma');
    expect(
      await rawClient(node.proxy)
        .send(post(pathOf(token), spent))
        .closed(),
    ).toContain('the target');
    expect(node.target.requests).toHaveLength(1);

    // As the command does it, over a stream that Tor would have made.
    const third = await newToken(node);
    const [host = '', port = ''] = node.proxy.split(':');
    const by = (token: JoinToken, frame: Uint8Array): Promise<Uint8Array> =>
      exchangeByMaster(connect(Number(port), host), token.viaMaster!, joinPath(token.secret), frame);
    const placed = await masterFrame(third, 'epsilon');
    expect(await placed.read(await by(third, placed.frame))).toMatchObject({
      outcome: 'admitted',
      nodeId: 'epsilon',
    });
    await expect(by(token, spent)).rejects.toThrow('the service answered for itself');

    // A revoked one has no path any more.
    const another = await newToken(node);
    await node.command('token', 'revoke', Buffer.from(another.id).toString('hex'));
    const { frame: revoked } = await masterFrame(another, 'delta');
    expect(
      await rawClient(node.proxy)
        .send(post(pathOf(another), revoked))
        .closed(),
    ).toContain('the target');
    expect(log).not.toContain('/.rb/');
    for (const one of [token, another]) expect(log).not.toContain(joinPath(one.secret));
  }, 180_000);
});
