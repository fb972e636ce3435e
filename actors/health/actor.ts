import { createActor } from 'xstate';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { nodePaths } from '../kernel/config/paths.js';
import { parseTargets } from '../kernel/config/target.js';
import { diagnosisPortBeside } from '../kernel/config/tor-ports.js';
import type { StreamAddress } from '../kernel/stream-address.js';
import { RbError } from '../kernel/errors.js';
import { earlier, startLevelTrigger } from '../kernel/level-trigger.js';
import { SelfTestTokens } from '../kernel/self-test-token.js';
import { openStateFile } from '../kernel/state-file.js';
import type { StateFile } from '../kernel/state-file.js';
import { makeAlerts } from './alerts/alerts.js';
import { CanaryWatch } from './canary/canary-watch.js';
import type { TryCanary } from './canary/canary-watch.js';
import { canary } from './canary/try-canary.js';
import { conditions } from './conditions/all.js';
import { isClockSane } from './conditions/clock.js';
import { startExaminer, systemExaminations } from './examine/examiner.js';
import type { Examinations, Surroundings } from './examine/examiner.js';
import { FindingRegister } from './finding-register.js';
import { healthMachine } from './machine.js';
import { NOTHING_OBSERVED } from './observed.js';
import type { Observed } from './observed.js';
import { carryOutBy } from './repair/carry-out.js';
import { isFitToPublish } from './repair/diagnosis.js';
import { HISTORY_VERSION, NO_HISTORY, persistedHealth } from './repair/persisted.js';
import type { PersistedHealth } from './repair/persisted.js';
import { Repairer } from './repair/repairer.js';
import { targetProbes } from './target-probe.js';
import type { ProbeTarget } from './target-probe.js';
import { bestOf, targetHealth } from './target-record.js';
import { TargetWatch } from './target-watch.js';
import { wasTimeVouched } from './time-vouched.js';

/** The clock may step at any time and says nothing: it is looked at this often. */
const REVIEW_MS = 5000;

/** Writing a file takes milliseconds; whatever takes longer is looked at again by itself. */
const AFTER_REPAIR_MS = 2000;

/** The facts that the main thread keeps reach an actor in its first moments, one after the other. */
const FACTS_COME_MS = 1000;

/** What this actor has of the world, beyond its context. */
export interface HealthMeans {
  /** One for each target. */
  readonly probes: readonly ProbeTarget[];
  /** Null where no canary is wanted. */
  readonly canary: TryCanary | null;
  readonly file: StateFile<PersistedHealth>;
  /** What `file` held at the start. */
  readonly persisted: PersistedHealth;
  /** An earlier incarnation saw that a time service keeps the clock. */
  readonly timeVouched: boolean;
  readonly examinations: Examinations;
}

