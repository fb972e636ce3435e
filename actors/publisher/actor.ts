import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import { createActor } from 'xstate';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { nodePaths } from '../kernel/config/paths.js';
import { startLevelTrigger } from '../kernel/level-trigger.js';
import { openStateFile } from '../kernel/state-file.js';
import { watchKeyFile } from './key-file-watch.js';
import { publisherMachine } from './machine.js';
import { carriedNodes } from './carried.js';
import { poolEffects } from './pool-effects.js';
import { NOTHING_PERSISTED, PERSISTED_VERSION, persistedPublisher } from './persisted.js';
import { Publication } from './publication.js';
import { publisherStatus } from './status-view.js';

const start = async (context: ActorContext<'publisher'>): Promise<RunningActor<'publisher'>> => {
  const { config, clock, log } = context;
  const address = config.master.onion_address.replace(/\.onion$/, '') as OnionAddress;
  const stateFile = openStateFile({
    path: nodePaths(config).stateFile,
    version: PERSISTED_VERSION,
    schema: persistedPublisher,
    log,
    clock,
  });
  const persisted = (await stateFile.read()) ?? NOTHING_PERSISTED;
  const effects = await poolEffects(context, address, (state) => {
    stateFile.save(state);
  });
  const machine = createActor(publisherMachine);
  const publication: Publication = new Publication(
    {
      config,
      hasMasterKey: context.secrets.masterKey !== null,
      persisted,
      poke: () => {
        trigger.poke();
      },
    },
    effects,
  );
  const report = (): void => {
    const { value, context: explanation } = machine.getSnapshot();
    context.publish(
      'publisher.status',
      publisherStatus({
        state: value,
        reason: explanation.reason,
        slots: publication.slots,
        lastPublishMs: publication.lastPublishMs,
        lastLatencyMs: publication.completions.at(-1)?.latencyMs ?? null,
      }),
    );
    const { rival } = publication;
    context.publish('publisher.rival', { withholds: publication.withheld !== null, rival });
    context.publish('publisher.carried', carriedNodes(publication.slots));
    context.publish('publisher.counters', { counters: publication.counters });
  };
  const trigger = startLevelTrigger(clock, (nowMs) => {
    const { verdict, wakeAtMs } = publication.step(nowMs);
    if (verdict !== null) machine.send(verdict);
    report();
    return wakeAtMs;
  });
  let lastWait: string | null = null;
  machine.subscribe(({ value, context: { reason } }) => {
    const wait = value === 'waiting' || value === 'degraded' ? reason : null;
    if (wait !== null && wait !== lastWait)
      log.warn('not everything is published', { state: value, reason: wait });
    lastWait = wait;
  });
  machine.start();
  trigger.poke();
  const keyFile = watchKeyFile(context);

  return {
    alive: () => machine.getSnapshot().status === 'active',
    inspect: () => {
      const snapshot = machine.getSnapshot();
      return {
        state: snapshot.value,
        context: {
          reason: snapshot.context.reason,
          transitions: snapshot.context.entered,
          counters: publication.counters,
          withheld: publication.withheld,
          rival: publication.rival,
          lastPublishMs: publication.lastPublishMs,
          completions: publication.completions,
          hsdirs: publication.hsdirs,
          descriptors: publication.slots.map((slot) => ({
            which: slot.which,
            timePeriod: slot.timePeriod,
            hsdirs: slot.rows.length,
            accepted: slot.rows.filter((row) => row.held !== null).length,
            inFlight: slot.rows.filter((row) => row.inFlight !== null).length,
          })),
        },
      };
    },
    stop: async () => {
      trigger.stop();
      keyFile.stop();
      machine.stop();
      await stateFile.flush();
    },
    handlers: {
      'tor.status': (tor) => {
        publication.learn({ tor });
      },
      'tor.network': ({ view }) => {
        publication.learn({ network: view });
      },
      'tor.introduction-points': (own) => {
        publication.learn({ own });
      },
      'tor.upload-answer': (answer) => {
        if (answer.address === address) publication.answered(answer);
      },
      'election.role': (role) => {
        publication.learn({ role });
      },
      'election.drain-state': ({ leavesOwnOut }) => {
        publication.learn({ leavesOwnOut });
      },
      'election.introduction-points': ({ nodes }) => {
        publication.learn({ peers: nodes });
      },
      'election.counters': ({ counters }) => {
        publication.learnCounters(counters);
      },
      'health.status': (health) => {
        publication.learn({ health });
      },
      'publisher.restore-key': () => {
        keyFile.restore();
      },
      'publisher.publish-now': ({ reason }) => {
        log.info('the descriptors are uploaded again on order', { reason });
        publication.refresh();
      },
    },
  };
};

export const publisherActor: ActorDefinition<'publisher'> = { name: 'publisher', start };
