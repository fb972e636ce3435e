import { electionActor } from '@rustbalance/actors/election/actor.js';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { ActorSecrets } from '@rustbalance/actors/kernel/secrets.js';
import { wgActorWith } from '@rustbalance/actors/wg/actor.js';
import { openUdp } from '@rustbalance/actors/wg/udp-socket.js';
import type { OpenUdp, UdpSocket } from '@rustbalance/actors/wg/udp-socket.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { HarnessNode } from './actor-harness.js';
import { freeUdpPort } from './free-udp-port.js';
import { QUICK_TIMES, exampleSeed, nodeConfig, nodeSecrets } from './simulation/cluster-config.js';
import type { ClusterTimes, NodeSpec } from './simulation/cluster-config.js';
import { examplePoints } from './simulation/example-points.js';

/** Fast enough for a test, slow enough for a loaded machine. */
export const LOOPBACK_TIMES: ClusterTimes = {
  ...QUICK_TIMES,
  heartbeatSecs: 0.5,
  probeSecs: 0.25,
  timeoutSecs: 1.5,
  takeoverGraceSecs: 0.5,
  removalGraceSecs: 0.5,
  jitterSecs: 0.5,
};

/** One node: its WgActor and ElectionActor with real sockets, the rest played by the test. */
export class LoopbackNode {
  readonly spec: NodeSpec;
  readonly harness: HarnessNode;
  #sockets: UdpSocket[] = [];

  constructor(
    spec: NodeSpec,
    all: readonly NodeSpec[],
    times: ClusterTimes,
    secrets: ActorSecrets,
    clock: Clock = systemClock,
  ) {
    this.spec = spec;
    this.harness = new HarnessNode({ config: nodeConfig(spec, all, times), secrets, clock });
  }

  get #open(): OpenUdp {
    return async (at, events) => {
      const socket = await openUdp(at, events);
      this.#sockets.push(socket);
      return socket;
    };
  }

  async start(): Promise<void> {
    await this.harness.start(wgActorWith(this.#open));
    await this.harness.start(electionActor);
    this.harness.tell('tor.status', {
      state: 'up',
      version: null,
      bootstrap: 100,
      instanceAddress: null,
      socks: null,
      deaths: 0,
      lastError: null,
      trouble: null,
      redundancy: null,
    });
  }

  tellPoints(points: readonly IntroductionPoint[]): void {
    this.harness.tell('tor.introduction-points', {
      points,
      timePeriod: null,
      create2Formats: [2],
      flowControl: '1-2 31',
      causedAtMs: Date.now(),
    });
  }

  /** As SIGKILL ends it: the kernel closes its sockets, and nothing is said. */
  kill(): void {
    this.harness.forget('election');
    this.harness.forget('wg');
    for (const socket of this.#sockets.splice(0)) socket.close();
  }

  get publisher(): NodeId | null {
    return this.harness.fact('election.role')?.publisher ?? null;
  }

  get isPublisher(): boolean {
    return this.harness.fact('election.role')?.role === 'publisher';
  }

  /** Node and number of points of all that the publisher should merge from others. */
  held(): Readonly<Record<string, number>> {
    const nodes = this.harness.fact('election.introduction-points')?.nodes ?? [];
    return Object.fromEntries(nodes.map(({ node, points }) => [node, points.length]));
  }
}

/** Nodes a, b, c … on loopback with three introduction points each; not yet started. */
export const loopbackCluster = async (
  count: number,
  options: {
    readonly times?: ClusterTimes;
    readonly token?: (index: number) => string;
    /** Which nodes hold the master key; all unless told. */
    readonly hasMasterKey?: (index: number) => boolean;
    readonly clock?: (index: number) => Clock;
  } = {},
): Promise<readonly LoopbackNode[]> => {
  const specs: NodeSpec[] = [];
  for (let index = 0; index < count; index++) {
    specs.push({
      id: `node-${String.fromCharCode(97 + index)}` as NodeId,
      seed: exampleSeed(index),
      priority: index + 1,
      address: `127.0.0.1:${await freeUdpPort()}`,
      hasMasterKey: options.hasMasterKey?.(index) ?? true,
    });
  }
  return specs.map((spec, index) => {
    const secrets = nodeSecrets(spec, options.token?.(index));
    const times = options.times ?? LOOPBACK_TIMES;
    const node = new LoopbackNode(spec, specs, times, secrets, options.clock?.(index));
    node.tellPoints(examplePoints(spec.id, 3));
    return node;
  });
};
