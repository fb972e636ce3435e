import { describe, expect, it } from 'vitest';
import { SELF_TEST_FIELD, SelfTestTokens } from '@rustbalance/actors/kernel/self-test-token.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { selfTestKey } from '@rustbalance/actors/kernel/cluster-keys.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { SelfTestGate } from '@rustbalance/actors/proxy/self-test-gate.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { eventually } from '../../support/eventually.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient, sayAndListen } from './support/raw-client.js';
import { okay, sayingTarget, scriptedTarget } from './support/scripted-target.js';

const GET = requestText('GET /');
const GET_AND_CLOSE = requestText('GET /', 'Connection: close');
const down = { state: 'down' as const, failures: 3 };
const well = { state: 'well' as const, failures: 0 };

const tokens = () =>
  new SelfTestTokens(selfTestKey(new Secret(Buffer.from('cluster')), 'a.onion')!, {
    clock: systemClock,
    random: systemRandom,
  });
const gate = () => ({ selfTests: new SelfTestGate(tokens(), 'alpha') });

describe('while no target is well', () => {
  it('clients get 503 at once, with when to come back and nothing that a cache may keep', async () => {
    const hung = await scriptedTarget(() => undefined);
    const proxy = await proxyTo({ target: hung });
    proxy.judge([down]);
    const beganMs = performance.now();
    const heard = await sayAndListen(proxy.listen, GET_AND_CLOSE);
    expect(performance.now() - beganMs).toBeLessThan(1000);
    expect(heard).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n.*Retry-After: 10\r\n/s);
    expect(heard).toContain('Cache-Control: no-store\r\n');
    expect(hung.connections()).toBe(0);
    expect(proxy.traffic.unavailableTotal).toBe(1);
  });

  it("the operator's page is served byte for byte, without its body for HEAD", async () => {
    const downPage = Buffer.from('<h1>Zurück in Kürze</h1>\n', 'utf8');
    const proxy = await proxyTo({ target: { port: 1 }, options: { downPage: () => downPage } });
    proxy.judge([down]);
    const heard = await sayAndListen(proxy.listen, GET_AND_CLOSE);
    const head = await sayAndListen(proxy.listen, requestText('HEAD /', 'Connection: close'));
    expect(Buffer.from(heard.slice(heard.indexOf('\r\n\r\n') + 4), 'latin1')).toEqual(downPage);
    expect(heard).toContain(`Content-Length: ${String(downPage.length)}\r\n`);
    expect(head).toMatch(/^HTTP\/1\.1 503 .*\r\n\r\n$/s);
  });

  it('a connection stays usable: pipelined requests are all answered, and served again on recovery', async () => {
    const target = await sayingTarget(okay('served'));
    const proxy = await proxyTo({ target });
    proxy.judge([down]);
    const client = rawClient(proxy.listen).send(GET + GET + GET);
    await client.hears(/(503 Service.*){3}<\/html>\n$/s);
    proxy.judge([well]);
    await client.send(GET).hears('served');
  });

  it('a request with a body is answered without waiting for it', async () => {
    const proxy = await proxyTo({ target: { port: 1 } });
    proxy.judge([down]);
    const heard = await sayAndListen(proxy.listen, requestText('POST /', 'Content-Length: 100000'));
    expect(heard).toMatch(/^HTTP\/1\.1 503 .*Connection: close/s);
  });

  it('a raw connection is closed at once', async () => {
    const target = await scriptedTarget(() => undefined);
    const proxy = await proxyTo({ target: { mode: 'raw', port: target.port } });
    proxy.judge([down]);
    expect(await rawClient(proxy.listen).closed()).toBe('');
    expect(target.connections()).toBe(0);
    expect(proxy.traffic.unavailableTotal).toBe(1);
  });

  it('a safe request that waits for its first byte is told as soon as that is known, and an unsafe one waits on', async () => {
    const hung = await scriptedTarget(() => undefined);
    const proxy = await proxyTo({ target: hung });
    const safe = rawClient(proxy.listen).send(GET_AND_CLOSE);
    const unsafe = rawClient(proxy.listen).send(requestText('POST /', 'Content-Length: 0'));
    await eventually('both wait', () => hung.requests.length === 2, { timeoutMs: 4500, everyMs: 5 });
    proxy.judge([down]);
    expect(await safe.closed()).toMatch(/^HTTP\/1\.1 504 /);
    expect(unsafe.heard).toBe('');
    expect(proxy.targetViews()[0]?.outstanding).toBe(1);
  });

  it('a safe request that waits at one target goes to another that is well', async () => {
    const hung = await scriptedTarget(() => undefined);
    const fine = await sayingTarget(okay('fine'));
    const proxy = await proxyTo({ target: hung, others: [fine] });
    proxy.judge([well, down]);
    const client = rawClient(proxy.listen).send(GET_AND_CLOSE);
    await eventually('it waits', () => hung.requests.length === 1, { timeoutMs: 4500, everyMs: 5 });
    proxy.judge([down, well]);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 OK.*fine$/s);
  });

  it('a verdict that nobody renews does not hold for ever', async () => {
    const target = await sayingTarget(okay('served'));
    const clock = new SimulatedClock(0);
    const proxy = await proxyTo({ target, options: { clock } });
    proxy.judge([down]);
    expect(await sayAndListen(proxy.listen, GET_AND_CLOSE)).toContain('503');
    await clock.advance(121_000);
    expect(await sayAndListen(proxy.listen, GET_AND_CLOSE)).toContain('served');
  });
});

