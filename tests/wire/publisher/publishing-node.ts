import type { ExpandedSecretKey, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { run } from '@rustbalance/crypto-worker/pool.js';
import { TASKS, type TaskCall } from '@rustbalance/crypto-worker/tasks.js';
import type { AbsentMember } from '@rustbalance/actors/election/messages.js';
import type { ActorContext, RunningActor } from '@rustbalance/actors/kernel/actor.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { makeLogger, type LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import { publisherActor } from '@rustbalance/actors/publisher/actor.js';
import type { PublisherStatus } from '@rustbalance/actors/publisher/messages.js';
import { TOR_CAPTURE } from '@rustbalance/tests/vectors/tor-0.4.9.11.js';
import type { FakeUpload } from '../../support/fake-control/hsdirs.js';
import type { TorActorHarness } from '../../support/tor-actor-context.js';
import { network, startFakeTor, type FakeTor } from '../tor/fake-tor.js';

const must = <T>(result: { ok: true; value: T } | { ok: false; detail: string }): T => {
  if (!result.ok) throw new Error(result.detail);
  return result.value;
};

const master = must(TASKS.generateIdentity({ seed: new Uint8Array(32).fill(42) }));
const plan = must(TASKS.publicationPlan({ identity: master.publicKey, network }));
const clients = plan[plan.clientsUse];

/** HSDirs of the descriptor that clients fetch. */
export const clientsRing = [...new Set(clients.store.map(({ fingerprint }) => fingerprint))];

/** The counter input of this moment; another publisher's descriptor was made some seconds before or after. */
const nowInput = TOR_CAPTURE.at - clients.srvRunStart + 1;

/** A descriptor of the master address, of the period that clients use, made by somebody who has its key. */
export const descriptorOf = (points: readonly IntroductionPoint[], secondsAhead: number): string => {
  const [built] = must(
    TASKS.buildDescriptors({
      masterSecret: master.secret as ExpandedSecretKey,
      periodLength: network.hsDirParams.periodLength,
      now: TOR_CAPTURE.at as UnixSeconds,
      create2Formats: [2],
      flowControl: '1-2 31',
      maxDescriptorSize: network.hsDirParams.maxDescriptorSize,
      requests: [
        {
          which: plan.clientsUse,
          timePeriod: clients.timePeriod,
          n: nowInput + secondsAhead,
          introductionPoints: points,
        },
      ],
    }),
  );
  return built!.text;
};

export interface PublishingNode {
  readonly world: FakeTor;
  readonly tor: TorActorHarness;
  readonly logs: readonly LogRecord[];
  readonly status: () => PublisherStatus | undefined;
  /** Uploads of the clients' descriptor of the master address. */
  readonly uploads: () => readonly FakeUpload[];
  /** Lets every HSDir of the clients' descriptor hold this; null: nothing. */
  hold(descriptor: string | null): void;
  /** Who is not in contact while this node holds the lease. */
  lead(absent: readonly AbsentMember[]): void;
  stop(): Promise<void>;
}

export const BETA = 'beta' as NodeId;

/**
 * TorActor and PublisherActor over a fake control port, in one thread; the lease is the test's to give.
 *
 * @param speed how fast their clock runs
 */
export const startPublishingNode = async (speed: number, socksPort: number): Promise<PublishingNode> => {
  const world = await startFakeTor({ master: master.address, speed, tor: { socks_port: socksPort } });
  const logs: LogRecord[] = [];
  let status: PublisherStatus | undefined;
  let publisher: RunningActor<'publisher'> | null = null;
  /** Facts that came before the publisher did. */
  const early: (readonly [string, unknown])[] = [];
  const tell = (name: string, payload: unknown): void => {
    if (publisher === null) early.push([name, payload]);
    else if (name in publisher.handlers)
      (publisher.handlers[name as never] as (fact: unknown) => void)(payload);
  };
  const tor = await world.start({
    onFact: tell,
    onAnswer: (answer) => {
      tell('tor.upload-answer', answer);
    },
  });
  const context: ActorContext<'publisher'> = {
    name: 'publisher',
    generation: 1,
    config: world.config,
    secrets: {
      masterKey: new Secret(master.secret),
      nodeKey: null,
      clusterToken: null,
      wireguardKey: null,
      controlPassword: null,
    },
    clock: world.clock,
    random: systemRandom,
    log: makeLogger(
      'publisher',
      () => world.clock.wallMs(),
      (record) => void logs.push(record),
    ),
    publish: (name, payload) => {
      if (name === 'publisher.status') status = payload as PublisherStatus;
    },
    signal: () => undefined,
    order: () => undefined,
    request: async (name, payload) => {
      const handler = tor.actor.handlers[name as never] as ((order: unknown) => Promise<unknown>) | undefined;
      if (handler === undefined) throw rbError('message.unknown', 'test', { name });
      return (await handler(payload)) as never;
    },
    crypto: async (task, input) => {
      await new Promise((resolve) => setImmediate(resolve));
      return structuredClone(run(structuredClone({ task, input }) as TaskCall)) as never;
    },
  };
  const running = await publisherActor.start(context);
  publisher = running;
  for (const [name, payload] of early) tell(name, payload);
  return {
    world,
    tor,
    logs,
    status: () => status,
    uploads: () =>
      world.fake.uploads.filter(
        ({ address, servers }) =>
          address === master.address && servers.some((one) => clientsRing.includes(one as never)),
      ),
    hold: (descriptor) => {
      for (const hsdir of clientsRing) {
        const key = `${master.address} ${hsdir}`;
        world.fake.fetches.set(key, descriptor === null ? { fail: 'NOT_FOUND' } : { descriptor });
      }
    },
    lead: (absent) => {
      tell('election.role', {
        role: 'publisher',
        publisher: 'a' as NodeId,
        sinceMs: world.clock.wallMs(),
        absent,
      });
    },
    stop: async () => {
      await running.stop(1_000, 'shutdown');
      await world.stop();
    },
  };
};
