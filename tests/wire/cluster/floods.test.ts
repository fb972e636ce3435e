import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { measuring } from '../../support/measured.js';
import { examplePoints } from '../../support/simulation/example-points.js';
import { badDatagrams } from '../../support/floods/bad-datagrams.js';
import { badJoinFrames } from '../../support/floods/bad-join-frames.js';
import { startFlood } from '../../support/floods/flood.js';
import { FloodedCluster } from '../../support/floods/flooded-cluster.js';
import { loopbackCluster } from '../../support/loopback-cluster.js';
import type { LoopbackNode } from '../../support/loopback-cluster.js';

/**
 * A second process that sends as fast as it can: of every length up to more than a transport carries, of versions that are
 * none, and with the header of ours and noise behind it.
 */
const FLOOD = `
const socket = require('node:dgram').createSocket('udp4');
const [port, count] = process.argv.slice(1).map(Number);
const { randomFillSync } = require('node:crypto');
const pile = Array.from({ length: 200 }, (_, i) => {
  const bytes = randomFillSync(Buffer.alloc(1 + ((i * 13) % 1400)));
  if (i % 3 === 0) bytes[0] = 1;
  return bytes;
});
let sent = 0;
const more = () => {
  let waiting = 0;
  for (let i = 0; i < 50 && sent < count; i++, sent++) {
    waiting++;
    socket.send(pile[sent % pile.length], port, '127.0.0.1', () => {
      if (--waiting === 0) sent < count ? setImmediate(more) : socket.close();
    });
  }
};
more();
`;
const COUNT = 50_000;

let nodes: readonly LoopbackNode[] = [];
afterEach(async () => {
  for (const { harness } of nodes) await harness.stopAll();
  nodes = [];
});

describe('a node at whose socket bad datagrams arrive at full speed', () => {
  test('drops and counts them, logs none of them, and goes on hearing its peer', async () => {
    nodes = await loopbackCluster(2);
    const [one, two] = nodes as readonly [LoopbackNode, LoopbackNode];
    await one.start();
    await two.start();
    await eventually('one publishes', () => two.publisher === one.spec.id, { timeoutMs: 30_000 });
    const logged = one.harness.logs.length;

    const port = one.spec.address.slice(one.spec.address.lastIndexOf(':') + 1);
    const flood = spawn(process.execPath, ['-e', FLOOD, port, String(COUNT)], { stdio: 'ignore' });
    const dropped = (): Readonly<Record<string, number>> => {
      const context = one.harness.inspect('wg')?.context as
        { transports: readonly { droppedBy: Record<string, number> }[] } | undefined;
      return context?.transports[0]?.droppedBy ?? {};
    };
    const exit = once(flood, 'exit') as Promise<[number]>;
    await eventually('the flood has begun', () => (dropped()['rate'] ?? 0) > 100, {
      timeoutMs: 20_000,
      everyMs: 5,
    });
    const heard = measuring('bad datagrams arrive at full speed: what a peer says meanwhile is known');
    two.tellPoints(examplePoints(two.spec.id, 5));
    await eventually('what its peer said is known', () => one.held()['node-b'] === 5, {
      timeoutMs: 20_000,
      everyMs: 5,
    });
    heard();
    expect((await exit)[0]).toBe(0);
    await eventually('what arrived is counted by reason', () => (dropped()['rate'] ?? 0) > 1000, {
      timeoutMs: 20_000,
    });
    expect(dropped()['too-large']).toBeGreaterThan(0);
    expect(one.isPublisher).toBe(true);
    expect(one.harness.logs.length - logged).toBeLessThan(10);
  }, 60_000);
});

