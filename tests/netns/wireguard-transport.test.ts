import { PairAgreements } from '@rustbalance/actors/wg/agreements.js';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import type { UdpSocket } from '@rustbalance/actors/wg/udp-socket.js';
import type { Transport } from '@rustbalance/actors/wg/transport.js';
import { wireguardTransport } from '@rustbalance/actors/wg/wireguard/configured.js';
import { Mesh } from '../support/netns/mesh-node.js';
import type { MeshNode } from '../support/netns/mesh-node.js';
import { describeTransport, recording } from '../support/transport-compliance.js';
import type { TransportEnd, TransportPair } from '../support/transport-compliance.js';

const makeEnd = async (node: MeshNode, peer: MeshNode): Promise<TransportEnd> => {
  const received: Uint8Array[] = [];
  let made: Transport | null = null;
  await node.harness.start({
    name: 'wg',
    start: async (context) => {
      const agreements = new PairAgreements(context.secrets.nodeKey?.reveal() as Ed25519Seed, runHere);
      await agreements.learn([peer.member.publicKey]);
      const transport = wireguardTransport(context, recording(received), node.open, node.effects, agreements);
      await transport.open();
      transport.follow([peer.member]);
      made = transport;
      return {
        handlers: {
          'wg.send': () => undefined,
          'wg.rebuild': () => undefined,
          'wg.key-faults': () => Promise.resolve({ files: [] }),
          'wg.restore-key': () => undefined,
          'wg.reconnect-peer': () => undefined,
          'wg.call-join': () => Promise.resolve({ frame: null, problem: 'not here' }),
        },
        alive: () => true,
        inspect: () => ({ state: 'transport', context: {} }),
        stop: () => transport.close(),
      };
    },
  });
  return { id: node.id, transport: made as Transport | null as Transport, received };
};

const overTunnels = async (): Promise<TransportPair> => {
  const mesh = await Mesh.make(2);
  const [one, two] = mesh.nodes as readonly [MeshNode, MeshNode];
  const nodes = { a: one, b: two };
  const make = { a: () => makeEnd(one, two), b: () => makeEnd(two, one) };
  const ends = { a: await make.a(), b: await make.b() };
  const all = [ends.a, ends.b];
  const strangers: Partial<Record<'a' | 'b', UdpSocket>> = {};
  return {
    ...ends,
    again: async (end) => {
      const made = await make[end]();
      all.push(made);
      return made;
    },
    breakDown: (end) => {
      nodes[end].failSocket('ENETDOWN');
    },
    inject: async (end, bytes) => {
      const node = nodes[end];
      const events = { datagram: () => undefined, failed: () => undefined };
      strangers[end] ??= await node.agent.open({ host: '::', port: 0 }, events);
      strangers[end].send(bytes, { host: node.tunnelAddress, port: 7001 }, () => undefined);
    },
    end: async () => {
      await Promise.all(all.map(({ transport }) => transport.close()));
      await mesh.end();
    },
  };
};

describeTransport('wireguard, between namespaces', overTunnels);
