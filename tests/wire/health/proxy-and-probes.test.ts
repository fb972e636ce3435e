import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { healthActor } from '@rustbalance/actors/health/actor.js';
import { selfTestKey } from '@rustbalance/actors/kernel/cluster-keys.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { proxyActor } from '@rustbalance/actors/proxy/actor.js';
import { HarnessNode } from '../../support/actor-harness.js';
import { eventually } from '../../support/eventually.js';
import { measuring } from '../../support/measured.js';
import { ADDRESS } from '../../unit/config/minimal.js';
import { configWith } from '../../unit/health/world.js';
import { freePort } from '../proxy/support/free-port.js';
import { requestText } from '../proxy/support/proxy-under-test.js';
import { sayAndListen } from '../proxy/support/raw-client.js';
import { okay, scriptedTarget } from '../proxy/support/scripted-target.js';
import type { Answerer } from '../proxy/support/scripted-target.js';

const PATIENCE = { timeoutMs: 20_000, everyMs: 10 };
const GET = requestText('GET /page', 'Connection: close');
const PROBE_INTERVAL_SECS = 0.2;
const PROBE_TIMEOUT_SECS = 0.3;

/** Both actors of one node, wired as in the daemon, probing by HTTP. */
const node = async (ports: readonly number[], downPage = '', timeoutSecs = PROBE_TIMEOUT_SECS) => {
  const dir = await mkdtemp(join(tmpdir(), 'rb-'));
  const config = configWith(
    `[health]\nhttp_probe_enabled = true\nhttp_probe_interval_secs = ${String(PROBE_INTERVAL_SECS)}\nhttp_probe_timeout_secs = ${String(timeoutSecs)}\n`,
  );
  const urls = ports.map((port) => `http://127.0.0.1:${String(port)}`);
  const page = join(dir, 'down.html');
  if (downPage !== '') await writeFile(page, downPage);
  const harness = new HarnessNode({
    config: {
      ...config,
      node: { ...config.node, run_dir: dir, state_dir: dir },
      target: { ...config.target, url: '', urls, down_page: downPage === '' ? '' : page },
    },
    secrets: {
      masterKey: null,
      nodeKey: null,
      clusterToken: null,
      wireguardKey: null,
      controlPassword: null,
      selfTestKey: selfTestKey(new Secret(Buffer.from('cluster')), ADDRESS),
    },
  });
  onTestFinished(async () => {
    await harness.stopAll();
    await rm(dir, { recursive: true, force: true });
  });
  await harness.start(proxyActor);
  await harness.start(healthActor);
  const state = (target: number) => harness.fact('health.status')?.targets[target]?.state;
  const seen = (target: number) => harness.fact('proxy.status')?.targets[target]?.state;
  return {
    harness,
    page,
    get: () => sayAndListen(`unix:${join(dir, 'proxy.sock')}`, GET),
    until: (target: number, wanted: 'well' | 'down') =>
      eventually(
        `target ${String(target)} is ${wanted}`,
        () => state(target) === wanted && seen(target) === wanted,
        PATIENCE,
      ),
  };
};

/** A target whose ways can be changed while it runs. */
const moodyTarget = async () => {
  const mood: { answer: Answerer } = { answer: (socket) => socket.write(okay('page')) };
  const target = await scriptedTarget((...all) => {
    mood.answer(...all);
  });
  return { target, mood };
};

