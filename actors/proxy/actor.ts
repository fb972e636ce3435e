import { createActor } from 'xstate';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { nodePaths } from '../kernel/config/paths.js';
import { parseTarget } from '../kernel/config/target.js';
import { torSocksPort } from '../kernel/config/tor-ports.js';
import { RbError, rbError } from '../kernel/errors.js';
import { startLevelTrigger } from '../kernel/level-trigger.js';
import { parseStreamAddress } from '../kernel/stream-address.js';
import { MasterJoinGate } from './join-gate.js';
import { limitsOf } from './limits.js';
import { proxyMachine } from './machine.js';
import type { ProxyStatus } from './messages.js';
import { type Proxy, startProxy } from './start-proxy.js';
import { NOTHING_REPORTED, dueReport } from './target-report.js';

/** How often the counters are published, and failures of the target signalled. */
const REPORT_INTERVAL_MS = 1000;

/** The desk asks the lease holder for 8 s at most; what is not answered then goes to the target. */
const JOIN_DEADLINE_MS = 12_000;

/** The part of the stop's deadline that connections are given: what is left is for closing them. */
const DRAIN_SHARE = 0.8;

const start = async (context: ActorContext<'proxy'>): Promise<RunningActor<'proxy'>> => {
  const { config, clock, log } = context;
  const target = parseTarget(config);
  if ('code' in target) throw new RbError(target);
  const listen = parseStreamAddress(nodePaths(config).proxyListen);
  if (listen === null) throw rbError('proxy.bad-listen', 'proxy.listen');

  const machine = createActor(proxyMachine).start();
  const status = (proxy: Proxy | null): ProxyStatus => {
    const state = machine.getSnapshot().value;
    return {
      state: state === 'stopped' ? 'draining' : state,
      listen: state === 'listening' ? (proxy?.listen ?? null) : null,
      mode: target.mode,
      openConnections: proxy?.openConnections() ?? 0,
      connectionsTotal: proxy?.traffic.connectionsTotal ?? 0,
      requestsTotal: proxy?.traffic.requestsTotal ?? 0,
      targetErrorsTotal: proxy?.traffic.targetErrorsTotal ?? 0,
      bytesIn: proxy?.traffic.bytesIn ?? 0,
      bytesOut: proxy?.traffic.bytesOut ?? 0,
    };
  };

  const gate = config.join.via_master
    ? new MasterJoinGate(clock, async (frame) => {
        const asked = context.request('election.join', { frame, admitOnly: true }, JOIN_DEADLINE_MS);
        return (await asked).frame;
      })
    : null;
  const proxy = await startProxy({
    listen,
    target,
    master: { scheme: 'http', host: config.master.onion_address, port: config.proxy.virtual_port },
    limits: limitsOf(config),
    joins: gate,
    clock,
    socks: torSocksPort(config),
  }).catch((error: unknown) => {
    machine.send({ type: 'listen-failed' });
    context.publish('proxy.status', status(null));
    throw error;
  });
  machine.send({ type: 'listening' });
  log.info('the proxy listens', { mode: target.mode, route: target.route, tls: target.tls !== null });

  let reported = NOTHING_REPORTED;
  const report = (nowMs: number): number => {
    const { targetErrorsTotal, targetAnswers, lastFailure } = proxy.traffic;
    const due = dueReport(reported, { failures: targetErrorsTotal, answers: targetAnswers });
    reported = due.next;
    if (due.newFailures > 0 && lastFailure !== null) {
      context.signal('proxy.target-error', { reason: lastFailure.data.what, count: due.newFailures });
    }
    if (due.turned === 'failing' && lastFailure !== null) log.warn('the target fails', {}, lastFailure.data);
    if (due.turned === 'answering') log.info('the target answers again');
    context.publish('proxy.status', status(proxy));
    return nowMs + REPORT_INTERVAL_MS;
  };
  const reporter = startLevelTrigger(clock, report);
  reporter.poke();

  const stop = async (deadlineMs: number): Promise<void> => {
    machine.send({ type: 'stop' });
    reporter.stop();
    context.publish('proxy.status', status(proxy));
    await proxy.stop(deadlineMs * DRAIN_SHARE);
    machine.send({ type: 'drained' });
  };
  let stopped: Promise<void> | null = null;

  return {
    handlers: {
      'election.join-paths': ({ hashes }) => {
        gate?.setHashes(hashes);
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
        route: target.route,
        tls: target.tls !== null,
        requestsRefused: proxy.traffic.requestsRefused,
        connectionsRefused: proxy.traffic.connectionsRefused,
        lastTargetError: proxy.traffic.lastFailure?.data.what ?? null,
      },
    }),
    stop: (deadlineMs) => {
      stopped ??= stop(deadlineMs);
      return stopped;
    },
  };
};

/** Serves what this node's Tor passes on, from the target. */
export const proxyActor: ActorDefinition<'proxy'> = { name: 'proxy', start };
