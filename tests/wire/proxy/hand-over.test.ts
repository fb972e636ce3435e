import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient } from './support/raw-client.js';
import { okay, sayingTarget, scriptedTarget } from './support/scripted-target.js';

const GET = requestText('GET /');
const GRACE_MS = 1_000;
const PATIENCE = { timeoutMs: 4500, everyMs: 5 };

/** A target that answers when told to. */
const patientTarget = async () => {
  const answers: (() => void)[] = [];
  const target = await scriptedTarget((socket) => {
    answers.push(() => socket.write(okay('late')));
  });
  return { target, answers };
};

describe('a proxy that another replaces', () => {
  it('is gone at once where nothing is under way', async () => {
    const proxy = await proxyTo({ target: await sayingTarget(okay('served')) });
    const idle = rawClient(proxy.listen).send(GET);
    await idle.hears('served');
    const beganMs = performance.now();
    await proxy.handOver(GRACE_MS);
    expect(performance.now() - beganMs).toBeLessThan(GRACE_MS / 2);
    await idle.closed();
  });

  it('serves whoever comes for as long as a request is under way, and is gone with that', async () => {
    const { target, answers } = await patientTarget();
    const proxy = await proxyTo({ target });
    const first = rawClient(proxy.listen).send(GET);
    await eventually('its request is under way', () => answers.length === 1, PATIENCE);
    const handed = proxy.handOver(60_000);
    const second = rawClient(proxy.listen).send(GET);
    await eventually('another is served', () => answers.length === 2, PATIENCE);
    for (const answer of answers) answer();
    for (const client of [first, second])
      expect(await client.closed()).toMatch(/Connection: close\r\n\r\nlate$/);
    await handed;
    const refused = rawClient(proxy.listen);
    await refused.closed();
    expect(refused.error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('breaks off what is under way still at the end of its grace', async () => {
    const { target, answers } = await patientTarget();
    const proxy = await proxyTo({ target });
    const client = rawClient(proxy.listen).send(GET);
    await eventually('its request is under way', () => answers.length === 1, PATIENCE);
    const beganMs = performance.now();
    await proxy.handOver(200);
    expect(performance.now() - beganMs).toBeGreaterThan(150);
    expect(await client.closed()).toBe('');
  });

  it('cuts off no short request under load, and refuses clients only until the other listens', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rb-hand-over-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const listen = { kind: 'unix', path: join(directory, 'proxy.sock') } as const;
    const [before, after] = [await sayingTarget(okay('before')), await sayingTarget(okay('after'))];
    const proxy = await proxyTo({ target: before, options: { listen } });
    let done = false;
    const heard: string[] = [];
    const refusedAtMs: number[] = [];
    const visit = async (): Promise<void> => {
      while (!done) {
        const client = rawClient(proxy.listen).send(GET.replace('Host', 'Connection: close\r\nHost'));
        const text = await client.closed();
        if (client.error === null) heard.push(text);
        else refusedAtMs.push(performance.now());
      }
    };
    const visitors = [visit(), visit(), visit(), visit()];
    await eventually('they are served', () => heard.length > 40, PATIENCE);
    await proxy.handOver(GRACE_MS);
    const endedMs = performance.now();
    await proxyTo({ target: after, options: { listen } });
    const listensMs = performance.now();
    await eventually('they are served by the other', () => heard.at(-1)?.endsWith('after'), PATIENCE);
    done = true;
    await Promise.all(visitors);
    expect(heard.filter((text) => !/(before|after)$/.test(text))).toEqual([]);
    // Whoever is in the kernel's queue when the socket closes is refused by a reset, and was never asked for anything.
    expect(heard.filter((text) => text.endsWith('before'))).toHaveLength(before.requests.length);
    expect(refusedAtMs.filter((atMs) => atMs < endedMs - GRACE_MS / 2 || atMs > listensMs + 100)).toEqual([]);
  });
});
