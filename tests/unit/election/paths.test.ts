import { describe, expect, test } from 'vitest';
import { electionActorWith } from '@rustbalance/actors/election/actor.js';
import type { PeerView } from '@rustbalance/actors/election/messages.js';
import {
  afterHearing,
  answerPaths,
  NO_PATH_EVIDENCE,
  pathsFor,
  type Fallback,
} from '@rustbalance/actors/election/paths.js';
import { pairKeys } from '@rustbalance/actors/election/wire/pair-keys.js';
import type { ActorContext, RunningActor } from '@rustbalance/actors/kernel/actor.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import type { TransportName } from '@rustbalance/actors/wg/messages.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import {
  DEFAULT_TIMES,
  exampleSeed,
  nodeConfig,
  nodeSecrets,
  type NodeSpec,
} from '../../support/simulation/cluster-config.js';

const FALLBACK: Fallback = { preferred: 'wireguard', standIn: 'tor' };
const BOTH = ['wireguard', 'tor'];

describe('the ways to a peer', () => {
  const heardAt = (ms: number) => afterHearing(NO_PATH_EVIDENCE, FALLBACK, 'wireguard', false, ms);

  test('are the best one alone, where there is no stand-in', () => {
    expect(pathsFor(NO_PATH_EVIDENCE, null, true, 1000, 99_999)).toEqual([null]);
    expect(answerPaths(null, 'tor')).toEqual([null]);
  });

  test('are both from 1.5 probes of silence on the preferred one, and before it was ever heard', () => {
    expect(pathsFor(heardAt(0), FALLBACK, true, 1000, 1500)).toEqual([null]);
    expect(pathsFor(heardAt(0), FALLBACK, true, 1000, 1501)).toEqual(BOTH);
    expect(pathsFor(NO_PATH_EVIDENCE, FALLBACK, false, 1000, 0)).toEqual(BOTH);
  });

  test('are the preferred one again as soon as it is heard over it, not when it is heard over the other', () => {
    const silent = heardAt(0);
    const overTor = afterHearing(silent, FALLBACK, 'tor', false, 4000);
    expect(pathsFor(overTor, FALLBACK, false, 1000, 4000)).toEqual(BOTH);
    const again = afterHearing(overTor, FALLBACK, 'wireguard', false, 5000);
    expect(pathsFor(again, FALLBACK, false, 1000, 5000)).toEqual([null]);
  });

  test('are both for all but probes, while the peer probes us over the stand-in', () => {
    const asked = afterHearing(heardAt(4000), FALLBACK, 'tor', true, 4000);
    expect(pathsFor(asked, FALLBACK, false, 1000, 5000)).toEqual(BOTH);
    expect(pathsFor(asked, FALLBACK, true, 1000, 5000)).toEqual([null]);
    const heardSince = afterHearing(asked, FALLBACK, 'wireguard', false, 7001);
    expect(pathsFor(heardSince, FALLBACK, false, 1000, 7001)).toEqual([null]);
  });

  test('of an answer are the one that the probe came', () => {
    expect(answerPaths(FALLBACK, 'tor')).toEqual(['tor']);
    expect(answerPaths(FALLBACK, 'wireguard')).toEqual([null]);
  });
});

/** Two real ElectionActors with a tunnel and Tor between them, each direction of which can be cut. */
class TwoNodes {
  readonly clock = new SimulatedClock(1_700_000_000_000);
  readonly cut = new Set<string>();
  readonly carried: Record<TransportName, number> = { wireguard: 0, tor: 0, direct: 0 };
  readonly #actors = new Map<string, RunningActor<'election'>>();
  readonly #peers = new Map<string, readonly PeerView[]>();

