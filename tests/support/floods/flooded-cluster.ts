import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Ed25519PublicKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { readTokenText } from '@rustbalance/actors/election/join/token-reading.js';
import type { JoinToken } from '@rustbalance/actors/election/join/token-text.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey, parseNodeKeyFile } from '@rustbalance/actors/kernel/node-key.js';
import { DaemonNode } from '../cluster/daemon-node.js';
import type { NodeIdentity, NodePlace } from '../cluster/daemon-node.js';
import { rustbalanceJson } from '../cluster/program.js';
import { eventually } from '../eventually.js';
import { freePorts } from '../tor-network/free-ports.js';
import type { Adversary } from './bad-datagrams.js';
import type { Joined } from './bad-join-frames.js';

/** Joining and coordination by `direct` need no Tor: the daemons attach to one that is not there. */
const SETTINGS = [
  'tor.mode=system',
  'tor.control_socket=/nonexistent/control',
  'coordination.heartbeat_interval_secs=1',
];
const TARGET = 'http://127.0.0.1:1';
const PATIENCE = { timeoutMs: 30_000, everyMs: 100 };

/** What inspect shows of a flood. */
export interface Counted {
  /** By the transport, by reason. */
  readonly wg: Readonly<Record<string, number>>;
  /** By the ElectionActor, by reason. */
  readonly election: Readonly<Record<string, number>>;
  readonly joins: Readonly<Record<string, number>>;
}

const counts = z.record(z.string(), z.number());
const wgContext = z.object({
  transports: z.tuple([z.object({ droppedBy: counts })]),
  joins: counts.nullable(),
});
const electionContext = z.object({
  datagramsRefused: counts,
  peers: z.array(
    z.object({
      id: z.string(),
      lifecycle: z.string(),
      lastSeenSecs: z.number().nullable(),
      missedHeartbeats: z.number(),
    }),
  ),
});

const seedAt = async (dir: string): Promise<Ed25519Seed> => {
  const seed = parseNodeKeyFile(await readFile(join(dir, 'etc', 'node.key'), 'utf8'));
  if (seed === null) throw new Error(`no node key in ${dir}`);
  return seed;
};

const placeOf = (dir: string, id: string): NodePlace => ({ id, dir: join(dir, id), set: SETTINGS });

/** Runs `join`. @throws Error with what it printed when it is refused */
const joined = async (dir: string, id: string, port: number, token: string): Promise<DaemonNode> => {
  const place = placeOf(dir, id);
  await mkdir(place.dir, { mode: 0o700 });
  const args = [
    ['join', '--config-dir', join(place.dir, 'etc'), '--target', TARGET, '--node-id', id, '--yes'],
    ['--state-dir', join(place.dir, 'state'), '--run-dir', join(place.dir, 'run')],
    ['--listen', `127.0.0.1:${String(port)}`],
  ];
  const made = await rustbalanceJson(args.flat(), { input: `${token}\n`, timeoutMs: 90_000 });
  return DaemonNode.made(place, made as NodeIdentity);
};

/**
 * A cluster of real daemons that meet by direct addresses on loopback: `victim`, which is flooded; `honest`, which runs
 * beside the flood; a member that never ran, whose key and address the adversary has; and one that was removed.
 */
export class FloodedCluster {
  readonly victim: DaemonNode;
  readonly honest: DaemonNode;
  readonly port: number;
  readonly adversary: Adversary;
  /** The member that the adversary plays. */
  readonly insider: Joined & { readonly port: number };
  readonly victimKey: Ed25519PublicKey;
  readonly #dir: string;

  private constructor(
    dir: string,
    nodes: readonly [DaemonNode, DaemonNode],
    ports: readonly [number, number],
    adversary: Adversary,
    insider: Joined,
  ) {
    this.#dir = dir;
    [this.victim, this.honest] = nodes;
    [this.port] = ports;
    this.adversary = adversary;
    this.victimKey = adversary.victim;
    this.insider = { ...insider, port: ports[1] };
  }