describe("the cluster's own tests", () => {
  it('of a target reach it though it is thought to be down, and no other', async () => {
    const first = await sayingTarget(okay('first'));
    const second = await sayingTarget(okay('second'));
    const proxy = await proxyTo({ target: first, others: [second], options: gate() });
    proxy.judge([well, down]);
    const probe = requestText('GET /health', `RB-Self-Test: ${tokens().issue(1)}`, 'Connection: close');
    expect(await sayAndListen(proxy.listen, probe)).toContain('second');
    expect(await sayAndListen(proxy.listen, requestText('GET /', 'Connection: close'))).toContain('first');
  });

  it('of a target that fails are not answered by another', async () => {
    const broken = await scriptedTarget((socket) => socket.resetAndDestroy());
    const fine = await sayingTarget(okay('fine'));
    const proxy = await proxyTo({ target: broken, others: [fine], options: gate() });
    const probe = requestText('GET /health', `RB-Self-Test: ${tokens().issue(0)}`, 'Connection: close');
    expect(await sayAndListen(proxy.listen, probe)).toMatch(/^HTTP\/1\.1 502 /);
    expect(fine.requests).toHaveLength(0);
  });

  it('of the whole way are told which node answered, and with which target', async () => {
    const target = await sayingTarget(okay('page'));
    const proxy = await proxyTo({ target, options: gate() });
    const canary = (): string =>
      requestText('GET /', `rb-self-test: ${tokens().issue('canary')}`, 'Connection: close');
    const answered = await sayAndListen(proxy.listen, canary());
    proxy.judge([down]);
    const unavailable = await sayAndListen(proxy.listen, canary());
    expect(answered).toMatch(/^HTTP\/1\.1 200 OK\r\n.*rb-node: alpha\r\nrb-target: 1\r\n.*page$/s);
    expect(unavailable).toMatch(/^HTTP\/1\.1 503 .*rb-node: alpha\r\nrb-target: down\r\n/s);
  });

  it('never show their token to a target, fresh or replayed', async () => {
    const target = await sayingTarget(okay('page'));
    const proxy = await proxyTo({ target, options: gate() });
    const request = requestText('GET /', `RB-Self-Test: ${tokens().issue('canary')}`, 'Connection: close');
    expect(await sayAndListen(proxy.listen, request)).toContain('rb-node');
    expect(await sayAndListen(proxy.listen, request)).not.toContain('rb-node');
    expect(target.requests).toHaveLength(2);
    expect(target.requests.join().toLowerCase()).not.toContain(SELF_TEST_FIELD);
  });

  it('cannot be forged: a field that is none of ours goes to the target like any other', async () => {
    const target = await sayingTarget(okay('page'));
    const proxy = await proxyTo({ target, options: gate() });
    const forged = tokens()
      .issue('canary')
      .replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const heard = await sayAndListen(
      proxy.listen,
      requestText('GET /', `RB-Self-Test: ${forged}`, 'Connection: close'),
    );
    expect(heard).not.toContain('rb-node');
    expect(target.requests[0]).toContain(`RB-Self-Test: ${forged}`);
  });
});

describe('a target that owes answers', () => {
  it('is suspected after a while, not while it answers others, nor for a connection that only lasts', async () => {
    const clock = new SimulatedClock(0);
    const target = await scriptedTarget((socket, head) => {
      if (head.includes('Upgrade:'))
        socket.write('HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
      else if (!head.includes('/hang')) socket.write(okay('page'));
    });
    const proxy = await proxyTo({ target, limits: { idleTimeoutMs: 300_000 }, options: { clock } });
    await rawClient(proxy.listen)
      .send(requestText('GET /', 'Connection: Upgrade', 'Upgrade: websocket'))
      .hears('hello');
    await clock.advance(60_000);
    expect(proxy.silentTargets()).toEqual([]);
    rawClient(proxy.listen).send(requestText('GET /hang'));
    await eventually('it waits', () => target.requests.length === 2, { timeoutMs: 4500, everyMs: 5 });
    await clock.advance(4000);
    expect(proxy.silentTargets()).toEqual([]);
    expect(await sayAndListen(proxy.listen, GET_AND_CLOSE)).toContain('page');
    await clock.advance(4000);
    expect(proxy.silentTargets()).toEqual([]);
    await clock.advance(2000);
    expect(proxy.silentTargets()).toEqual([0]);
    const stopped = proxy.stop(0);
    await clock.advance(1);
    await stopped;
  });
});
