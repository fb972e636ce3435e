import { describe, expect, test } from 'vitest';
import { electionActor } from '@rustbalance/actors/election/actor.js';
import { staticMembership } from '@rustbalance/actors/election/members.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { HarnessNode } from '../../support/actor-harness.js';
import {
  QUICK_TIMES,
  exampleSeed,
  nodeConfig,
  nodeSecrets,
} from '../../support/simulation/cluster-config.js';
import type { NodeSpec } from '../../support/simulation/cluster-config.js';

const spec = (index: number): NodeSpec => ({
  id: `node-${index}` as NodeId,
  seed: exampleSeed(index),
  priority: index,
  address: `10.0.0.${index}:7001`,
  hasMasterKey: true,
});
const [one, two, three] = [spec(1), spec(2), spec(3)];
const config = nodeConfig(one, [one, two, three], QUICK_TIMES);
const secrets = nodeSecrets(one);

const withPeer = (change: Partial<Config['direct']['peers'][number]>): Config => ({
  ...config,
  direct: {
    ...config.direct,
    peers: config.direct.peers.map((peer, index) => (index === 1 ? { ...peer, ...change } : peer)),
  },
});

describe('the members of a cluster', () => {
  test('are the configured peers, each with keys of its own', () => {
    const { members, self } = staticMembership(config, secrets);
    expect(members.map(({ id }) => id)).toEqual(['node-2', 'node-3']);
    const distinct = new Set([self, ...members].map(({ tag }) => Buffer.from(tag).toString('hex')));
    expect(distinct.size).toBe(3);
  });

  test('are none for a cluster of one, which needs neither key nor token', () => {
    const alone = nodeConfig(one, [one], QUICK_TIMES);
    expect(staticMembership(alone, { ...secrets, nodeKey: null, clusterToken: null }).members).toEqual([]);
  });

  test.each([
    ['without a cluster token', 'config.token-missing', config, { ...secrets, clusterToken: null }],
    ['without a node key', 'cluster.node-key-missing', config, { ...secrets, nodeKey: null }],
    [
      'with a public key that is no point',
      'cluster.bad-peer-key',
      withPeer({ public_key: `${'/'.repeat(42)}8=` }),
      secrets,
    ],
    ['with one id twice', 'cluster.member-twice', withPeer({ id: 'node-2' }), secrets],
    ['with this node’s id', 'cluster.member-twice', withPeer({ id: 'node-1' }), secrets],
    [
      'with one key twice',
      'cluster.member-twice',
      withPeer({ public_key: config.direct.peers[0]!.public_key }),
      secrets,
    ],
  ])('%s are a start failure %s', async (_what, code, given, held) => {
    const node = new HarnessNode({ config: given, secrets: held });
    await expect(node.start(electionActor)).rejects.toMatchObject({ code });
  });

  test('never appear with a secret in what the actor shows', async () => {
    const node = new HarnessNode({ config, secrets });
    await node.start(electionActor);
    const shown = JSON.stringify([node.inspect('election'), node.logs]);
    for (const secret of [secrets.nodeKey!, secrets.clusterToken!]) {
      const bytes = Buffer.from(secret.reveal());
      for (const encoding of ['hex', 'base64', 'latin1'] as const) {
        expect(shown).not.toContain(bytes.toString(encoding));
      }
    }
    await node.stop('election');
  });
});