  static async form(): Promise<FloodedCluster> {
    const dir = await mkdtemp(join(tmpdir(), 'rb-f-'));
    const [own = 0, honestPort = 0, insiderPort = 0, removedPort = 0] = await freePorts(4);
    await mkdir(join(dir, 'victim'), { mode: 0o700 });
    const victim = await DaemonNode.init({
      ...placeOf(dir, 'victim'),
      target: TARGET,
      listen: `127.0.0.1:${String(own)}`,
      priority: 1,
      importKey: null,
      clusterTokenFile: null,
    });
    const nodes = [victim];
    try {
      victim.start();
      await victim.until('is ready', ({ ready }) => ready, PATIENCE.timeoutMs);
      const { text } = await FloodedCluster.#newToken(victim, 3);
      const [honest] = await Promise.all([
        joined(dir, 'honest', honestPort, text),
        joined(dir, 'insider', insiderPort, text),
        joined(dir, 'removed', removedPort, text),
      ]);
      nodes.push(honest);
      const { code, stderr } = await victim.command('remove', 'removed');
      if (code !== 0) throw new Error(`the removal failed: ${stderr}`);
      honest.start();
      const secret = clusterSecret(
        new TextEncoder().encode((await readFile(victim.clusterTokenFile, 'utf8')).trim()),
        victim.identity.onion_address,
      );
      const insider = {
        seed: await seedAt(join(dir, 'insider')),
        id: 'insider' as NodeId,
        direct: `127.0.0.1:${String(insiderPort)}`,
      };
      const adversary = {
        secret,
        victim: nodePublicKey(await seedAt(join(dir, 'victim'))),
        member: insider.seed,
        removed: await seedAt(join(dir, 'removed')),
      };
      const cluster = new FloodedCluster(dir, [victim, honest], [own, insiderPort], adversary, insider);
      await eventually(
        'victim and honest hear each other',
        async () => (await cluster.hears()).isWell,
        PATIENCE,
      );
      return cluster;
    } catch (error) {
      await Promise.all(nodes.map((node) => node.stop()));
      await rm(dir, { recursive: true, force: true, maxRetries: 3 });
      throw error;
    }
  }

  /** A new token of a node, by its command line. */
  static async #newToken(of: DaemonNode, uses: number): Promise<{ text: string; token: JoinToken }> {
    const { code, stdout, stderr } = await of.command('token create', '--uses', String(uses), '--json');
    if (code !== 0) throw new Error(`no token was made: ${stderr}`);
    const { created: text } = z.object({ created: z.string() }).parse(JSON.parse(stdout));
    const reading = readTokenText(text, 0);
    if (!reading.ok) throw new Error(reading.error.what);
    return { text, token: reading.token };
  }

  newToken(of: DaemonNode): Promise<{ text: string; token: JoinToken }> {
    return FloodedCluster.#newToken(of, 16);
  }

  /** Runs `join` for a further machine; rejects when it is not admitted. */
  async joins(id: string, text: string): Promise<void> {
    const [port = 0] = await freePorts(1);
    await joined(this.#dir, id, port, text);
  }

  async counted(): Promise<Counted> {
    const { actors } = await this.victim.inspect();
    const wg = wgContext.parse(actors.wg?.context);
    return {
      wg: wg.transports[0].droppedBy,
      election: electionContext.parse(actors.election?.context).datagramsRefused,
      joins: wg.joins ?? {},
    };
  }

  /** What the victim knows of its honest peer. */
  async hears(): Promise<{ readonly isWell: boolean; readonly missedHeartbeats: number }> {
    const { peers } = electionContext.parse((await this.victim.actor('election')).context);
    const peer = peers.find(({ id }) => id === 'honest');
    const isWell =
      peer !== undefined &&
      peer.lastSeenSecs !== null &&
      peer.lastSeenSecs <= 3 &&
      ['initializing', 'healthy'].includes(peer.lifecycle);
    return { isWell, missedHeartbeats: peer?.missedHeartbeats ?? Number.NaN };
  }

  async stop(): Promise<void> {
    await Promise.all([this.victim.stop(), this.honest.stop()]);
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 3 });
  }
}
