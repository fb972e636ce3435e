import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CircuitStreams } from '@rustbalance/actors/proxy/circuit-streams.js';
import { eventually } from '../../support/eventually.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient, sayAndListen } from './support/raw-client.js';
import { listening, okay, sayingTarget } from './support/scripted-target.js';

const GET = requestText('GET /').replace('Host', 'Connection: close\r\nHost');
const LINE = 'PROXY TCP6 fc00:dead:beef:4dad::0:7 ::1 7 80\r\n';
const PATIENCE = { timeoutMs: 4500, everyMs: 5 };

describe('a proxy to which Tor names the circuit of each stream', () => {
  it('takes the name off and counts the stream for that circuit', async () => {
    const streams = new CircuitStreams();
    const proxy = await proxyTo({ target: await sayingTarget(okay('served')), options: { streams } });
    proxy.expectCircuits(true);
    expect(await sayAndListen(proxy.listen, LINE + GET)).toMatch(/served$/);
    await eventually('it is closed', () => proxy.openConnections() === 0, PATIENCE);
    expect(streams.view()).toMatchObject({ unnamed: 0, circuits: [{ id: '7', open: 0 }] });
  });

  it('takes a connection that ends without a byte for nobody’s', async () => {
    const streams = new CircuitStreams();
    const proxy = await proxyTo({ target: await sayingTarget(okay('served')), options: { streams } });
    proxy.expectCircuits(true);
    streams.due(['7'], 0, 600_000);
    const look = rawClient(proxy.listen);
    await eventually('it is there', () => proxy.openConnections() === 1, PATIENCE);
    look.socket.end();
    await eventually('it is gone', () => proxy.openConnections() === 0, PATIENCE);
    // An unnamed stream, ended or not, would keep every circuit for seconds more.
    expect(streams.due(['7'], 10_000, 600_000).circuits).toEqual(['7']);
  });

  it('serves a stream that a Tor without names brings, also where the target speaks first', async () => {
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket.on('error', () => undefined));
      socket.write('220 ready\r\n');
    });
    onTestFinished(() => {
      server.close();
      for (const socket of open) socket.destroy();
    });
    const streams = new CircuitStreams();
    const target = { mode: 'raw' as const, port: await listening(server) };
    const proxy = await proxyTo({ target, options: { streams } });
    proxy.expectCircuits(true);
    await rawClient(proxy.listen).hears('220 ready');
    expect(streams.view()).toMatchObject({ unnamed: 1 });
  });
});
