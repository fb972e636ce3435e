import { createActor } from 'xstate';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { nodePaths } from '../kernel/config/paths.js';
import { parseTargets } from '../kernel/config/target.js';
import { torSocksPort } from '../kernel/config/tor-ports.js';
import type { StopReason } from '../kernel/envelope.js';
import { RbError, rbError } from '../kernel/errors.js';
import { SelfTestTokens } from '../kernel/self-test-token.js';
import { startLevelTrigger } from '../kernel/level-trigger.js';
import { parseStreamAddress } from '../kernel/stream-address.js';
import { followDownPage } from './down-page.js';
import { CircuitStreams } from './circuit-streams.js';
import { MasterJoinGate } from './join-gate.js';
import { startLeaving } from './leaving.js';
import { limitsOf } from './limits.js';
import { proxyMachine } from './machine.js';
import type { ProxyDrain, ProxyStatus } from './messages.js';
import { SelfTestGate } from './self-test-gate.js';
import { type Proxy, startProxy } from './start-proxy.js';
import { NOTHING_REPORTED, dueReport, failedSince } from './target-report.js';

/** How often the counters are published, and failures of the target signalled. */
const REPORT_INTERVAL_MS = 1000;

/** The desk asks the lease holder for 8 s at most; what is not answered then goes to the target. */
const JOIN_DEADLINE_MS = 12_000;

const SILENT_REASON = 'the target owes answers and gives none';

/** The part of the stop's deadline that connections may have at most: what is left is for closing them. */
const DRAIN_SHARE = 0.8;

/**
 * What requests under way may take where another incarnation follows at once. Clients are served meanwhile; longer would
 * save a few more downloads, and put off what the operator changed.
 */
const REPLACE_GRACE_MS = 1_000;

const DRAIN_OF = new Map<string, ProxyDrain>([
  ['finishing', 'finishing'],
  ['closed', 'closed'],
  ['draining', 'closed'],
  ['stopped', 'closed'],
]);

/** What the machine's state is called for those outside. */
const STATE_OF = new Map<string, ProxyStatus['state']>([
  ['starting', 'starting'],
  ['listening', 'listening'],
  ['finishing', 'listening'],
  ['failed', 'failed'],
]);

