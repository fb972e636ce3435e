import { afterEach, describe, expect, it } from 'vitest';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { revisionCounterOf } from '@rustbalance/actors/publisher/read-back.js';
import { eventually } from '../../support/eventually.js';
import { currentPoints, nextPoints } from '../tor/fake-tor.js';
import { fakeSocks, type FakeSocks } from '../proxy/support/fake-socks.js';
import { scriptedTarget } from '../proxy/support/scripted-target.js';
import {
  BETA,
  clientsRing,
  descriptorOf,
  startPublishingNode,
  type PublishingNode,
} from './publishing-node.js';

const nodes: PublishingNode[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.stop();
});

const soon = { timeoutMs: 30_000, everyMs: 10 };
const UNHEARD = [{ id: BETA, how: 'unheard' }] as const;

/** Points of a node that this one does not hear. */
const theirs = (count: number): readonly IntroductionPoint[] =>
  Array.from({ length: count }, (_, i) => {
    const point = currentPoints[i % currentPoints.length]!;
    return {
      ...point,
      authKey: nextPoints[i % 3]!.authKey.map((byte, at) => (at === 0 ? byte ^ (i + 1) : byte)) as never,
    };
  });

/** A node whose visits to the master address are answered. */
const start = async (): Promise<{ readonly node: PublishingNode; readonly socks: FakeSocks }> => {
  const target = await scriptedTarget(() => undefined);
  const socks = await fakeSocks({ leadsTo: target.port });
  const node = await startPublishingNode(5, Number(socks.address.split(':')[1]));
  nodes.push(node);
  return { node, socks };
};
const isUploaded = (node: PublishingNode): Promise<boolean> =>
  eventually('the clients’ descriptor is uploaded', () => node.uploads().length > 0, soon);
const isWithheld = (node: PublishingNode, reason: RegExp): Promise<boolean> =>
  eventually(
    'uploads are withheld',
    () => node.status()?.state === 'withheld' && reason.test(node.status()?.reason ?? ''),
    soon,
  );

describe('a publisher that does not hear another node and finds a descriptor that it did not make', () => {
  it('with more points leaves it alone while somebody answers there, and replaces it once the node is in contact', async () => {
    const { node, socks } = await start();
    node.hold(descriptorOf(theirs(6), 30));
    node.lead(UNHEARD);
    await isWithheld(node, /richer descriptor answers/);
    expect(socks.requests.length).toBeGreaterThan(0);
    expect(node.uploads()).toEqual([]);
    node.lead([]);
    await isUploaded(node);
  });

  it('with fewer points replaces it by one with a higher counter, without a visit', async () => {
    const { node, socks } = await start();
    const foreign = descriptorOf(theirs(1), 3_000);
    node.hold(foreign);
    node.lead(UNHEARD);
    await isUploaded(node);
    expect(socks.requests).toEqual([]);
    const [upload] = node.uploads();
    expect(revisionCounterOf(upload!.descriptor)!).toBeGreaterThan(revisionCounterOf(foreign)!);
    expect(new Set(upload!.servers)).toEqual(new Set(clientsRing));
  });

  it('that nobody has signed publishes as if there were none', async () => {
    const { node, socks } = await start();
    const forged = descriptorOf(theirs(6), 30).replace(/^signature .{10}/m, 'signature AAAAAAAAAA');
    node.hold(forged);
    node.lead(UNHEARD);
    await isUploaded(node);
    expect(socks.requests).toEqual([]);
  });

  it('on no HSDir at all publishes at once', async () => {
    const { node } = await start();
    node.hold(null);
    node.lead(UNHEARD);
    await isUploaded(node);
  });
});
