import type { ActorContext, RunningActor } from '@rustbalance/actors/kernel/actor.js';
import { parseConfig } from '@rustbalance/actors/kernel/config/load.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import { startHealth } from '@rustbalance/actors/health/actor.js';
import type { TryCanary } from '@rustbalance/actors/health/canary/canary-watch.js';
import type { HealthStatus } from '@rustbalance/actors/health/messages.js';
import type { Examined } from '@rustbalance/actors/health/examine/examiner.js';
import { NO_HISTORY } from '@rustbalance/actors/health/repair/persisted.js';
import type { PersistedHealth } from '@rustbalance/actors/health/repair/persisted.js';
import type { OrderName, RequestName } from '@rustbalance/actors/kernel/messages.js';
import type { ProbeWay } from '@rustbalance/actors/health/target-probe.js';
import type { ProbeResult } from '@rustbalance/actors/health/target-record.js';
import type { PeerView } from '@rustbalance/actors/election/messages.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { ProxyStatus } from '@rustbalance/actors/proxy/messages.js';
import type { PublisherStatus } from '@rustbalance/actors/publisher/messages.js';
import type { TorStatus } from '@rustbalance/actors/tor/messages.js';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import type { UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { SimulatedClock } from '../../support/simulated-clock.js';
import { MINIMAL } from '../config/minimal.js';

export const START_MS = Date.UTC(2026, 0, 1, 12);
export const HOUR_MS = 3_600_000;

export const configWith = (extra = ''): Config => {
  const outcome = parseConfig(`${MINIMAL}${extra}`, 'test');
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problems));
  return outcome.config;
};

export const TOR_UP: TorStatus = {
  state: 'up',
  version: '0.4.9.11',
  bootstrap: 100,
  instanceAddress: null,
  socks: 'unix:/run/s',
  deaths: 0,
  lastError: null,
  trouble: null,
  redundancy: null,
};

export const PROXY_UP: ProxyStatus = {
  state: 'listening',
  listen: 'unix:/run/p',
  mode: 'http',
  drain: 'serving',
  openConnections: 0,
  connectionsTotal: 0,
  requestsTotal: 0,
  targetErrorsTotal: 0,
  retriesTotal: 0,
  unavailableTotal: 0,
  targets: [],
  bytesIn: 0,
  bytesOut: 0,
};

export const PUBLISHED: PublisherStatus = {
  state: 'published',
  reason: null,
  descriptors: [],
  lastPublishMs: null,
  lastLatencyMs: null,
};

export const peer = (id: string, changes: Partial<PeerView> = {}): PeerView => ({
  id: id as NodeId,
  lifecycle: 'healthy',
  role: 'standby',
  priority: 100,
  lastSeenSecs: 1,
  transport: 'direct',
  introPoints: 3,
  draining: 'no',
  clockOffsetSecs: 0,
  roundTripMs: 1,
  ...changes,
});

/** A consensus that is valid for three hours from `validAfterMs` on; nothing else of it matters here. */
export const network = (validAfterMs: number): NetworkView =>
  ({
    validAfter: (validAfterMs / 1000) as UnixSeconds,
    validUntil: (validAfterMs / 1000 + 3 * 3600) as UnixSeconds,
  }) as NetworkView;

/** The actor under a clock of ours, with a probe that answers what it is told to. */
export class HealthWorld {
  readonly clock = new SimulatedClock(START_MS);
  readonly published: HealthStatus[] = [];
  readonly logged: LogRecord[] = [];
  /** Orders and requests that were made, in order. */
  readonly orders: { readonly atMs: number; readonly name: string; readonly payload: unknown }[] = [];
  /** Requests that nobody answers. */
  readonly unanswered = new Set<RequestName>();
  /** What looking at the machine finds. */
  examined: Partial<Examined> = {};
  mended = 0;
  /** What was written to history.json last. */
  saved: PersistedHealth | null = null;
  readonly probes: { readonly atMs: number; readonly way: ProbeWay; readonly target: number }[] = [];
  /** What the next probes give; a promise that never settles is a probe that hangs. */
  answer: (target: number) => Promise<ProbeResult | null> = () => Promise.resolve({ ok: true });
  /** What the next visits to the master address come to. */
  visit: TryCanary = () => Promise.resolve({ ok: true, node: 'n2', tookMs: 1 });
  readonly actor: RunningActor<'health'>;

  /** @param heir of an earlier incarnation in the same daemon, and whether that one knew the clock to be kept */
  constructor(
    config: Config = configWith(),
    persisted: PersistedHealth = NO_HISTORY,
    heir: { readonly timeVouched: boolean } | null = null,
  ) {
    const context = {
      name: 'health',
      generation: heir === null ? 1 : 2,
      config,
      clock: this.clock,
      log: makeLogger(
        'health',
        () => this.clock.wallMs(),
        (record) => this.logged.push(record),
      ),
      publish: (_name: string, payload: HealthStatus) => this.published.push(payload),
      order: (name: OrderName, payload: unknown) =>
        this.orders.push({ atMs: this.clock.monotonicMs(), name, payload }),
      request: (name: RequestName, payload: unknown) => {
        this.orders.push({ atMs: this.clock.monotonicMs(), name, payload });
        return this.unanswered.has(name)
          ? Promise.reject(new Error('nobody answers'))
          : Promise.resolve({ restarted: true, ended: 'exited', code: 0 });
      },
    } as Partial<ActorContext<'health'>> as ActorContext<'health'>;
    const count = Math.max(1, config.target.urls.length);
    const probes = Array.from({ length: count }, (_, target) => (way: ProbeWay) => {
      this.probes.push({ atMs: this.clock.monotonicMs(), way, target });
      return this.answer(target);
    });
    this.actor = startHealth(context, {
      probes,
      canary: config.canary.enabled ? (socks) => this.visit(socks) : null,
      file: {
        read: () => Promise.resolve(null),
        save: (state) => {
          this.saved = state;
        },
        flush: () => Promise.resolve(),
      },
      persisted,
      timeVouched: heir?.timeVouched ?? false,
      examinations: {
        all: [{ everyMs: 15_000, look: () => Promise.resolve(this.examined) }],
        mendModes: () => {
          this.mended++;
          return Promise.resolve();
        },
      },
    });
  }

  get status(): HealthStatus {
    return this.published.at(-1)!;
  }

  get codes(): readonly string[] {
    return this.status.findings.map(({ error }) => error.code);
  }
}
