import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { examplePoints } from '../../support/simulation/example-points.js';
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
    await eventually('one publishes', () => two.publisher === one.spec.id, { timeoutMs: 20_000 });
    const logged = one.harness.logs.length;

    const port = one.spec.address.slice(one.spec.address.lastIndexOf(':') + 1);
    const flood = spawn(process.execPath, ['-e', FLOOD, port, String(COUNT)], { stdio: 'ignore' });
    two.tellPoints(examplePoints(two.spec.id, 5));
    const [code] = (await once(flood, 'exit')) as [number];
    expect(code).toBe(0);

    const dropped = (): Readonly<Record<string, number>> => {
      const context = one.harness.inspect('wg')?.context as
        { transports: readonly { droppedBy: Record<string, number> }[] } | undefined;
      return context?.transports[0]?.droppedBy ?? {};
    };
    await eventually('what arrived is counted by reason', () => (dropped()['rate'] ?? 0) > 1000, {
      timeoutMs: 20_000,
    });
    expect(dropped()['too-large']).toBeGreaterThan(0);
    await eventually('what its peer said during the flood is known', () => one.held()['node-b'] === 5, {
      timeoutMs: 20_000,
    });
    expect(one.isPublisher).toBe(true);
    expect(one.harness.logs.length - logged).toBeLessThan(10);
  }, 60_000);
});
