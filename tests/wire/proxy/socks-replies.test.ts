import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStreamAddress } from '@rustbalance/actors/kernel/stream-address.js';
import type { ProxyLimits } from '@rustbalance/actors/proxy/limits.js';
import type { Proxy } from '@rustbalance/actors/proxy/start-proxy.js';
import { eventually, within } from '../../support/eventually.js';
import {
  type BabblingSocks,
  babblingSocks,
  couldBeGrant,
  isGrant,
  socksScripts,
} from './support/babbling-socks.js';
import { proxyTo, requestText } from './support/proxy-under-test.js';
import { sayAndListen } from './support/raw-client.js';

const ONION = `${'t'.repeat(56)}.onion`;
const GET_AND_CLOSE = requestText('GET /', 'Connection: close');
/** Long enough for a machine under load to answer a dozen at once, whose good replies are to be seen in time, too. */
const DEADLINE_MS = 400;

interface Route {
  readonly socks: BabblingSocks;
  readonly proxy: Proxy;
}

const routes = (
  count: number,
  isolation: string | null,
  limits: Partial<ProxyLimits> = { connectTimeoutMs: DEADLINE_MS, idleTimeoutMs: DEADLINE_MS },
  mode: 'http' | 'raw' = 'http',
): Promise<Route[]> =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const socks = await babblingSocks();
      const proxy = await proxyTo({
        target: { mode, host: ONION, port: 80, route: 'onion' },
        limits,
        options: { socks: parseStreamAddress(socks.address), isolation },
      });
      return { socks, proxy };
    }),
  );

const AT_ONCE = 12;
const PROPER = {
  parts: [Buffer.of(5, 0), Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)],
  trickles: false,
  ends: false,
};

describe("what Tor's SOCKS port says, garbage included", () => {
  it.each([
    ['without a user name', null],
    ['with one', 'only-us'],
  ])(
    'gets the client the page, 502 or 504 within the deadline, never a hang: %s',
    async (_, isolation) => {
      const all = await routes(AT_ONCE, isolation);
      const withUser = isolation !== null;
      const statuses = new Set<string>();
      const scriptsArb = fc.array(socksScripts(withUser), { minLength: AT_ONCE, maxLength: AT_ONCE });
      await fc.assert(
        fc.asyncProperty(scriptsArb, async (scripts) => {
          const answers = all.map(({ socks, proxy }, at) => {
            const script = scripts[at];
            if (script !== undefined) socks.say(script);
            return within(15_000, 'an answer', sayAndListen(proxy.listen, GET_AND_CLOSE));
          });
          for (const [at, heard] of (await Promise.all(answers)).entries()) {
            const status = /^HTTP\/1\.1 (200|502|504) /.exec(heard)?.[1];
            expect(status, heard).toBeDefined();
            statuses.add(status ?? '');
            const script = scripts[at];
            if (script === undefined) continue;
            // On a machine under load even a good reply may come after the deadline.
            if (isGrant(script, withUser)) expect(status).not.toBe('502');
            if (!couldBeGrant(script, withUser)) expect(status).not.toBe('200');
          }
        }),
        { numRuns: 10, endOnFailure: true },
      );
      expect([...statuses].sort()).toEqual(['200', '502', '504']);
      await eventually('nothing is held', () => all.every(({ proxy }) => proxy.openConnections() === 0), {
        timeoutMs: 5000,
        everyMs: 5,
      });
    },
    60_000,
  );

  it('leaves the proxy as it was: the next proper reply is served', async () => {
    const [route] = await routes(1, null, {});
    if (route === undefined) throw new Error('no route');
    for (const parts of [
      [Buffer.alloc(100_000)],
      [Buffer.of(5)],
      [Buffer.of(5, 0), Buffer.of(5, 0, 0)],
      [],
    ]) {
      route.socks.say({ parts, trickles: false, ends: true });
      expect(await sayAndListen(route.proxy.listen, GET_AND_CLOSE)).toMatch(/^HTTP\/1\.1 502 /);
      route.socks.say(PROPER);
      expect(await sayAndListen(route.proxy.listen, GET_AND_CLOSE)).toContain('fine');
    }
  });

  it('in pieces that never become a whole does not move the deadline: 504', async () => {
    const [route] = await routes(1, null, { connectTimeoutMs: DEADLINE_MS });
    if (route === undefined) throw new Error('no route');
    // A name of 255 bytes is announced, and less follows.
    const reply = Buffer.concat([Buffer.of(5, 0, 0, 3, 255), Buffer.alloc(200, 0x61)]);
    route.socks.say({ parts: [Buffer.of(5, 0), reply], trickles: true, ends: false });
    const startedAt = performance.now();
    expect(await sayAndListen(route.proxy.listen, GET_AND_CLOSE)).toMatch(/^HTTP\/1\.1 504 /);
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });

  it('with an address of a type that nobody knows is no grant: none of it reaches a raw client', async () => {
    const [route] = await routes(1, null, {}, 'raw');
    if (route === undefined) throw new Error('no route');
    const reply = Buffer.from([5, 0, 0, 7, ...Buffer.from('where does this end?')]);
    route.socks.say({ parts: [Buffer.of(5, 0), reply], trickles: false, ends: false });
    expect(await sayAndListen(route.proxy.listen, 'hello')).toBe('');
    route.socks.say(PROPER);
    expect(await sayAndListen(route.proxy.listen, GET_AND_CLOSE)).toContain('fine');
  });
});
