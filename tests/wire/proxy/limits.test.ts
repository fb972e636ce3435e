import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient } from './support/raw-client.js';
import { okay, sayingTarget } from './support/scripted-target.js';

describe('a client that costs without asking', () => {
  it('sends nothing: it is closed without a word', async () => {
    const target = await sayingTarget(okay('x'));
    const { listen } = await proxyTo({ target, limits: { headerTimeoutMs: 150 } });
    expect(await rawClient(listen).closed()).toBe('');
  });

  it('sends its head byte by byte: it gets 408 when the time for the head is over, however busy it is', async () => {
    const target = await sayingTarget(okay('x'));
    const { listen } = await proxyTo({ target, limits: { headerTimeoutMs: 250 } });
    const client = rawClient(listen).send('GET / HTTP/1.1\r\n');
    const drip = setInterval(() => client.send('X: y\r\n'), 20);
    const heard = await client.closed();
    clearInterval(drip);
    expect(heard).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  it('sends its second head byte by byte: the same', async () => {
    const target = await sayingTarget(okay('first'));
    const { listen } = await proxyTo({ target, limits: { headerTimeoutMs: 800 } });
    const client = rawClient(listen).send(requestText('GET /'));
    await client.hears('first');
    expect(await client.send('GET ').closed()).toContain('408 Request Timeout');
  });

  it('sends the beginning of a body and no more: it gets 408', async () => {
    const target = await sayingTarget('');
    const { listen } = await proxyTo({ target, limits: { idleTimeoutMs: 150 } });
    const client = rawClient(listen).send(`${requestText('POST /', 'Content-Length: 10')}abc`);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('keeps its connection without using it: it is closed after the idle time-out', async () => {
    const target = await sayingTarget(okay('first'));
    const { listen } = await proxyTo({ target, limits: { idleTimeoutMs: 800, headerTimeoutMs: 10_000 } });
    const client = rawClient(listen).send(requestText('GET /'));
    expect(await client.closed()).toMatch(/first$/);
  });

  it('takes nothing of its response: it is closed after the idle time-out', async () => {
    const target = await sayingTarget(okay('x'.repeat(30_000_000)));
    const proxy = await proxyTo({ target, limits: { idleTimeoutMs: 300 } });
    const client = rawClient(proxy.listen, { keep: false });
    client.socket.pause();
    client.send(requestText('GET /'));
    await eventually(
      'it is closed',
      () => proxy.traffic.connectionsTotal === 1 && proxy.openConnections() === 0,
      { timeoutMs: 8000 },
    );
  });

  it('asks for a close and then does not close itself: it is closed', async () => {
    const target = await sayingTarget(okay('x'));
    const proxy = await proxyTo({ target });
    const client = rawClient(proxy.listen);
    client.socket.allowHalfOpen = true;
    await client.send(requestText('GET /', 'Connection: close')).hears('x');
    await eventually('it is closed', () => proxy.openConnections() === 0, { timeoutMs: 5000 });
  });
});

describe('more clients than max_connections', () => {
  it('are closed at once; when one has left, the next is served', async () => {
    const target = await sayingTarget(okay('served'));
    const proxy = await proxyTo({ target, limits: { maxConnections: 2 } });
    const one = rawClient(proxy.listen).send(requestText('GET /'));
    const two = rawClient(proxy.listen).send(requestText('GET /'));
    await one.hears('served');
    await two.hears('served');
    expect(await rawClient(proxy.listen).closed()).toBe('');
    expect(proxy.traffic.connectionsRefused).toBe(1);
    one.socket.destroy();
    await eventually('there is room', () => proxy.openConnections() === 1, { timeoutMs: 4000, everyMs: 5 });
    await rawClient(proxy.listen).send(requestText('GET /')).hears('served');
  });
});