describe('a daemon that is flooded by somebody who has the keys and the address of a member', () => {
  /** Of each kind: together within what a peer may send at once, so that its rate refuses none of them. */
  const EACH = 25;
  /**
   * Sent at once where each must be counted: so many wait in the kernel (some 400 KiB, 1.3 of them for each) while the daemon does
   * not run for a moment. More processes to send them one after another would take longer than datagrams may be old.
   */
  const AT_ONCE = 200;
  const STREAMS = 3000;
  /**
   * What a flood of thousands may add: findings and repairs (the adversary counts as a dead peer), each told once, and what the
   * joins of the test itself say: 13 to 15 lines in the longest test.
   */
  const FEW_LINES = 25;
  /** Beyond three seconds without a word, which is what counts as unheard: for a machine that is busy. */
  const UNHEARD_MS = 5000;
  let cluster: FloodedCluster;

  beforeAll(async () => {
    cluster = await FloodedCluster.form();
  }, 240_000);
  afterAll(async () => {
    await cluster.stop();
  });

  /** Looks at the honest peer until the floods end; the longest time in which it was not heard as it is to be, ms. */
  const longestUnheard = async (isRunning: () => boolean): Promise<number> => {
    let heardMs = performance.now();
    let longest = 0;
    await eventually(
      'the floods end',
      async () => {
        const { isWell } = await cluster.hears();
        longest = Math.max(longest, performance.now() - heardMs);
        if (isWell) heardMs = performance.now();
        return !isRunning();
      },
      { timeoutMs: 60_000 },
    );
    return longest;
  };

  test('counts every kind of bad datagram by its reason, to the last one', async () => {
    const { honest, bad } = badDatagrams(cluster.adversary, EACH);
    const before = await cluster.counted();
    const { port, insider } = cluster;
    const pile = [...honest, ...bad.flatMap((kind) => kind.pile)];
    for (let from = 0; from < pile.length; from += AT_ONCE) {
      const part = pile.slice(from, from + AT_ONCE);
      const flood = startFlood({
        kind: 'datagrams',
        port,
        from: insider.port,
        pile: part,
        count: part.length,
      });
      expect((await flood.ended).sent).toBe(part.length);
    }

    for (const by of ['wg', 'election'] as const) {
      for (const reason of new Set(bad.filter((kind) => kind.by === by).map((kind) => kind.reason))) {
        const kinds = bad.filter((kind) => kind.by === by && kind.reason === reason);
        const expected = kinds.length * EACH;
        let added = 0;
        await eventually(
          `${kinds.map(({ what }) => what).join(', ')}: ${String(expected)} are counted as ${reason}`,
          async () => {
            added = ((await cluster.counted())[by][reason] ?? 0) - (before[by][reason] ?? 0);
            return added >= expected;
          },
          { timeoutMs: 20_000 },
        );
        expect([reason, added]).toEqual([reason, expected]);
      }
    }
    const { wg } = await cluster.counted();
    expect(wg['rate'] ?? 0).toBe(before.wg['rate'] ?? 0);
    expect(await cluster.hears()).toMatchObject({ isWell: true });
  }, 180_000);

  test('hears its other peer while all kinds arrive at full speed, and says little of it', async () => {
    const { bad } = badDatagrams(cluster.adversary, EACH);
    const pile = bad.flatMap((kind) => kind.pile);
    const before = await cluster.counted();
    const lines = cluster.victim.log.length;
    const { port, insider } = cluster;
    const floods = [insider.port, undefined].map((from) =>
      startFlood({ kind: 'datagrams', port, pile, count: COUNT, ...(from === undefined ? {} : { from }) }),
    );
    // A record is honest traffic, too: it must come from the honest peer, across the flood.
    const told = cluster.newToken(cluster.honest);
    expect(await longestUnheard(() => floods.some((flood) => flood.isRunning()))).toBeLessThan(UNHEARD_MS);
    for (const flood of floods) expect((await flood.ended).sent).toBe(COUNT);

    const { token } = await told;
    await eventually(
      'the victim knows the token of its peer',
      async () => {
        const { stdout } = await cluster.victim.command('token list');
        return stdout.includes(Buffer.from(token.id).toString('hex'));
      },
      { timeoutMs: 20_000 },
    );
    const { wg } = await cluster.counted();
    expect((wg['rate'] ?? 0) - (before.wg['rate'] ?? 0)).toBeGreaterThan(1000);
    expect(cluster.victim.isRunning()).toBe(true);
    expect(cluster.victim.log.length - lines).toBeLessThan(FEW_LINES);
  }, 180_000);

  test('refuses bad joins at full speed, admits nobody by them, and answers an honest one right after', async () => {
    const { text, token } = await cluster.newToken(cluster.victim);
    const frames = await badJoinFrames(token, cluster.victimKey, cluster.insider);
    const before = await cluster.counted();
    const lines = cluster.victim.log.length;
    // Each kind once, one at a time, as far as the rate allows: each is counted as what it is.
    for (const { what, counted, bytes } of frames) {
      const was = (await cluster.counted()).joins[counted] ?? 0;
      await startFlood({ kind: 'streams', port: cluster.port, pile: [bytes], count: 1 }).ended;
      let now = was;
      await eventually(
        `${what}: it is counted as ${counted}`,
        async () => {
          now = (await cluster.counted()).joins[counted] ?? 0;
          return now > was;
        },
        { timeoutMs: 20_000 },
      );
      expect([what, now]).toEqual([what, was + 1]);
    }

    const pile = frames.map(({ bytes }) => bytes);
    const flood = startFlood({ kind: 'streams', port: cluster.port, pile, count: STREAMS });
    expect(await longestUnheard(() => flood.isRunning())).toBeLessThan(UNHEARD_MS);
    const { sent } = await flood.ended;
    let joins = before.joins;
    const added = (name: string): number => (joins[name] ?? 0) - (before.joins[name] ?? 0);
    const addedInAll = (): number =>
      added('crowded') + added('refused') + added('malformed') + added('answered');
    await eventually(
      'every stream is counted',
      async () => {
        ({ joins } = await cluster.counted());
        return addedInAll() >= sent + frames.length;
      },
      { timeoutMs: 20_000 },
    );
    expect(added('crowded')).toBeGreaterThan(STREAMS / 2);
    expect(addedInAll()).toBe(sent + frames.length);

    const joined = measuring('joins arrive at full speed, and end: an honest one is a member');
    await cluster.joins('latecomer', text);
    joined();
    const { stdout } = await cluster.victim.command('token list', '--json');
    const { tokens } = JSON.parse(stdout) as { tokens: { id: string; used_by: string[] }[] };
    expect(tokens.find(({ id }) => id === Buffer.from(token.id).toString('hex'))?.used_by).toEqual([
      'latecomer',
    ]);
    expect(cluster.victim.log.length - lines).toBeLessThan(FEW_LINES);
  }, 240_000);
});
