import { isDeepStrictEqual } from 'node:util';
import type { RelayFingerprint, RevisionCounter, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { Payload } from '@rustbalance/actors/kernel/messages.js';
import { startLevelTrigger } from '@rustbalance/actors/kernel/level-trigger.js';
import { carriedNodes } from '@rustbalance/actors/publisher/carried.js';
import type { PublisherEffects } from '@rustbalance/actors/publisher/effects.js';
import type { Verdict } from '@rustbalance/actors/publisher/machine.js';
import { NOTHING_PERSISTED } from '@rustbalance/actors/publisher/persisted.js';
import type { PersistedPublisher } from '@rustbalance/actors/publisher/persisted.js';
import { Publication } from '@rustbalance/actors/publisher/publication.js';
import { ClusterSimulation } from '../../support/cluster-simulation.js';
import type { ClusterTimes } from '../../support/simulation/cluster-config.js';
import { seededRandom } from '../../support/simulation/seeded-random.js';
import { WALL_START_MS } from '../../support/simulation/simulated-node.js';
import type { SimulatedNode } from '../../support/simulation/simulated-node.js';
import { ADDRESS, config, descriptorText, network, plan, point, torUp } from '../publisher/world.js';

export const CLIENTS_PERIOD = 100;
const UPLOAD_MS = 300;
const FETCH_MS = 200;
const SILENCE_MS = 25_000;

export interface NodeUpload {
  readonly atMs: number;
  readonly node: NodeId;
  readonly hsdir: RelayFingerprint;
  readonly timePeriod: number;
  readonly points: number;
  readonly n: number;
}

interface Held {
  readonly n: number;
  readonly text: string;
}

const STATES: Readonly<Record<Verdict['type'], Payload<'publisher.status'>['state']>> = {
  STAND_BY: 'standby',
  WAIT: 'waiting',
  WITHHOLD: 'withheld',
  UPLOAD: 'publishing',
  COMPLETE: 'published',
  DEGRADE: 'degraded',
};

const keysIn = (text: string): readonly string[] => /^keys (.*)$/m.exec(text)?.[1]?.split(',') ?? [];

const ourPlan = (): ReturnType<typeof plan> => {
  const srvRunStart = (WALL_START_MS / 1000 - 1000) as UnixSeconds;
  const made = plan(CLIENTS_PERIOD, [1, 2, 3, 4], [5, 6, 7, 8]);
  return { ...made, first: { ...made.first, srvRunStart }, second: { ...made.second, srvRunStart } };
};

/**
 * Elections and publications of a whole cluster under one simulated clock, with HSDirs that all nodes reach, whatever
 * happens between the nodes, and visits that are answered by whoever runs and stands in the newest descriptor.
 */
export class PublishingCluster {
  readonly sim: ClusterSimulation;
  readonly uploads: NodeUpload[] = [];
  readonly #held = new Map<string, Held>();
  readonly #publishers = new Map<
    NodeId,
    { publication: Publication; stop: () => void; verdict: Verdict | null }
  >();
  readonly #saved = new Map<NodeId, PersistedPublisher>();
  readonly #seed: number;
  readonly #settings: Readonly<Record<string, unknown>>;

  /** @param options `hasTor`: nodes meet by WireGuard, and Tor stands in */
  constructor(
    seed: number,
    nodes: number,
    times: ClusterTimes,
    refreshSecs: number,
    { hasTor = false }: { readonly hasTor?: boolean } = {},
  ) {
    this.#seed = seed;
    this.#settings = {
      coordination: { heartbeat_timeout_secs: times.timeoutSecs },
      publish: { takeover_grace_secs: times.takeoverGraceSecs, refresh_interval_secs: refreshSecs },
    };
    this.sim = new ClusterSimulation({ seed, nodes, times, ...(hasTor ? { tor: {} } : {}) });
    this.sim.nodes.forEach((node, index) => {
      node.ownPoints = [0, 1, 2].map((at) => point(10 * index + at + 10, WALL_START_MS / 1000 + 200_000));
    });
  }

  async start(index: number): Promise<void> {
    const node = this.sim.node(index);
    // Tor makes new introduction points after each start.
    node.ownPoints = [0, 1, 2].map((at) => point(10 * index + at + 10, WALL_START_MS / 1000 + 200_000));
    this.#publish(node, index);
    await node.start();
  }

  kill(index: number): void {
    const node = this.sim.node(index);
    node.kill();
    this.#publishers.get(node.spec.id)?.stop();
    this.#publishers.delete(node.spec.id);
  }

  /** Lets simulated time pass, promises included. */
  async run(ms: number): Promise<void> {
    const untilMs = this.sim.nowMs + ms;
    while (this.sim.nowMs < untilMs) {
      this.sim.run(Math.min(50, untilMs - this.sim.nowMs));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The time until the condition holds (ms), or null when it does not within `ms`. */
  async runUntil(condition: () => boolean, ms: number): Promise<number | null> {
    const startMs = this.sim.nowMs;
    while (!condition()) {
      if (this.sim.nowMs - startMs >= ms) return null;
      await this.run(50);
    }
    return this.sim.nowMs - startMs;
  }

  verdict(index: number): Verdict['type'] | null {
    return this.#publishers.get(this.sim.node(index).spec.id)?.verdict?.type ?? null;
  }

  /** The nodes whose living introduction points clients are given by every HSDir, in the order of their ids. */
  served(): readonly NodeId[] {
    const lists = [1, 2, 3, 4].map((hsdir) => this.#servedBy(String(hsdir)));
    return lists[0]?.filter((id) => lists.every((list) => list.includes(id))) ?? [];
  }

  /** The nodes of which any HSDir still gives clients a living introduction point. */
  servedAnywhere(): readonly NodeId[] {
    return [...new Set([1, 2, 3, 4].flatMap((hsdir) => this.#servedBy(String(hsdir))))].sort();
  }

  #servedBy(hsdir: string): readonly NodeId[] {
    const keys = keysIn(this.#held.get(`${hsdir}/${String(CLIENTS_PERIOD)}`)?.text ?? '');
    return this.sim
      .running()
      .filter(({ ownPoints }) => ownPoints.some(({ authKey }) => keys.includes(bytesKey(authKey))))
      .map(({ spec }) => spec.id);
  }

  #newest(): Held | null {
    const held = [1, 2, 3, 4].flatMap(
      (hsdir) => this.#held.get(`${String(hsdir)}/${String(CLIENTS_PERIOD)}`) ?? [],
    );
    return [...held].sort((a, b) => b.n - a.n)[0] ?? null;
  }

  #publish(node: SimulatedNode, index: number): void {
    const { queue } = this.sim;
    const { id } = node.spec;
    let isStopped = false;
    const clock: Clock = {
      wallMs: () => WALL_START_MS + queue.nowMs + node.skewMs,
      monotonicMs: () => queue.nowMs,
      after: (delayMs, fire) => {
        const event = queue.schedule(queue.nowMs + Math.max(0, delayMs), () => {
          if (!isStopped) fire();
        });
        return () => {
          event.cancelled = true;
        };
      },
    };
    const publication: Publication = new Publication(
      {
        config: config({ node: { id }, ...this.#settings }),
        hasMasterKey: true,
        persisted: this.#saved.get(id) ?? NOTHING_PERSISTED,
        poke: () => {
          trigger.poke();
        },
      },
      this.#effects(node, clock, index, (answer) => {
        publication.answered(answer);
      }),
    );
    const entry = {
      publication,
      verdict: null as Verdict | null,
      stop: () => {
        isStopped = true;
        trigger.stop();
      },
    };
    const told = new Map<string, unknown>();
    /** As the actors' context does: what is unchanged is not told again. */
    const isNews = (name: string, payload: unknown): boolean => {
      if (isDeepStrictEqual(told.get(name), payload)) return false;
      told.set(name, payload);
      return true;
    };
    const trigger = startLevelTrigger(clock, (nowMs) => {
      const { verdict, wakeAtMs } = publication.step(nowMs);
      if (verdict !== null) {
        entry.verdict = verdict;
        if (isNews('status', verdict.type)) node.tellPublisher(STATES[verdict.type]);
      }
      const rival = { withholds: publication.withheld !== null, rival: publication.rival };
      if (isNews('rival', rival)) node.tellRival(rival);
      const carried = carriedNodes(publication.slots);
      if (isNews('carried', carried)) node.tellCarried(carried);
      if (isNews('counters', publication.counters)) node.tellCounters(publication.counters);
      return wakeAtMs;
    });
    this.#publishers.set(id, entry);
    node.onFact = (name, payload) => {
      if (isStopped || !isNews(name, payload)) return;
      if (name === 'election.role') publication.learn({ role: payload as Payload<'election.role'> });
      else if (name === 'election.introduction-points') {
        publication.learn({ peers: (payload as Payload<'election.introduction-points'>).nodes });
      } else if (name === 'election.drain-state') {
        const { leavesOwnOut } = payload as Payload<'election.drain-state'>;
        publication.learn({ leavesOwnOut });
      } else if (name === 'election.counters') {
        publication.learnCounters((payload as Payload<'election.counters'>).counters);
      }
    };
    // A Tor takes a few seconds to come up with its introduction points.
    clock.after(4000, () => {
      publication.learn({ tor: torUp, network: network(WALL_START_MS) });
      publication.learn({
        own: {
          points: node.ownPoints,
          timePeriod: null,
          create2Formats: [2],
          flowControl: '1-2 31',
          causedAtMs: clock.wallMs(),
        },
      });
    });
    trigger.poke();
  }

  #effects(
    node: SimulatedNode,
    clock: Clock,
    index: number,
    answered: (answer: Payload<'tor.upload-answer'>) => void,
  ): PublisherEffects {
    const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
    const place = (hsdir: RelayFingerprint, timePeriod: number): string =>
      `${String(Number.parseInt(hsdir, 16))}/${String(timePeriod)}`;
    return {
      clock,
      random: seededRandom(this.#seed * 31 + index),
      log: { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined },
      plan: () => Promise.resolve(ourPlan()),
      merge: (contributions, timePeriods) =>
        Promise.resolve(
          timePeriods.map((timePeriod) => ({
            timePeriod,
            merged: contributions.flatMap(({ nodeId, introductionPoints }) =>
              introductionPoints.map((introductionPoint) => ({ nodeId, introductionPoint })),
            ),
          })),
        ),
      build: ({ requests }) =>
        Promise.resolve(
          requests.map(({ which, timePeriod, n, introductionPoints }) => ({
            which,
            timePeriod,
            blindedKey: new Uint8Array(32) as never,
            n,
            revisionCounter: BigInt(n) as RevisionCounter,
            text: descriptorText(
              n,
              introductionPoints.map(({ authKey }) => bytesKey(authKey)),
            ),
            size: 100,
          })),
        ),
      upload: ({ slot, version, hsdirs }) => {
        for (const hsdir of hsdirs) {
          const { timePeriod } = slot;
          const { n, text, introPoints } = version;
          this.uploads.push({
            atMs: clock.monotonicMs(),
            node: node.spec.id,
            hsdir,
            timePeriod,
            points: introPoints,
            n,
          });
          clock.after(UPLOAD_MS, () => {
            const at = place(hsdir, timePeriod);
            const accepted = n > (this.#held.get(at)?.n ?? 0);
            if (accepted) this.#held.set(at, { n, text });
            const reason = accepted ? null : 'UPLOAD_REJECTED';
            answered({ address: ADDRESS as never, hsdir, accepted, reason, atMs: clock.wallMs() });
          });
        }
        return Promise.resolve();
      },
      fetch: async (slot, hsdir) => {
        await wait(FETCH_MS);
        const held = this.#held.get(place(hsdir, slot.timePeriod));
        return held === undefined
          ? { descriptor: null, reason: 'NOT_FOUND' }
          : { descriptor: held.text, reason: null };
      },
      open: (_slot, text) => Promise.resolve(keysIn(text)),
      visit: async () => {
        const keys = keysIn(this.#newest()?.text ?? '');
        const answers = this.sim
          .running()
          .some(({ ownPoints }) => ownPoints.some(({ authKey }) => keys.includes(bytesKey(authKey))));
        await wait(answers ? UPLOAD_MS : SILENCE_MS);
        return answers ? 'answers' : 'silent';
      },
      counterInput: (_slot, counter) => Promise.resolve(Number(counter)),
      save: (state) => {
        this.#saved.set(node.spec.id, state);
      },
    };
  }
}
