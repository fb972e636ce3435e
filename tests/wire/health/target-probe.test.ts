import { createServer as createHttp } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { targetProbe } from '@rustbalance/actors/health/target-probe.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { parseTargets } from '@rustbalance/actors/kernel/config/target.js';
import { within } from '../../support/eventually.js';
import { configWith } from '../../unit/health/world.js';
import { ADDRESS } from '../../unit/config/minimal.js';
import { babblingSocks, couldBeGrant, socksScripts } from '../proxy/support/babbling-socks.js';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

let dir = '';
const servers: Server[] = [];
const sockets = new Set<Socket>();
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rb-probe-'));
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  rmSync(dir, { recursive: true });
});

const listening = (server: Server, at: { path: string } | { port: number; host: string }): Promise<Server> =>
  new Promise((resolve) => {
    servers.push(server);
    server.on('connection', (socket) => sockets.add(socket));
    server.listen(at, () => resolve(server));
  });
const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const onPort = (server: Server): Promise<Server> => listening(server, { port: 0, host: '127.0.0.1' });

const probeWith = (config: Config) => {
  const targets = parseTargets(config);
  if ('code' in targets) throw new Error(targets.what);
  return targetProbe(config, targets[0], 0, null);
};

const probeOf = (extra: string, url: string) => {
  const config = configWith(extra);
  return probeWith({ ...config, target: { ...config.target, url } });
};

const http = async (answer: RequestListener) => listening(createHttp(answer), { path: join(dir, 'proxy') });
const way = () => ({ proxy: `unix:${join(dir, 'proxy')}`, socks: `unix:${join(dir, 'socks')}` });
const httpProbe = (timeoutSecs: number): string =>
  `[health]\nhttp_probe_enabled = true\nhttp_probe_path = "/up"\nhttp_probe_timeout_secs = ${String(timeoutSecs)}\n`;
/** Where it is not the time-out that is tried. */
const HTTP = httpProbe(10);

describe('the connection probe', () => {
  it('succeeds where the target accepts, and sends nothing', async () => {
    const received: Buffer[] = [];
    const server = await onPort(createServer((socket) => socket.on('data', (data) => received.push(data))));
    expect(await probeOf('', `http://127.0.0.1:${portOf(server)}`)(way())).toEqual({ ok: true });
    expect(received).toEqual([]);
  });

  it('tells a refused connection by its code', async () => {
    const server = await onPort(createServer());
    const port = portOf(server);
    await new Promise((resolve) => servers.pop()!.close(resolve));
    expect(await probeOf('', `http://127.0.0.1:${port}`)(way())).toEqual({
      ok: false,
      reason: 'ECONNREFUSED',
    });
  });

  /** A SOCKS5 server that speaks as little as Tor does, and answers every request with `reply`. */
  const socks = (reply: number | null, asked: string[] = []) =>
    listening(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => {
          socket.write(Uint8Array.of(5, 0));
          socket.once('data', (request) => {
            const length = request[4] ?? 0;
            asked.push(request.subarray(5, 5 + length).toString());
            if (reply !== null) socket.write(Uint8Array.of(5, reply, 0, 1, 0, 0, 0, 0, 0, 0));
          });
        });
      }),
      { path: join(dir, 'socks') },
    );

  it('of an onion target goes through Tor, which resolves the name', async () => {
    const asked: string[] = [];
    await socks(0, asked);
    expect(await probeOf('', `http://${ONION}:8080`)(way())).toEqual({ ok: true });
    expect(asked).toEqual([ONION]);
  });

  it("of an onion target tells Tor's refusal by its name", async () => {
    await socks(4);
    expect(await probeOf('', `http://${ONION}`)(way())).toEqual({ ok: false, reason: 'HostUnreachable' });
  });

  it('of an onion target ends within the connect timeout when Tor never answers', async () => {
    await socks(null);
    const config = configWith();
    const target = { ...config.target, url: `http://${ONION}`, connect_timeout_secs: 0.2 };
    const probe = probeWith({ ...config, target });
    const startedAt = performance.now();
    expect(await probe(way())).toEqual({ ok: false, reason: 'Tor reached nobody' });
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });

  it('of an onion target ends in time, whatever Tor says, and succeeds only where the connection was granted', async () => {
    const config = configWith();
    const target = { ...config.target, url: `http://${ONION}`, connect_timeout_secs: 0.3 };
    const probe = probeWith({ ...config, target });
    const servers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => babblingSocks(join(dir, `socks-${String(at)}`))),
    );
    const results = new Set<boolean>();
    const scripts = fc.array(socksScripts(false), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(scripts, async (said) => {
        const probes = servers.map(async ({ address, say }, at) => {
          const script = said[at];
          if (script === undefined) return;
          say(script);
          const result = await within(10_000, 'a result', probe({ proxy: null, socks: address }));
          results.add(result?.ok === true);
          if (!couldBeGrant(script, false)) expect(result?.ok).toBe(false);
          if (result?.ok === false) expect(result.reason).toMatch(/^[A-Za-z ]{1,40}$/);
        });
        await Promise.all(probes);
      }),
      { numRuns: 10, endOnFailure: true },
    );
    expect(results).toEqual(new Set([true, false]));
  });

  it('of an onion target is not tried while the SOCKS port is unknown', async () => {
    expect(await probeOf('', `http://${ONION}`)({ proxy: null, socks: null })).toBeNull();
  });
});

describe('the HTTP probe', () => {
  it('asks the proxy for the configured path, as a client of the master address would', async () => {
    const seen: (string | undefined)[] = [];
    await http((request, response) => {
      seen.push(request.method, request.url, request.headers.host);
      response.end('fine');
    });
    expect(await probeOf(HTTP, 'http://127.0.0.1:1')(way())).toEqual({ ok: true });
    expect(seen).toEqual(['GET', '/up', ADDRESS]);
  });

  it.each([502, 301, 404])('fails with status %i where 200 is expected', async (status) => {
    await http((_request, response) => response.writeHead(status).end());
    expect(await probeOf(HTTP, 'http://127.0.0.1:1')(way())).toEqual({
      ok: false,
      reason: `status ${status}`,
    });
  });

  it('succeeds with the expected status, whatever it is', async () => {
    await http((_request, response) => response.writeHead(404).end());
    const probe = probeOf(`${HTTP}probe_expected_status = 404\n`, 'http://127.0.0.1:1');
    expect(await probe(way())).toEqual({ ok: true });
  });

  it('does not wait for the end of a body that never ends', async () => {
    await http((_request, response) => void response.write('x'));
    expect(await probeOf(HTTP, 'http://127.0.0.1:1')(way())).toEqual({ ok: true });
  });

  it('fails in time when nothing answers', async () => {
    await http(() => undefined);
    expect(await probeOf(httpProbe(0.2), 'http://127.0.0.1:1')(way())).toEqual({
      ok: false,
      reason: 'no answer in time',
    });
  });

  it('fails when what answers is not HTTP, or the proxy is gone', async () => {
    await listening(
      createServer((socket) => socket.end('SSH-2.0-x\r\n')),
      { path: join(dir, 'proxy') },
    );
    const probe = probeOf(HTTP, 'http://127.0.0.1:1');
    expect(await probe(way())).toMatchObject({ ok: false, reason: 'HPE_INVALID_CONSTANT' });
    expect(await probe({ proxy: `unix:${dir}/gone`, socks: null })).toEqual({ ok: false, reason: 'ENOENT' });
  });

  it('is not tried while the proxy does not listen', async () => {
    expect(await probeOf(HTTP, 'http://127.0.0.1:1')({ proxy: null, socks: null })).toBeNull();
  });
});
