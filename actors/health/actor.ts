import { createActor } from 'xstate';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { nodePaths } from '../kernel/config/paths.js';
import { parseTarget } from '../kernel/config/target.js';
import { RbError } from '../kernel/errors.js';
import { earlier, startLevelTrigger } from '../kernel/level-trigger.js';
import { openStateFile } from '../kernel/state-file.js';
import type { StateFile } from '../kernel/state-file.js';
import { conditions } from './conditions/all.js';
import { isClockSane } from './conditions/clock.js';
import { FindingRegister } from './finding-register.js';
import { healthMachine } from './machine.js';
import { NOTHING_OBSERVED } from './observed.js';
import type { Observed } from './observed.js';
import { NOT_PROBING, probeDueAtMs } from './probe-schedule.js';
import { carryOutBy } from './repair/carry-out.js';
import { HISTORY_VERSION, NO_HISTORY, persistedHealth } from './repair/persisted.js';
import type { PersistedHealth } from './repair/persisted.js';
import { Repairer } from './repair/repairer.js';
import { targetProbe } from './target-probe.js';
import type { ProbeTarget } from './target-probe.js';
import { NEVER_PROBED, recordProbe } from './target-record.js';
import type { ProbeResult } from './target-record.js';

/** The clock may step at any time and says nothing: it is looked at this often. */
const REVIEW_MS = 5000;

/** What lies between us and the target is not up: try again soon, without a verdict about the target. */
const BLOCKED_RETRY_MS = 2000;

/** What this actor has of the world, beyond its context. */
export interface HealthMeans {
  readonly probe: ProbeTarget;
  readonly file: StateFile<PersistedHealth>;
  /** What `file` held at the start. */
  readonly persisted: PersistedHealth;
}

/** Starts the actor with means of the caller's choice. */
export const startHealth = (context: ActorContext<'health'>, means: HealthMeans): RunningActor<'health'> => {
  const { config, clock, log } = context;
  const { probe, file, persisted } = means;
  const intervalMs = config.health.http_probe_interval_secs * 1000;
  const machine = createActor(healthMachine);
  const register = new FindingRegister();
  const repairer = new Repairer({
    context,
    file,
    persisted,
    carryOut: carryOutBy(context, () => undefined),
    alert: () => undefined,
  });
  let observed: Observed = NOTHING_OBSERVED;
  let target = NEVER_PROBED;
  let schedule = NOT_PROBING;
  let blockedUntilMs = 0;

  const probed = (result: ProbeResult | null): void => {
    schedule = { ...schedule, inFlight: false };
    if (result === null) {
      schedule = { ...schedule, startedAtMs: null };
      blockedUntilMs = clock.monotonicMs() + BLOCKED_RETRY_MS;
    } else {
      target = recordProbe(target, result, config.health.probe_failure_threshold, clock.wallMs());
    }
    trigger.poke();
  };

  const probeWhenDue = (nowMs: number): number | null => {
    const dueAtMs = probeDueAtMs(schedule, target.failures, intervalMs, nowMs);
    const startAtMs = dueAtMs === null ? null : Math.max(dueAtMs, blockedUntilMs);
    if (startAtMs === null || nowMs < startAtMs) return startAtMs;
    schedule = { inFlight: true, startedAtMs: nowMs, suspected: false };
    const way = { proxy: observed.proxy?.listen ?? null, socks: observed.tor?.socks ?? null };
    void probe(way).then(probed);
    return null;
  };

  const review = (nowMs: number): number | null => {
    const wallMs = clock.wallMs();
    const found = register.review(conditions(observed, target, config, wallMs), nowMs, wallMs);
    for (const { error, critical } of found.appeared) {
      if (critical) log.error('a finding', {}, error);
      else log.warn('a finding', {}, error);
    }
    for (const { error, critical } of found.lasting) {
      if (critical) log.error('a finding lasts', {}, error);
      else log.warn('a finding lasts', {}, error);
    }
    for (const { error } of found.cleared)
      log.info('a finding has gone', { code: error.code, where: error.where });
    const findings = found.findings.length;
    machine.send(findings === 0 ? { type: 'WELL' } : { type: 'ILL', findings });
    context.publish('health.status', {
      target: { healthy: target.healthy, checkedAtMs: target.checkedAtMs, failures: target.failures },
      clockSane: isClockSane(observed, wallMs),
      findings: found.findings,
    });
    const circumstances = {
      isPublisher: observed.role?.role === 'publisher',
      hasPeers: observed.peers.length > 0,
    };
    return earlier(found.wakeAtMs, repairer.review(found, circumstances, nowMs));
  };

  const trigger = startLevelTrigger(clock, (nowMs) =>
    earlier(earlier(probeWhenDue(nowMs), review(nowMs)), nowMs + REVIEW_MS),
  );

  const learn = (news: Partial<Observed>): void => {
    observed = { ...observed, ...news };
    trigger.poke();
  };

  machine.start();
  trigger.poke();
  return {
    alive: () => machine.getSnapshot().status === 'active',
    inspect: () => {
      const { value, context: inside } = machine.getSnapshot();
      return {
        state: value,
        context: {
          ...inside,
          target,
          probing: schedule.inFlight,
          ...repairer.inspection(clock.monotonicMs()),
        },
      };
    },
    stop: () => {
      trigger.stop();
      machine.stop();
      return repairer.close();
    },
    handlers: {
      'tor.status': (tor) => {
        learn({ tor });
      },
      'tor.network': ({ view }) => {
        learn({
          network: view === null ? null : { validAfter: view.validAfter, validUntil: view.validUntil },
        });
      },
      'proxy.status': (proxy) => {
        // The listening address may be new: what was blocked can be tried at once.
        if (proxy.listen !== (observed.proxy?.listen ?? null)) blockedUntilMs = 0;
        learn({ proxy });
      },
      'proxy.target-error': () => {
        schedule = { ...schedule, suspected: true };
        trigger.poke();
      },
      'election.role': (role) => {
        learn({ role });
      },
      'election.peers': ({ peers }) => {
        learn({ peers });
      },
      'publisher.status': (publisher) => {
        learn({ publisher });
      },
      'publisher.key-file': (keyFile) => {
        learn({ keyFile });
      },
      'wg.status': ({ transports }) => {
        learn({ transports });
      },
      'health.history': ({ sinceMs }) => Promise.resolve({ entries: repairer.entries(sinceMs) }),
    },
  };
};

const start = async (context: ActorContext<'health'>): Promise<RunningActor<'health'>> => {
  const { config, log } = context;
  const target = parseTarget(config);
  if ('code' in target) throw new RbError(target);
  const file = openStateFile({
    path: nodePaths(config).historyFile,
    version: HISTORY_VERSION,
    schema: persistedHealth,
    log,
  });
  const persisted = (await file.read()) ?? NO_HISTORY;
  return startHealth(context, { probe: targetProbe(config, target), file, persisted });
};

export const healthActor: ActorDefinition<'health'> = { name: 'health', start };
