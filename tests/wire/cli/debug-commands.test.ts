import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeControlPort } from '../../support/fake-control-port.js';
import type { FakeControlPort } from '../../support/fake-control-port.js';
import { ADDRESS, MINIMAL } from '../../unit/config/minimal.js';
import { TestWorld } from '../../unit/cli/world.js';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

let dir = '';
const servers: Server[] = [];
const sockets = new Set<Socket>();
const ports: FakeControlPort[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rb-dbg-'));
  writeFileSync(join(dir, 'c.toml'), MINIMAL);
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  for (const port of ports.splice(0)) await port.close();
  rmSync(dir, { recursive: true });
});

const run = async (words: readonly string[], ...sets: readonly string[]) => {
  const world = new TestWorld();
  const all = [`node.run_dir=${dir}`, ...sets].flatMap((set) => ['--set', set]);
  return Object.assign(world, { code: await world.run(...words, '--config', join(dir, 'c.toml'), ...all) });
};
const listening = (server: Server, at: { path: string } | { port: number; host: string }): Promise<Server> =>
  new Promise((resolve) => {
    servers.push(server);
    server.on('connection', (socket) => sockets.add(socket));
    server.listen(at, () => resolve(server));
  });
const portOf = (server: Server): number => (server.address() as AddressInfo).port;

describe('debug tor', () => {
  const fake = async (...options: Parameters<typeof startFakeControlPort>): Promise<FakeControlPort> => {
    const port = await startFakeControlPort(...options);
    ports.push(port);
    return port;
  };

  it('of a managed Tor goes through our own socket and tells version, bootstrap and services', async () => {
    await fake({ socketPath: join(dir, 'tor-control.sock') });
    const world = await run(['debug', 'tor', '--json']);
    expect([world.code, world.err]).toEqual([0, '']);
    expect(JSON.parse(world.out)).toEqual({
      endpoint: `unix:${dir}/tor-control.sock`,
      authenticated_by: 'NULL',
      version: '0.4.9.11',
      pid: 4711,
      bootstrap: 100,
      bootstrap_summary: 'Done',
      onion_services: 0,
    });
  });

  it('of a system Tor goes to the configured port, and shows each step', async () => {
    const port = await fake();
    if (port.endpoint.kind !== 'tcp') throw new Error('the fake listens on TCP without a path');
    const world = await run(['debug', 'tor'], 'tor.mode=system', `tor.control_port=${port.endpoint.port}`);
    expect(world.code).toBe(0);
    expect(world.out.split('\n').map((line) => line.replace(/\(\d+ ms\)/, '(ms)'))).toEqual([
      `ok  connect (ms)  127.0.0.1:${port.endpoint.port}`,
      'ok  authenticate (ms)  NULL',
      'ok  ask (ms)  Tor 0.4.9.11, bootstrapped 100 % (Done), 0 onion services',
      '',
    ]);
  });

  it('changes nothing of that Tor', async () => {
    const port = await fake({ socketPath: join(dir, 'tor-control.sock') });
    await run(['debug', 'tor']);
    const words = new Set(port.received.map(({ keyword }) => keyword.toUpperCase()));
    expect(
      [...words].filter((word) => /SETCONF|RESETCONF|SIGNAL|HSPOST|SAVECONF|LOADCONF/.test(word)),
    ).toEqual([]);
    expect(words.has('GETINFO')).toBe(true);
  });

  it('names the step that fails: nothing listens, or the port stops answering', async () => {
    const away = await run(['debug', 'tor', '--json']);
    expect([away.code, away.errors.map(({ code }) => code)]).toEqual([1, ['control.unreachable']]);
    const port = await fake({ socketPath: join(dir, 'tor-control.sock') });
    port.misbehave('GETINFO', 'close');
    const broken = await run(['debug', 'tor']);
    expect(broken.code).toBe(1);
    expect(broken.out).toContain('ok  authenticate');
    expect(broken.err).toContain('[control.');
  });
});

