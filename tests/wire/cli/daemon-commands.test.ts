import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectSchema, statusSchema } from '@rustbalance/supervisor/control-protocol.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import { durationText } from '@rustbalance/cli/views/format.js';
import { eventually } from '../../support/eventually.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { MINIMAL } from '../../unit/config/minimal.js';
import { TestWorld } from '../../unit/cli/world.js';
import { INSPECTION, STATUS, say, startFakeDaemon } from './fake-daemon.js';
import type { FakeDaemon } from './fake-daemon.js';

const PATIENCE = { timeoutMs: 10_000, everyMs: 10 };

let dir = '';
let daemon: FakeDaemon | null = null;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rb-cli-'));
  writeFileSync(join(dir, 'c.toml'), MINIMAL);
});
afterEach(async () => {
  await daemon?.close();
  daemon = null;
  rmSync(dir, { recursive: true });
});

const socket = (): string => join(dir, 'control.sock');
const start = async (answer: (request: unknown, socket: Socket) => void): Promise<void> => {
  daemon = await startFakeDaemon(socket(), answer);
};
const args = (...words: readonly string[]): readonly string[] => [
  ...words,
  '--config',
  join(dir, 'c.toml'),
  '--set',
  `node.run_dir=${dir}`,
];
const run = async (...words: readonly string[]): Promise<TestWorld & { code: number }> => {
  const world = new TestWorld();
  return Object.assign(world, { code: await world.run(...args(...words)) });
};

describe('the samples of these tests', () => {
  it('are answers as the protocol has them', () => {
    expect(statusSchema.parse(STATUS)).toEqual(STATUS);
    expect(inspectSchema.parse(INSPECTION)).toEqual(INSPECTION);
  });
});

describe('status', () => {
  it('with --json prints the daemon’s answer as it is, on one line', async () => {
    await start(say(STATUS));
    const world = await run('status', '--json');
    expect([world.code, world.err]).toEqual([0, '']);
    expect(JSON.parse(world.out)).toEqual(STATUS);
    expect(world.out.split('\n').length).toBe(2);
    expect(daemon?.requests).toEqual([{ command: 'status' }]);
  });

  it('for people shows role, peers, descriptors and findings', async () => {
    await start(say(STATUS));
    expect((await run('status')).out).toMatchInlineSnapshot(`
      "node        alpha, publisher, priority 1, up 1 h 6 min
      publisher   alpha
      tor         up 0.4.9.11, bootstrapped 100 %; in use: first, the other one is up
      target      1 of 2 healthy; 2 is down (ECONNREFUSED)
      canary      failed 2 times in a row, at introduction (refused)
      proxy       finishing, 4 connections open
      publishing  degraded: an HSDir refuses

      peer   state    role     priority  last seen  transport  round trip  its clock  introduction points
      beta   healthy  standby  2         0.4 s ago  direct     12 ms       -0.5 s     3
      gamma  dead     standby  3         never      -          -           -          0

      descriptor  period  counter                introduction points  published                 accepted by HSDirs
      first       20500   123456789012345678901  6: alpha 3, beta 3   2026-01-01T00:00:00.000Z  1 of 3, 1 rejected (UPLOAD_REJECTED), 1 pending

      ! since 2026-01-01T00:00:00.000Z: peer gamma: the peer gamma is dead [health.peer-dead]. See to that machine.
      "
    `);
  });

  it('for people says what is missing where nothing is known yet', async () => {
    await start(
      say({
        ...STATUS,
        publisher: null,
        peers: [],
        descriptors: [],
        findings: [],
        ready: false,
        tor: { state: 'down', version: null, bootstrap: 0, last_error: 'it ended', redundancy: null },
        target: { healthy: false },
        targets: [],
        canary: null,
        proxy: { state: 'starting', drain: 'serving', open_connections: 0 },
      }),
    );
    expect((await run('status')).out).toMatchInlineSnapshot(`
      "node        alpha, publisher, priority 1, up 1 h 6 min (starting)
      publisher   none known
      tor         down, bootstrapped 0 %: it ended
      target      not healthy
      publishing  degraded: an HSDir refuses
      "
    `);
  });

  it('with --watch prints again every two seconds until interrupted, and outlives a daemon that is away', async () => {
    await start(say(STATUS));
    const world = new TestWorld();
    const clock = new SimulatedClock(0);
    world.clock = clock;
    const watching = world.run(...args('status', '--watch', '--json'));
    const printed = (): number => world.out.split('\n').length - 1;
    await eventually('the first status', () => printed() === 1 || null, PATIENCE);
    await clock.advance(2000);
    await eventually('the second status', () => printed() === 2 || null, PATIENCE);
    await daemon?.close();
    daemon = null;
    await clock.advance(2000);
    await eventually('the absence', () => printed() === 3 || null, PATIENCE);
    world.interrupt.abort();
    expect(await watching).toBe(0);
    expect(world.out.split('\n').at(2)).toContain('{"errors":[{"code":"daemon.not-running"');
  });

  it('clears the screen between two prints on a terminal only', async () => {
    await start(say(STATUS));
    const world = new TestWorld();
    world.isTerminal = true;
    const watching = world.run(...args('status', '--watch'));
    await eventually('the first status', () => world.out.includes('alpha') || null, PATIENCE);
    world.interrupt.abort();
    await watching;
    expect(world.out.startsWith('\u001b[H\u001b[2J')).toBe(true);
    expect((await run('status')).out).not.toContain('\u001b');
  });
});