describe('a target', () => {
  const FAULTS: readonly (readonly [string, Answerer])[] = [
    ['hangs', () => undefined],
    ['answers 500', (socket) => socket.write('HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n')],
    ['resets every connection', (socket) => socket.resetAndDestroy()],
    ['begins an answer and never ends its head', (socket) => socket.write('HTTP/1.1 200 OK\r\nX: y')],
  ];
  it.each(FAULTS)(
    'that %s is found down; clients get the page at once, until it recovers by itself',
    async (what, fault) => {
      const { target, mood } = await moodyTarget();
      const { get, until } = await node([target.port], '<p>back soon</p>');
      await until(0, 'well');
      expect(await get()).toMatch(/^HTTP\/1\.1 200 .*page$/s);
      mood.answer = fault;
      const found = measuring(`a target that ${what} (three probes, 0.2 s apart): clients are told at once`);
      await until(0, 'down');
      found();
      const pagesAsked = () => target.requests.filter((head) => head.includes('/page')).length;
      const asked = pagesAsked();
      const beganMs = performance.now();
      expect(await get()).toMatch(/^HTTP\/1\.1 503 .*Retry-After: \d+\r\n.*<p>back soon<\/p>$/s);
      expect(performance.now() - beganMs).toBeLessThan(1000);
      expect(pagesAsked()).toBe(asked);
      mood.answer = (socket) => socket.write(okay('page'));
      const served = measuring(`a target that ${what}, and recovers: served again`);
      await until(0, 'well');
      served();
      expect(await get()).toMatch(/^HTTP\/1\.1 200 .*page$/s);
    },
  );

  it('that is not there is found down, and well once it is started', async () => {
    const port = await freePort();
    const { get, until } = await node([port]);
    await until(0, 'down');
    expect(await get()).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('that is slow, but within the time of a probe, is not found down', async () => {
    const target = await scriptedTarget((socket) => {
      setTimeout(() => socket.write(okay('slow')), 50);
    });
    // On a busy machine a twentieth of a second may become several.
    const { get, harness, until } = await node([target.port], '', 5);
    await until(0, 'well');
    expect(await get()).toContain('slow');
    await eventually('ten probes', () => target.requests.length >= 11, PATIENCE);
    expect(harness.fact('health.status')?.targets[0]).toMatchObject({ state: 'well', failures: 0 });
  });

  it('of several that is killed costs no client a safe request', async () => {
    const [first, second] = [await moodyTarget(), await moodyTarget()];
    const { get, harness, until } = await node([first.target.port, second.target.port]);
    await until(0, 'well');
    await until(1, 'well');
    first.mood.answer = (socket) => socket.resetAndDestroy();
    const statuses = new Set<string>();
    for (let n = 0; n < 50; n++) statuses.add((await get()).slice(0, 12));
    expect([...statuses]).toEqual(['HTTP/1.1 200']);
    await until(0, 'down');
    const asked = first.target.requests.filter((head) => head.includes('/page')).length;
    // One may have gone over a connection from before, and again over a new one, before another target was asked.
    await eventually(
      'each is told of as a retry',
      () => {
        const retries = harness.fact('proxy.status')?.retriesTotal ?? 0;
        return retries >= 1 && [0, 1].includes(asked - retries);
      },
      PATIENCE,
    );
    expect(harness.fact('health.status')?.target.healthy).toBe(true);
  });

  it('is probed with a token that it never sees', async () => {
    const { target } = await moodyTarget();
    const { until } = await node([target.port]);
    await until(0, 'well');
    expect(target.requests[0]).toContain('GET /health ');
    expect(target.requests.join().toLowerCase()).not.toContain('rb-self-test');
  });
});

describe('the proxy actor', () => {
  it('drains by order, tells when it is idle, and serves again', async () => {
    const { target } = await moodyTarget();
    const { get, harness } = await node([target.port]);
    const drainIs = (wanted: string) =>
      eventually(wanted, () => harness.fact('proxy.status')?.drain === wanted, PATIENCE);
    harness.order('proxy.drain', { to: 'finishing' });
    await drainIs('finishing');
    expect(await get()).toContain('Connection: close');
    harness.order('proxy.drain', { to: 'closed' });
    await drainIs('closed');
    expect(harness.fact('proxy.status')).toMatchObject({ state: 'draining', listen: null });
    await eventually('idle', () => harness.fact('proxy.status')?.openConnections === 0, PATIENCE);
    await expect(get()).resolves.toBe('');
    harness.order('proxy.drain', { to: 'serving' });
    await drainIs('serving');
    expect(await get()).toContain('page');
    expect(harness.fact('health.status')?.findings.map(({ error }) => error.code)).not.toContain(
      'health.proxy-down',
    );
  });

  it('takes a page for outages that is put there or changed meanwhile', async () => {
    const { get, page, until } = await node([await freePort()], '<p>back soon</p>');
    await until(0, 'down');
    expect(await get()).toContain('<p>back soon</p>');
    await writeFile(page, '<p>back at noon</p>');
    const taken = measuring('another page for outages is put there: clients get it');
    await eventually('the new page', async () => (await get()).includes('back at noon'), {
      timeoutMs: 20_000,
    });
    taken();
  });

  it('serves with a page of its own where the configured one cannot be had, and says so once', async () => {
    const { harness } = await node([await freePort()], 'x'.repeat(70_000));
    const codes = harness.logs.map(({ error }) => error?.code);
    expect(codes.filter((code) => code === 'proxy.down-page')).toHaveLength(1);
  });
});
