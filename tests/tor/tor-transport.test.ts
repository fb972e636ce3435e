import { PairAgreements } from '@rustbalance/actors/wg/agreements.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll } from 'vitest';
import type { Ed25519Seed, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { MemberView } from '@rustbalance/actors/election/messages.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { Doors } from '@rustbalance/actors/wg/coordination.js';
import { eventually } from '../support/eventually.js';
import { startTorActor, type TorActorHarness } from '../support/tor-actor-context.js';
import { managedConfig, nodeFolder, SOME_MASTER } from '../support/tor-actor-world.js';
import { knownToActor, untilCalm } from '../support/tor-network/calm.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { describeTransport } from '../support/transport-compliance.js';
import type { TransportPair } from '../support/transport-compliance.js';
import { makeTorEnd, torTransportPair } from '../support/tor-transport-pair.js';

interface Node {
  readonly id: 'a' | 'b';
  readonly seed: Ed25519Seed;
  readonly config: Config;
  readonly tor: TorActorHarness;
}

const secret = clusterSecret(Buffer.from('a token for tests'), SOME_MASTER);
let network: TorNetwork;
let nodes: Readonly<Record<'a' | 'b', Node>>;

const startNode = async (id: 'a' | 'b', fill: number): Promise<Node> => {
  const seed = new Uint8Array(32).fill(fill) as Ed25519Seed;
  const config = managedConfig(network, await nodeFolder());
  return { id, seed, config, tor: await startTorActor({ config, nodeKey: seed }) };
};

const addressOf = ({ tor }: Node): OnionAddress => tor.fact('tor.coordination')?.address as OnionAddress;

const viewOf = (node: Node): MemberView => ({
  id: node.id as NodeId,
  publicKey: nodePublicKey(node.seed),
  addresses: { direct: null, wireguard: null, coordination: addressOf(node) },
});

/** What the WgActor does: doors and keys from the node keys alone. */
const introduce = async (node: Node, other: Node): Promise<void> => {
  const agreements = new PairAgreements(node.seed, runHere);
  await agreements.learn([viewOf(other).publicKey]);
  const { clients, authorizations } = new Doors(secret, node.seed, agreements).keysFor([viewOf(other)], []);
  const { datagramSocket, joinSocket } = nodePaths(node.config);
  node.tor.actor.handlers['wg.coordination']?.({
    service: { datagramTarget: `unix:${datagramSocket}`, joinTarget: `unix:${joinSocket}`, clients },
  });
  node.tor.actor.handlers['tor.client-authorizations']({ authorizations });
};

beforeAll(async () => {
  network = await startTorNetwork({ relays: 9 });
  nodes = { a: await startNode('a', 1), b: await startNode('b', 2) };
  await introduce(nodes.a, nodes.b);
  await introduce(nodes.b, nodes.a);
  for (const { tor } of [nodes.a, nodes.b]) {
    await eventually('its service is published', () => tor.fact('tor.coordination')?.state === 'published', {
      timeoutMs: 60_000,
    });
  }
});
afterAll(async () => {
  for (const { tor, config } of [nodes.a, nodes.b]) {
    await tor.stop();
    await tor.host.stop();
    await rm(config.node.state_dir.replace(/\/s$/, ''), { recursive: true, force: true });
  }
  await network.stop();
});

const pairOverTor = async (): Promise<TransportPair> => {
  // What is asked of every transport is not asked of one whose service takes other introduction points just then.
  const knowledge = [nodes.a, nodes.b].map(({ tor }) => knownToActor(tor));
  await untilCalm({ network, knowledge, secs: 25 });
  return torTransportPair(
    (end) => {
      const [own, other] = end === 'a' ? [nodes.a, nodes.b] : [nodes.b, nodes.a];
      const { datagramSocket, torSocksSocket } = nodePaths(own.config);
      return makeTorEnd({
        id: own.id as NodeId,
        path: datagramSocket,
        peer: other.id as NodeId,
        peerAddress: addressOf(other),
        socks: { kind: 'unix', path: torSocksSocket },
      });
    },
    (end) => nodePaths(nodes[end].config).datagramSocket,
  );
};

describeTransport('tor, over a private Tor network', pairOverTor);