  async start(fallback: boolean): Promise<void> {
    const specs = [1, 2].map((index): NodeSpec => ({
      id: `node-${String(index)}` as NodeId,
      seed: exampleSeed(index),
      priority: index,
      address: `10.0.0.${String(index)}:7001`,
      hasMasterKey: true,
    }));
    for (const spec of specs) {
      const base = nodeConfig(spec, specs, DEFAULT_TIMES);
      const context: ActorContext<'election'> = {
        name: 'election',
        generation: 1,
        config: {
          ...base,
          coordination: { ...base.coordination, mode: 'wireguard' },
          resilience: { ...base.resilience, tor_fallback_enabled: fallback },
        },
        secrets: nodeSecrets(spec),
        clock: this.clock,
        random: systemRandom,
        log: makeLogger(
          'election',
          () => 0,
          () => undefined,
        ),
        publish: (name, payload) => {
          if (name === 'election.peers') this.#peers.set(spec.id, (payload as { peers: PeerView[] }).peers);
        },
        signal: () => undefined,
        order: (name, payload) => {
          if (name !== 'wg.send') return;
          const { to, bytes, via } = payload as { to: NodeId; bytes: Uint8Array; via: TransportName | null };
          const transport = via ?? 'wireguard';
          if (this.cut.has(`${transport} ${spec.id}`)) return;
          this.carried[transport]++;
          this.clock.after(transport === 'tor' ? 600 : 5, () => {
            this.#actors
              .get(to)
              ?.handlers['wg.datagram']?.({ transport, bytes, atMonotonicMs: this.clock.monotonicMs() });
          });
        },
        request: () => Promise.reject(new Error('nobody answers')),
        crypto: () => Promise.reject(new Error('there is no pool')),
      };
      this.#actors.set(spec.id, await electionActorWith({ agree: pairKeys }).start(context));
    }
  }

  /** How node-1 and node-2 see each other. */
  get views(): readonly (readonly [string | undefined, TransportName | null | undefined])[] {
    return ['node-1', 'node-2'].map((id) => {
      const [peer] = this.#peers.get(id) ?? [];
      return [peer?.lifecycle, peer?.transport] as const;
    });
  }
}

describe('a tunnel that fails', () => {
  const begun = async (fallback: boolean): Promise<TwoNodes> => {
    const nodes = new TwoNodes();
    await nodes.start(fallback);
    await nodes.clock.advance(20_000);
    return nodes;
  };

  test('is left to itself while it works: nothing goes over Tor', async () => {
    const nodes = await begun(true);
    const before = nodes.carried.tor;
    await nodes.clock.advance(60_000);
    expect(nodes.carried.tor).toBe(before);
    expect(nodes.views.map(([, transport]) => transport)).toEqual(['wireguard', 'wireguard']);
  });

  test.each([
    ['both ways', ['wireguard node-1', 'wireguard node-2']],
    ['one way', ['wireguard node-1']],
    ['the other way', ['wireguard node-2']],
  ])('%s costs nobody their life, and is used again when it works', async (_what, directions) => {
    const nodes = await begun(true);
    const before = nodes.views.map(([lifecycle]) => lifecycle);
    for (const direction of directions) nodes.cut.add(direction);
    await nodes.clock.advance(180_000);
    expect(nodes.views.map(([lifecycle]) => lifecycle)).toEqual(before);
    expect(before).not.toContain('dead');
    nodes.cut.clear();
    await nodes.clock.advance(10_000);
    const { tor } = nodes.carried;
    await nodes.clock.advance(60_000);
    expect(nodes.carried.tor).toBe(tor);
    expect(nodes.views.map(([, transport]) => transport)).toEqual(['wireguard', 'wireguard']);
  });

  test('both ways, without the fallback, is a silent peer', async () => {
    const nodes = await begun(false);
    nodes.cut.add('wireguard node-1').add('wireguard node-2');
    await nodes.clock.advance(180_000);
    expect(nodes.views.map(([lifecycle]) => lifecycle)).toEqual(['dead', 'dead']);
    expect(nodes.carried.tor).toBe(0);
  });
});
