import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { systemClock } from '@rustbalance/actors/kernel/clock.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';
import { actorBirths } from '@rustbalance/supervisor/actor-birth.js';
import { actorSpecs } from '@rustbalance/supervisor/actor-specs.js';
import { ActorSystem } from '@rustbalance/supervisor/actor-system.js';
import { deferred } from '@rustbalance/supervisor/deferred.js';
import { Router } from '@rustbalance/supervisor/router.js';
import { threadStarter } from '@rustbalance/supervisor/thread-runner.js';
import type { ThreadPlan } from '@rustbalance/supervisor/thread-plans.js';
import { within } from '../../support/eventually.js';

/** What the small actor of one name shall do wrong. */
export type Manners = Partial<Record<ActorName, string>>;

const built = (file: string): URL => {
  const url = new URL(`../../dist/wire/supervisor/fixtures/${file}`, import.meta.url);
  if (!existsSync(fileURLToPath(url))) throw new Error(`${file} is not built: run npx tsc -b`);
  return url;
};

export const smallActor = (): ThreadPlan => ({
  entry: built('small-actor.js'),
  limits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
});

export const poolTasks = (): URL => built('pool-tasks.js');

export interface SmallConfig {
  readonly supervisor?: Readonly<Record<string, number>>;
  readonly manners?: Manners;
  readonly runDir?: string;
}

export const smallConfig = ({ supervisor, manners = {}, runDir }: SmallConfig = {}): Config =>
  configSchema.parse({
    node: {
      id: 'n1',
      ...(runDir === undefined ? {} : { run_dir: runDir, state_dir: `${runDir}/state` }),
    },
    master: { onion_address: `${'a'.repeat(56)}.onion` },
    supervisor: { ping_interval_secs: 0.1, ping_timeout_secs: 1.5, shutdown_secs: 1, ...supervisor },
    chaos: { enabled: true },
    log: { level: 'debug' },
    tor: { extra_torrc: Object.entries(manners).map(([name, manner]) => `${name}=${manner}`) },
  });

const NO_SECRETS = {
  masterKey: null,
  nodeKey: null,
  clusterToken: null,
  wireguardKey: null,
  controlPassword: null,
};

/** A real machine under load may be slow; what is too slow for this is broken. */
export const PATIENCE_MS = 20_000;

/** The actor system with small actors in real threads. */
export const startSmallSystem = (config: Config) => {
  const records: LogRecord[] = [];
  const log = makeLogger(
    'supervisor',
    () => Date.now(),
    (record) => records.push(record),
  );
  const router = new Router(systemClock, log);
  const ready = deferred<true>();
  const end = deferred<{ code: number; forced: boolean }>();
  const system = new ActorSystem({
    spec: actorSpecs(config),
    clock: systemClock,
    random: systemRandom,
    log,
    router,
    startThread: threadStarter(smallActor),
    birth: actorBirths(config, NO_SECRETS),
    write: (record) => records.push(record),
    onReady: () => {
      ready.resolve(true);
    },
    onEnd: end.resolve,
  });
  system.boot();
  return {
    system,
    router,
    records,
    ready: within(PATIENCE_MS, 'all actors are ready', ready.promise),
    ended: () => within(PATIENCE_MS, 'the system has ended', end.promise),
    /** Asks the tor actor who it is. */
    ask: async (deadlineMs = PATIENCE_MS): Promise<string> => {
      const payload = { address: 'a' as never, hsdir: 'h' as never };
      return (await router.request('tor.fetch', payload, deadlineMs)).descriptor ?? '';
    },
    /** A request that the tor actor never answers. */
    askInVain: (deadlineMs = PATIENCE_MS) =>
      router.request('tor.fetch', { address: 'a' as never, hsdir: 'never' as never }, deadlineMs),
    generations: (): Record<string, number> =>
      Object.fromEntries([...system.state().children].map(([id, { generation }]) => [id, generation])),
    isUp: (name: ActorName): boolean => system.state().children.get(name)?.life.at === 'up',
  };
};

export type SmallSystem = ReturnType<typeof startSmallSystem>;