/** Starts the actor with means of the caller's choice. */
export const startHealth = (context: ActorContext<'health'>, means: HealthMeans): RunningActor<'health'> => {
  const { config, clock, generation, log } = context;
  const { probes, canary: tryCanary, file, persisted } = means;
  const threshold = config.health.probe_failure_threshold;
  // Whoever has heard of nothing yet finds nothing: that would lift what the predecessor forbade, and a wrong clock would sign.
  const heardOutMs = generation === 1 ? 0 : clock.monotonicMs() + FACTS_COME_MS;
  const machine = createActor(healthMachine);
  const register = new FindingRegister();
  const alerts = makeAlerts(context);
  const carryOut = carryOutBy(context, () => {
    void means.examinations.mendModes();
  });
  const repairer = new Repairer({
    context,
    file,
    persisted,
    carryOut: (action, reason) => {
      carryOut(action, reason);
      // Whether it helped is seen at once, and not at the next round, before the order is repeated.
      clock.after(AFTER_REPAIR_MS, () => {
        examiner.again();
      });
    },
  });
  let observed: Observed = { ...NOTHING_OBSERVED, timeVouched: means.timeVouched };
  const watches = probes.map((probe) => {
    const intervalMs = config.health.http_probe_interval_secs * 1000;
    return new TargetWatch(clock, probe, { intervalMs, threshold }, () => {
      trigger.poke();
    });
  });

  const canaries =
    tryCanary === null
      ? null
      : new CanaryWatch(clock, tryCanary, config.canary.interval_secs * 1000, (record) => {
          learn({ canary: record });
        });

  const probeWhenDue = (nowMs: number): number | null => {
    const socks = observed.tor?.socks ?? null;
    const way = { proxy: observed.proxy?.listen ?? null, socks };
    const mayVisit = observed.tor?.state === 'up' && observed.drain === 'no';
    const canaryAtMs = canaries?.step(nowMs, mayVisit ? socks : null) ?? null;
    return watches.map((watch) => watch.step(nowMs, way)).reduce(earlier, canaryAtMs);
  };

  const review = (nowMs: number): number | null => {
    if (nowMs < heardOutMs) return heardOutMs;
    const wallMs = clock.wallMs();
    const records = watches.map(({ record }) => record);
    const found = register.review(conditions(observed, records, config, wallMs), nowMs, wallMs);
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
    const clockSane = isClockSane(observed, config, wallMs);
    const circumstances = {
      isPublisher: observed.role?.role === 'publisher',
      hasPeers: observed.peers.length > 0,
      hasMasterKey: config.master.identity_key_path !== '',
      maySign: clockSane,
    };
    context.publish('health.status', {
      target: bestOf(records),
      targets: records.map((record) => targetHealth(record, threshold)),
      canary: tryCanary === null ? null : observed.canary,
      clockSane,
      fit: isFitToPublish(found.findings, circumstances),
      timeVouched: observed.timeVouched,
      findings: found.findings,
    });
    const repairAtMs = repairer.review(found, circumstances, nowMs);
    const alertAtMs = alerts.review([...found.findings, ...repairer.exhausted], nowMs);
    return earlier(earlier(found.wakeAtMs, repairAtMs), alertAtMs);
  };

  const trigger = startLevelTrigger(clock, (nowMs) =>
    earlier(earlier(probeWhenDue(nowMs), review(nowMs)), nowMs + REVIEW_MS),
  );

  const learn = (news: Partial<Observed>): void => {
    observed = { ...observed, ...news };
    trigger.poke();
  };

  const surroundings = (): Surroundings => ({
    proxyListen: observed.proxy?.state === 'listening' ? observed.proxy.listen : null,
  });
  const examiner = startExaminer(means.examinations, context, surroundings, (facts) => {
    const examined = { ...observed.examined, ...facts };
    const vouched = facts.timeSync !== undefined && facts.timeSync?.state !== 'unsynchronised';
    learn({ examined, timeVouched: observed.timeVouched || vouched });
  });

  machine.start();
  trigger.poke();
  return {
    alive: () => machine.getSnapshot().status === 'active',
    inspect: () => {
      const { value, context: inside } = machine.getSnapshot();
      const targets = watches.map(({ record, isProbing }) => ({ ...record, probing: isProbing }));
      return {
        state: value,
        context: {
          ...inside,
          targets,
          canary: observed.canary,
          ...repairer.inspection(clock.monotonicMs()),
          ...alerts.inspection(),
        },
      };
    },
    stop: () => {
      trigger.stop();
      examiner.stop();
      alerts.stop();
      machine.stop();
      return repairer.close();
    },
    handlers: {
      'tor.status': (tor) => {
        alerts.useSocks(tor.state === 'up' ? tor.socks : null);
        learn({ tor });
      },
      'tor.network': ({ view }) => {
        learn({
          network: view === null ? null : { validAfter: view.validAfter, validUntil: view.validUntil },
        });
      },
      'proxy.status': (proxy) => {
        // The listening address may be new: what was blocked can be tried at once.
        if (proxy.listen !== (observed.proxy?.listen ?? null)) for (const watch of watches) watch.unblock();
        learn({ proxy });
      },
      'proxy.target-error': ({ targets }) => {
        for (const index of targets) watches[index]?.suspect();
        trigger.poke();
      },
      'election.role': (role) => {
        learn({ role });
      },
      'election.peers': ({ peers }) => {
        learn({ peers });
      },
      'election.drain-state': ({ phase }) => {
        if (phase === 'no' && observed.drain !== 'no') canaries?.beginAnew();
        learn({ drain: phase });
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
  const { config, clock, log, secrets } = context;
  const targets = parseTargets(config);
  if ('code' in targets) throw new RbError(targets);
  const file = openStateFile({
    path: nodePaths(config).historyFile,
    version: HISTORY_VERSION,
    schema: persistedHealth,
    log,
    clock,
  });
  const persisted = (await file.read()) ?? NO_HISTORY;
  const tokens = secrets.selfTestKey ? new SelfTestTokens(secrets.selfTestKey, context) : null;
  const examinations = systemExaminations(context);
  const [{ mode }] = targets;
  const diagnosis = (socks: StreamAddress): StreamAddress | null => diagnosisPortBeside(config, socks);
  return startHealth(context, {
    probes: targetProbes(config, targets, tokens),
    canary: config.canary.enabled && tokens !== null ? canary({ ...context, mode, tokens, diagnosis }) : null,
    file,
    persisted,
    timeVouched: await wasTimeVouched(context),
    examinations,
  });
};

export const healthActor: ActorDefinition<'health'> = { name: 'health', start };