describe('inspect', () => {
  it('asks for all actors, or for the one that is named', async () => {
    await start(say(INSPECTION));
    expect(JSON.parse((await run('inspect', '--json')).out)).toEqual(INSPECTION);
    await run('inspect', 'tor', '--json');
    expect(daemon?.requests).toEqual([
      { command: 'inspect', actor: null },
      { command: 'inspect', actor: 'tor' },
    ]);
  });

  it('for people shows a table, and of one actor its context and past', async () => {
    await start(say(INSPECTION));
    expect((await run('inspect')).out).toMatchInlineSnapshot(`
      "pid 4711, running, up 15 s, 200 MiB resident, main thread 1 % busy
      child tor: pid 4712, runs

      actor  state  generation  restarts  up    mailbox  busy  delay p99  heap   last error
      tor    up     2           1         12 s  0        2 %   11.2 ms    9 MiB  actor.crashed
      "
    `);
    expect((await run('inspect', 'tor')).out).toMatchInlineSnapshot(`
      "pid 4711, running, up 15 s, 200 MiB resident, main thread 1 % busy
      child tor: pid 4712, runs

      actor  state  generation  restarts  up    mailbox  busy  delay p99  heap   last error
      tor    up     2           1         12 s  0        2 %   11.2 ms    9 MiB  actor.crashed

      tor: {
        "endpoint": "unix:/run/x"
      }

      last error: tor: the tor actor failed: chaos [actor.crashed]. Nothing, if it happened once.

      generation  ended                     after  because
      1           2026-01-01T00:00:00.000Z  3.0 s  -
      "
    `);
  });
});

describe('chaos kill', () => {
  it('orders the failure, and passes the daemon’s refusal on', async () => {
    await start(say({ actor: 'wg', generation: 3 }));
    const world = await run('chaos', 'kill', 'wg', '--mode', 'hang');
    expect([world.code, world.out]).toEqual([0, 'The wg actor of generation 3 was told to fail (hang).\n']);
    expect(daemon?.requests).toEqual([{ command: 'chaos', actor: 'wg', mode: 'hang' }]);
    await daemon?.close();
    await start((_request, connection) => {
      const error = {
        code: 'chaos.disabled',
        what: 'not allowed',
        where: 'daemon',
        action: 'Do not.',
        detail: {},
      };
      connection.end(`${JSON.stringify({ ok: false, error })}\n`);
    });
    const refused = await run('chaos', 'kill', 'wg', '--json');
    expect([refused.code, refused.out, refused.errors.map(({ code }) => code)]).toEqual([
      1,
      '',
      ['chaos.disabled'],
    ]);
  });
});

describe('a daemon that cannot be asked', () => {
  const failure = async (): Promise<unknown> => {
    const world = await run('status', '--json');
    return [world.code, world.out, world.errors.map(({ code }) => code)];
  };

  it('because it does not run, is told so', async () => {
    expect(await failure()).toEqual([1, '', ['daemon.not-running']]);
  });

  it('because it died and left its socket, is told so', async () => {
    const listen = "require('node:net').createServer().listen(process.argv[1], () => console.log('ready'))";
    const child = spawn(process.execPath, ['-e', listen, socket()], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(socket())).toBe(true);
    expect(await failure()).toEqual([1, '', ['daemon.not-running']]);
  });

  it.each([
    ['answers with no JSON', (connection: Socket) => void connection.end('hello\n')],
    ['answers with half a line', (connection: Socket) => void connection.end('{"ok":true')],
    ['hangs up', (connection: Socket) => void connection.destroy()],
    ['answers without the fields', (connection: Socket) => void connection.end('{"ok":true,"answer":{}}\n')],
    [
      'answers another version',
      (connection: Socket) =>
        void connection.end(`${JSON.stringify({ ok: true, answer: { ...STATUS, node: 3 } })}\n`),
    ],
    ['never stops', (connection: Socket) => void connection.write('x'.repeat(9 * 1024 * 1024))],
  ])('because it %s, is told so', async (_what, misbehave) => {
    await start((_request, connection) => misbehave(connection));
    expect(await failure()).toEqual([1, '', ['daemon.protocol']]);
  });
});