describe('debug connect', () => {
  it('connects directly, as the proxy does', async () => {
    const server = await listening(createServer(), { port: 0, host: '127.0.0.1' });
    const world = await run(['debug', 'connect', '--json'], `target.url=http://127.0.0.1:${portOf(server)}`);
    expect([world.code, world.err]).toEqual([0, '']);
    expect(JSON.parse(world.out)).toMatchObject({
      target: { mode: 'http', route: 'direct', tls: false },
      steps: [{ step: 'connect', detail: 'directly' }],
    });
  });

  it.each([
    ['nothing listens', async () => `http://127.0.0.1:${await freePort()}`, 'proxy.target-unreachable'],
    [
      'the target speaks no TLS',
      async () => `https://127.0.0.1:${portOf(await plainServer())}`,
      'proxy.target-tls',
    ],
    ['Tor does not run', () => Promise.resolve(`http://${ONION}`), 'proxy.target-tor'],
  ])('tells that %s', async (_what, url, code) => {
    const world = await run(['debug', 'connect', '--json'], `target.url=${await url()}`);
    expect([world.code, world.errors.map((error) => error.code)]).toEqual([1, [code]]);
    expect(world.err).not.toContain(ONION);
  });

  const plainServer = () =>
    listening(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end('220 hello\r\n');
      }),
      { port: 0, host: '127.0.0.1' },
    );
  const freePort = async (): Promise<number> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = portOf(server);
    await new Promise((resolve) => server.close(resolve));
    return port;
  };
});