const start = async (context: ActorContext<'proxy'>): Promise<RunningActor<'proxy'>> => {
  const { config, clock, log, secrets } = context;
  const targets = parseTargets(config);
  if ('code' in targets) throw new RbError(targets);
  const [{ mode }] = targets;
  const listen = parseStreamAddress(nodePaths(config).proxyListen);
  if (listen === null) throw rbError('proxy.bad-listen', 'proxy.listen');

  const machine = createActor(proxyMachine).start();
  const status = (proxy: Proxy | null): ProxyStatus => {
    const { value } = machine.getSnapshot();
    const state = STATE_OF.get(value) ?? 'draining';
    return {
      state,
      listen: state === 'listening' ? (proxy?.listen ?? null) : null,
      mode,
      drain: DRAIN_OF.get(value) ?? 'serving',
      openConnections: proxy?.openConnections() ?? 0,
      connectionsTotal: proxy?.traffic.connectionsTotal ?? 0,
      requestsTotal: proxy?.traffic.requestsTotal ?? 0,
      targetErrorsTotal: proxy?.traffic.targetErrorsTotal ?? 0,
      retriesTotal: proxy?.traffic.retriesTotal ?? 0,
      unavailableTotal: proxy?.traffic.unavailableTotal ?? 0,
      bytesIn: proxy?.traffic.bytesIn ?? 0,
      bytesOut: proxy?.traffic.bytesOut ?? 0,
      targets: proxy?.targetViews() ?? [],
    };
  };

  const gate = config.join.via_master
    ? new MasterJoinGate(clock, async (frame) => {
        const asked = context.request('election.join', { frame, admitOnly: true }, JOIN_DEADLINE_MS);
        return (await asked).frame;
      })
    : null;
  const streams = new CircuitStreams();
  let page: Buffer | null = null;
  const downPage = await followDownPage(config.target.down_page, context, (read) => {
    page = read;
  });
  const proxy = await startProxy({
    streams,
    listen,
    standbyListen: config.tor.standby ? { kind: 'unix', path: nodePaths(config).standby.proxySocket } : null,
    targets,
    master: { scheme: 'http', host: config.master.onion_address, port: config.proxy.virtual_port },
    limits: limitsOf(config),
    joins: gate,
    selfTests: secrets.selfTestKey
      ? new SelfTestGate(new SelfTestTokens(secrets.selfTestKey, context), config.node.id)
      : null,
    downPage: () => page,
    clock,
    socks: torSocksPort(config),
  }).catch((error: unknown) => {
    downPage.stop();
    machine.send({ type: 'listen-failed' });
    context.publish('proxy.status', status(null));
    throw error;
  });
  machine.send({ type: 'listening' });
  const tls = targets.some((target) => target.tls !== null);
  log.info('the proxy listens', { mode, targets: targets.length, route: targets[0].route, tls });

  let reported = NOTHING_REPORTED;
  let reportedFailures: readonly number[] = [];
  const report = (nowMs: number): number => {
    const { targetErrorsTotal, targetAnswers, lastFailure } = proxy.traffic;
    const due = dueReport(reported, { failures: targetErrorsTotal, answers: targetAnswers });
    reported = due.next;
    const failures = proxy.targetViews().map(({ failuresTotal }) => failuresTotal);
    const suspects = new Set([...failedSince(reportedFailures, failures), ...proxy.silentTargets()]);
    reportedFailures = failures;
    if (suspects.size > 0) {
      const reason = due.newFailures > 0 && lastFailure !== null ? lastFailure.data.what : SILENT_REASON;
      context.signal('proxy.target-error', { reason, count: due.newFailures, targets: [...suspects] });
    }
    if (due.turned === 'failing' && lastFailure !== null) log.warn('the target fails', {}, lastFailure.data);
    if (due.turned === 'answering') log.info('the target answers again');
    context.publish('proxy.status', status(proxy));
    return nowMs + REPORT_INTERVAL_MS;
  };
  const reporter = startLevelTrigger(clock, report);
  reporter.poke();

  const stop = async (deadlineMs: number, reason: StopReason): Promise<void> => {
    machine.send({ type: 'stop' });
    reporter.stop();
    leaving.stop();
    downPage.stop();
    const graceMs = Math.min(config.proxy.drain_secs * 1000, deadlineMs * DRAIN_SHARE);
    // Where a successor follows, the status stays "listening" as after a crash: probes need not pause for so short a time.
    if (reason === 'replace') await proxy.handOver(Math.min(graceMs, REPLACE_GRACE_MS));
    else {
      context.publish('proxy.status', status(proxy));
      await proxy.stop(graceMs);
    }
    machine.send({ type: 'drained' });
  };
  const leaving = startLeaving(clock, proxy, streams, (circuits) => {
    log.debug('circuits are closed in a pause of their clients', { circuits: circuits.join(' ') });
    context.order('tor.close-circuits', { circuits });
  });
  let stopped: Promise<void> | null = null;

  /** Orders one after the other: one that listens again must not overtake one that closes. A failure ends the thread. */
  let drained: Promise<void> = Promise.resolve();
  const drain = async (to: ProxyDrain): Promise<void> => {
    if (stopped !== null) return;
    await proxy.drain(to);
    machine.send({ type: to });
    reporter.poke();
  };

  return {
    handlers: {
      'election.join-paths': ({ hashes }) => {
        gate?.setHashes(hashes);
      },
      'proxy.drain': ({ to }) => {
        drained = drained.then(() => drain(to));
      },
      'health.status': (health) => {
        proxy.judge(health.targets);
      },
      'election.drain-state': (drain) => {
        leaving.drainTold(drain);
      },
      'tor.departure': (departure) => {
        leaving.departureTold(departure);
      },
      'tor.status': (tor) => {
        proxy.setSocks(tor.socks === null ? torSocksPort(config) : parseStreamAddress(tor.socks));
      },
    },
    alive: () => machine.getSnapshot().status === 'active',
    inspect: () => ({
      state: machine.getSnapshot().value,
      context: {
        ...status(proxy),
        routes: targets.map(({ route }) => route),
        tls,
        requestsRefused: proxy.traffic.requestsRefused,
        connectionsRefused: proxy.traffic.connectionsRefused,
        streams: streams.view(),
        lastTargetError: proxy.traffic.lastFailure?.data.what ?? null,
      },
    }),
    stop: (deadlineMs, reason) => {
      stopped ??= stop(deadlineMs, reason);
      return stopped;
    },
  };
};

/** Serves what this node's Tor passes on, from the target. */
export const proxyActor: ActorDefinition<'proxy'> = { name: 'proxy', start };