describe('drain', () => {
  const DRAIN = { introduction_circuits: 0, rendezvous_circuits: 3, until: '2026-01-01T00:10:00.000Z' };

  it('tells the daemon to drain, and returns', async () => {
    await start(say({ draining: 'draining' }));
    const world = await run('drain', '--timeout', '30');
    expect([world.code, world.out, world.err]).toEqual([0, 'This node is draining.\n', '']);
    expect(daemon?.requests).toEqual([{ command: 'drain', on: true, timeoutSecs: 30 }]);
  });

  it('with --wait says how far it is, and returns when it is drained', async () => {
    const phases = ['leaving', 'emptying', 'drained'];
    await start((request, connection) => {
      const { command } = request as { command: string };
      const phase = phases[0] ?? '';
      if (command === 'status' && phases.length > 1) phases.shift();
      const draining = phase === 'drained' ? 'drained' : 'draining';
      const status = { ...STATUS, node: { ...STATUS.node, draining }, drain: { ...DRAIN, phase } };
      say(command === 'status' ? status : { draining })(request, connection);
    });
    const world = await run('drain', '--wait');
    expect([world.code, world.out]).toEqual([0, 'This node is drained.\n']);
    expect(world.err).toMatchInlineSnapshot(`
      "draining: its introduction points leave the descriptor, until 2026-01-01T00:10:00.000Z
      draining: 3 circuits of clients are left, until 2026-01-01T00:10:00.000Z
      "
    `);
  });

  it.each([
    ['drain.not-left-out', { drain_failed: true }],
    ['drain.ended', {}],
  ])(
    'with --wait fails with %s where the drain is over and the node is not drained',
    async (code, change) => {
      await start((request, connection) => {
        const { command } = request as { command: string };
        say(command === 'status' ? { ...STATUS, ...change } : { draining: 'draining' })(request, connection);
      });
      const world = await run('drain', '--wait', '--json');
      expect(world.code).toBe(1);
      expect(world.err).toContain(code);
    },
  );

  it('is taken back by undrain', async () => {
    await start(say({ draining: 'no' }));
    const world = await run('undrain', '--json');
    expect([world.code, world.out]).toEqual([0, '{"draining":"no"}\n']);
    expect(daemon?.requests).toMatchObject([{ command: 'drain', on: false }]);
  });
});

describe('a duration', () => {
  it.each([
    [0, '0.0 s'],
    [9.94, '9.9 s'],
    [59.4, '59 s'],
    [59.6, '1 min 0 s'],
    [3599.7, '1 h 0 min'],
    [90_061, '1 d 1 h'],
  ])('of %d s reads %j', (secs, text) => {
    expect(durationText(secs)).toBe(text);
  });
});

describe('history', () => {
  const ENTRY = {
    error: errorData('health.tor-down', 'tor', { state: 'down', reason: 'it ended' }),
    started_at: '2026-01-01T12:00:00.000Z',
    ended_at: '2026-01-01T12:03:05.500Z',
    took_secs: 185.5,
    times: 2,
    done: [{ at: '2026-01-01T12:02:30.100Z', what: 'restart-tor' }],
  };

  it('tells what broke, what was done, and how long it took', async () => {
    await start(say({ entries: [ENTRY, { ...ENTRY, ended_at: null, times: 1, done: [] }] }));
    const world = await run('history', '--since', '1h');
    expect([world.code, world.err]).toEqual([0, '']);
    expect(world.out.split('\n')).toEqual([
      '2026-01-01T12:00:00Z  tor: Tor is not up (down): it ended [health.tor-down]; well after 3 min 6 s, 2 times',
      '  2026-01-01T12:02:30Z  restart-tor',
      '2026-01-01T12:00:00Z  tor: Tor is not up (down): it ended [health.tor-down]; not well yet, since 3 min 6 s',
      '',
    ]);
  });

  it('with --json prints the answer as it is, and says so when nothing broke', async () => {
    await start(say({ entries: [ENTRY] }));
    expect(JSON.parse((await run('history', '--json')).out)).toEqual({ entries: [ENTRY] });
    await daemon?.close();
    await start(say({ entries: [] }));
    expect((await run('history')).out).toBe('Nothing broke.\n');
  });

  it('refuses a time that is none', async () => {
    const world = await run('history', '--since', 'yesterday');
    expect(world.code).toBe(2);
    expect(world.err).toContain('--since must be a duration');
  });
});