describe('debug fetch', () => {
  /** Tor's SOCKS port, with the onion service behind it. */
  const socksTo = (
    port: number | null,
    asked: string[] = [],
    at: { path: string } | { port: number; host: string } = { path: join(dir, 'tor-socks.sock') },
    names: string[] = [],
  ) =>
    listening(
      createServer((client) => {
        client.on('error', () => undefined);
        const read = (then: (data: Buffer) => void): void => {
          client.once('data', then);
        };
        const answerRequest = (request: Buffer): void => {
          const length = request[4] ?? 0;
          asked.push(`${request.subarray(5, 5 + length).toString()}:${request.readUInt16BE(5 + length)}`);
          client.write(Uint8Array.of(5, port === null ? 4 : 0, 0, 1, 0, 0, 0, 0, 0, 0));
          if (port === null) return;
          const service = connect(port, '127.0.0.1');
          service.on('error', () => undefined);
          client.pipe(service).pipe(client);
        };
        read((greeting) => {
          const usesPassword = greeting.subarray(2).includes(2);
          client.write(Uint8Array.of(5, usesPassword ? 2 : 0));
          if (!usesPassword) read(answerRequest);
          else
            read((login) => {
              names.push(login.subarray(2, 2 + (login[1] ?? 0)).toString());
              client.write(Uint8Array.of(1, 0));
              read(answerRequest);
            });
        });
      }),
      at,
    );
  const service = (status: number, body: string, seen: (string | undefined)[] = []) =>
    listening(
      createHttp((request, response) => {
        seen.push(request.method, request.url, request.headers.host);
        response.writeHead(status).end(body);
      }),
      { port: 0, host: '127.0.0.1' },
    );

  it('asks the master address for the page through Tor, as a client would', async () => {
    const seen: (string | undefined)[] = [];
    const asked: string[] = [];
    await socksTo(portOf(await service(200, 'a page', seen)), asked);
    const world = await run(['debug', 'fetch', '/x', '--json']);
    expect([world.code, world.err]).toEqual([0, '']);
    expect(JSON.parse(world.out)).toMatchObject({
      status: 200,
      body: 'a page',
      steps: [{ step: 'reach the address' }, { step: 'fetch the page' }],
    });
    expect(asked).toEqual([`${ADDRESS}:80`]);
    expect(seen).toEqual(['GET', '/x', ADDRESS]);
  });

  it.each([
    ['the unix SOCKS socket', () => ({ path: join(dir, 's') }), () => `tor.socks_socket=${join(dir, 's')}`],
    [
      'the SOCKS port at its host',
      () => ({ port: 0, host: '127.0.0.1' }),
      (server: Server) => `tor.socks_port=${String(portOf(server))}`,
    ],
  ])('asks through %s of a system Tor', async (_what, at, set) => {
    const socks = await socksTo(portOf(await service(200, 'a page')), [], at());
    const world = await run(['debug', 'fetch', '--json'], 'tor.mode=system', set(socks));
    expect([world.code, world.err]).toEqual([0, '']);
    expect(JSON.parse(world.out)).toMatchObject({ status: 200, body: 'a page' });
  });

  it('keeps off circuits that were made before, for a page as for a bare connection', async () => {
    const names: string[] = [];
    await socksTo(portOf(await service(200, 'a page')), [], { path: join(dir, 'tor-socks.sock') }, names);
    await run(['debug', 'fetch']);
    await run(['debug', 'fetch'], 'target.url=tcp://127.0.0.1:22');
    expect(names.map((name) => /^debug-[0-9a-f]{16}$/.test(name))).toEqual([true, true]);
  });

  it('gives up when Tor, or then the service, does not answer in time', async () => {
    const mute = await listening(createServer(), { path: join(dir, 'mute') });
    const quick = ['debug', 'fetch', '--timeout-secs', '1'];
    const system = ['tor.mode=system', `tor.socks_socket=${join(dir, 'mute')}`];
    const unreached = await run(quick, ...system);
    expect([unreached.code, unreached.err.includes('reach the address failed: no answer in time')]).toEqual([
      1,
      true,
    ]);
    mute.close();
    const silent = await listening(createServer(), { port: 0, host: '127.0.0.1' });
    await socksTo(portOf(silent));
    const unanswered = await run(quick);
    expect([unanswered.code, unanswered.err.includes('fetch the page failed: no answer in time')]).toEqual([
      1,
      true,
    ]);
  });

  it('tells that nobody listens where Tor should', async () => {
    const world = await run(['debug', 'fetch']);
    expect([world.code, world.err.includes('reach the address failed: connect ENOENT')]).toEqual([1, true]);
  });

  it('shows at most 4096 bytes of a page', async () => {
    await socksTo(portOf(await service(200, 'y'.repeat(1_000_000))));
    const world = await run(['debug', 'fetch', '--json']);
    expect((JSON.parse(world.out) as { body: string }).body).toBe('y'.repeat(4096));
  });

  it('fails with the page of a proxy whose target is down', async () => {
    await socksTo(portOf(await service(502, 'sorry')));
    const world = await run(['debug', 'fetch']);
    expect([world.code, world.out.includes('sorry')]).toEqual([1, true]);
    expect(world.err).toContain('the page failed: status 502 [probe.failed]. See rustbalance debug connect');
  });

  it('tells when Tor finds nobody, and when the answer is no HTTP', async () => {
    const nobody = await socksTo(null);
    const lost = await run(['debug', 'fetch']);
    expect([lost.code, lost.err.includes('reach the address failed: HostUnreachable')]).toEqual([1, true]);
    await new Promise((resolve) => nobody.close(resolve));
    const ssh = await listening(
      createServer((client) => client.end('SSH-2.0-x\r\n\r\n')),
      { port: 0, host: '127.0.0.1' },
    );
    await socksTo(portOf(ssh));
    const wrong = await run(['debug', 'fetch']);
    expect([
      wrong.code,
      wrong.err.includes('fetch the page failed: what answers speaks no HTTP/1.1'),
    ]).toEqual([1, true]);
  });

  it('of a raw target tries the connection only', async () => {
    await socksTo(portOf(await service(200, 'never asked')));
    const world = await run(['debug', 'fetch', '--json'], 'target.url=tcp://127.0.0.1:22');
    expect([world.code, Object.keys(JSON.parse(world.out) as object)]).toEqual([0, ['steps']]);
  });
});
