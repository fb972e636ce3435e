import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { rawClient, sayAndListen } from './support/raw-client.js';
import { okay, sayingTarget, scriptedTarget } from './support/scripted-target.js';

const GET = requestText('GET /');
const PATIENCE = { timeoutMs: 4500, everyMs: 5 };

describe('a proxy that takes leave', () => {
  it('finishing serves whoever comes still, and ends each connection with its request', async () => {
    const target = await sayingTarget(okay('served'));
    const proxy = await proxyTo({ target });
    await proxy.drain('finishing');
    expect(await sayAndListen(proxy.listen, GET)).toMatch(/Connection: close\r\n\r\nserved$/);
    expect(await sayAndListen(proxy.listen, GET)).toContain('served');
    await eventually('it is idle', () => proxy.openConnections() === 0, PATIENCE);
  });

  it('finishing closes connections that are idle between requests, not those that are about to ask', async () => {
    const target = await sayingTarget(okay('served'));
    const proxy = await proxyTo({ target });
    const idle = rawClient(proxy.listen).send(GET);
    const fresh = rawClient(proxy.listen);
    await idle.hears('served');
    await eventually('both are there', () => proxy.openConnections() === 2, PATIENCE);
    await proxy.drain('finishing');
    await idle.closed();
    expect(await fresh.send(GET).closed()).toMatch(/Connection: close\r\n\r\nserved$/);
  });

  it('closed accepts nobody, lets what is under way finish without a deadline, and is idle then', async () => {
    let answer: () => void = () => undefined;
    const target = await scriptedTarget((socket) => {
      answer = () => socket.write(okay('late'));
    });
    const proxy = await proxyTo({ target });
    const client = rawClient(proxy.listen).send(GET);
    await eventually('the request is under way', () => target.requests.length === 1, PATIENCE);
    await proxy.drain('closed');
    const refused = rawClient(proxy.listen);
    await refused.closed();
    expect(refused.error).toMatchObject({ code: 'ECONNREFUSED' });
    expect(proxy.openConnections()).toBe(1);
    answer();
    expect(await client.closed()).toMatch(/Connection: close\r\n\r\nlate$/);
    await eventually('it is idle', () => proxy.openConnections() === 0, PATIENCE);
  });

  it('serves again at the same address when told to', async () => {
    const target = await sayingTarget(okay('served'));
    const proxy = await proxyTo({ target });
    await proxy.drain('closed');
    await proxy.drain('serving');
    const client = rawClient(proxy.listen);
    await client.send(GET).hears('served');
    expect(await client.send(GET).hears(/served.*served/s)).not.toContain('Connection: close');
  });

  it('can be stopped in any of it', async () => {
    const target = await sayingTarget(okay('served'));
    for (const to of ['finishing', 'closed'] as const) {
      const proxy = await proxyTo({ target });
      await proxy.drain(to);
      await proxy.stop(1000);
      const late = rawClient(proxy.listen);
      await late.closed();
      expect(late.error).toMatchObject({ code: 'ECONNREFUSED' });
    }
  });

  it('loses no request while it goes from serving to closed under load', async () => {
    const target = await sayingTarget(okay('served'));
    const proxy = await proxyTo({ target });
    let finishing = false;
    const visit = async (): Promise<string[]> => {
      const heard: string[] = [];
      while (!finishing)
        heard.push(await sayAndListen(proxy.listen, GET.replace('Host', 'Connection: close\r\nHost')));
      return heard;
    };
    const visitors = [visit(), visit(), visit(), visit()];
    await eventually('they are served', () => target.requests.length > 40, PATIENCE);
    await proxy.drain('finishing');
    const atFinishing = target.requests.length;
    await eventually('they are served still', () => target.requests.length > atFinishing + 40, PATIENCE);
    finishing = true;
    const heard = (await Promise.all(visitors)).flat();
    await proxy.drain('closed');
    expect(heard.filter((text) => !text.endsWith('served'))).toEqual([]);
    await eventually('it is idle', () => proxy.openConnections() === 0, PATIENCE);
  });
});
