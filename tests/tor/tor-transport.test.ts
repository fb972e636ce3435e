import { PairAgreements } from '@rustbalance/actors/wg/agreements.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { afterAll, beforeAll } from 'vitest';
import type { Ed25519Seed, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { MemberView } from '@rustbalance/actors/election/messages.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePaths } from '@rustbalance/actors/kernel/config/paths.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { systemSockets } from '@rustbalance/actors/wg/configured-transports.js';
import { Doors } from '@rustbalance/actors/wg/coordination.js';
import { encodeFrame } from '@rustbalance/actors/wg/tor-transport/frames.js';
import { TorTransport } from '@rustbalance/actors/wg/tor-transport/tor-transport.js';
import { listenUnix, type UnixListenerEvents } from '@rustbalance/actors/wg/unix-listener.js';
import { eventually } from '../support/eventually.js';
import { startTorActor, type TorActorHarness } from '../support/tor-actor-context.js';
import { managedConfig, nodeFolder, SOME_MASTER } from '../support/tor-actor-world.js';
import { startTorNetwork } from '../support/tor-network/network.js';
import type { TorNetwork } from '../support/tor-network/network-types.js';
import { describeTransport, recording } from '../support/transport-compliance.js';
import type { TransportEnd, TransportPair } from '../support/transport-compliance.js';

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

interface TorEnd extends TransportEnd {
  readonly transport: TorTransport;
  fail(code: string): void;
}

const makeEnd = async (own: Node, other: Node): Promise<TorEnd> => {
  const received: Uint8Array[] = [];
  let events: UnixListenerEvents | null = null;
  const paths = nodePaths(own.config);
  const transport = new TorTransport(
    paths.datagramSocket,
    {
      clock: systemClock,
      random: systemRandom,
      log: makeLogger(
        'wg',
        () => 0,
        () => undefined,
      ),
      listen: (at, given) => {
        events = given;
        return listenUnix(at, given);
      },
      dial: systemSockets.dial,
    },
    recording(received),
  );
  await transport.open();
  transport.usePeers(new Map([[other.id as NodeId, addressOf(other)]]));
  transport.useSocks({ kind: 'unix', path: paths.torSocksSocket });
  return { id: own.id as NodeId, transport, received, fail: (code) => events?.failed(code) };
};

const pairOverTor = async (): Promise<TransportPair> => {
  const make = (end: 'a' | 'b'): Promise<TorEnd> => makeEnd(nodes[end], nodes[end === 'a' ? 'b' : 'a']);
  const ends = { a: await make('a'), b: await make('b') };
  const all = [ends.a, ends.b];
  const strangerAt = (end: 'a' | 'b') =>
    connect({ path: nodePaths(nodes[end].config).datagramSocket }).on('error', () => undefined);
  let stranger = strangerAt('b');
  return {
    ...ends,
    again: async (end) => {
      const made = await make(end);
      all.push(made);
      return made;
    },
    breakDown: (end) => {
      ends[end].fail('ECONNABORTED');
    },
    inject: async (end, bytes) => {
      if (stranger.destroyed) stranger = strangerAt(end);
      await new Promise<void>((resolve) => {
        stranger.write(encodeFrame(bytes), () => {
          resolve();
        });
      });
    },
    end: async () => {
      stranger.destroy();
      await Promise.all(all.map(({ transport }) => transport.close()));
    },
  };
};

describeTransport('tor, over a private Tor network', pairOverTor);
