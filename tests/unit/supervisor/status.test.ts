import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { FactName, Payload } from '@rustbalance/actors/kernel/messages.js';
import { inspectSchema, statusSchema } from '@rustbalance/supervisor/control-protocol.js';
import { inspectActor } from '@rustbalance/supervisor/inspect.js';
import type { ActorView } from '@rustbalance/supervisor/inspect.js';
import { statusOf } from '@rustbalance/supervisor/status.js';
import { expect, test } from 'vitest';

type Facts = { readonly [N in FactName]?: Payload<N> };

const node = { node: { id: 'n1', priority: 10 } } as Parameters<typeof statusOf>[0];

const statusFrom = (facts: Facts) =>
  statusOf(node, <N extends FactName>(name: N) => facts[name] as Payload<N> | undefined, {
    uptimeSecs: 3,
    ready: true,
  });

test('status before any actor has said anything has every field of the documented shape', () => {
  const status = statusFrom({});
  expect(status).toEqual({
    node: { id: 'n1', role: 'standby', priority: 10, mode: 'single', uptime_secs: 3, draining: 'no' },
    drain: null,
    drain_failed: false,
    publisher: null,
    peers: [],
    tor: { state: 'down', version: null, bootstrap: 0, last_error: null, redundancy: null },
    target: { healthy: false },
    targets: [],
    canary: null,
    proxy: { state: 'starting', drain: 'serving', open_connections: 0 },
    publishing: { state: 'standby', reason: null },
    descriptors: [],
    findings: [],
    ready: true,
  });
  expect(statusSchema.parse(status)).toEqual(status);
});

test('status shows roles, peers, Tor, target and what lies on which HSDir', () => {
  const status = statusFrom({
    'election.role': { role: 'publisher', publisher: 'n1' as never, sinceMs: 1, absent: [] },
    'election.peers': {
      peers: [
        {
          id: 'n2' as never,
          lifecycle: 'healthy',
          role: 'standby',
          priority: 20,
          lastSeenSecs: 0.5,
          transport: 'direct',
          introPoints: 3,
          draining: 'no',
          clockOffsetSecs: 0,
          roundTripMs: 1,
        },
      ],
    },
    'publisher.status': {
      state: 'published',
      reason: null,
      lastPublishMs: 0,
      lastLatencyMs: 900,
      descriptors: [
        {
          which: 'first',
          timePeriod: 20_000 as never,
          revisionCounter: '18446744073709551615',
          introPoints: 6,
          nodes: [{ id: 'n2' as never, introPoints: 6 }],
          publishedAtMs: 0,
          hsdirs: [{ fingerprint: 'A'.repeat(40) as never, status: 'rejected', reason: 'UPLOAD_REJECTED' }],
        },
      ],
    },
    'health.status': {
      target: { healthy: true, checkedAtMs: 1, failures: 0 },
      targets: [
        { state: 'well', failures: 0, checkedAtMs: 1, reason: null },
        { state: 'down', failures: 3, checkedAtMs: 2, reason: 'ECONNREFUSED' },
      ],
      canary: { failures: 0, checkedAtMs: 3, last: { ok: true, node: 'n2', tookMs: 900 } },
      clockSane: true,
      fit: true,
      timeVouched: true,
      findings: [{ error: errorData('chaos.disabled', 'x'), sinceMs: 0, critical: false }],
    },
  });
  expect(status.node).toMatchObject({ role: 'publisher', mode: 'multi' });
  expect(status.peers).toEqual([
    {
      id: 'n2',
      lifecycle: 'healthy',
      role: 'standby',
      priority: 20,
      last_seen_secs: 0.5,
      transport: 'direct',
      round_trip_ms: 1,
      clock_offset_secs: 0,
      intro_points: 3,
      draining: 'no',
    },
  ]);
  expect(status.descriptors).toEqual([
    {
      which: 'first',
      time_period: 20_000,
      revision_counter: '18446744073709551615',
      intro_points: 6,
      nodes: [{ id: 'n2', intro_points: 6 }],
      published_at: '1970-01-01T00:00:00.000Z',
      hsdirs: [{ fingerprint: 'A'.repeat(40), status: 'rejected', reason: 'UPLOAD_REJECTED' }],
    },
  ]);
  expect(status.target).toEqual({ healthy: true });
  expect(status.canary).toEqual({
    state: 'well',
    failures: 0,
    step: null,
    reason: null,
    node: 'n2',
    took_secs: 0.9,
    checked_at: '1970-01-01T00:00:00.003Z',
  });
  expect(status.targets).toMatchObject([
    { state: 'well', failures: 0, reason: null, checked_at: '1970-01-01T00:00:00.001Z', outstanding: 0 },
    { state: 'down', failures: 3, reason: 'ECONNREFUSED' },
  ]);
  expect(statusSchema.parse(status)).toEqual(status);
});

const view = (change: Partial<ActorView> = {}): ActorView => ({
  child: {
    life: { at: 'up', since: 1_000, pingedAt: null, nextPingAt: 2_000 },
    generation: 3,
    shortLives: 0,
    restarts: 2,
    lastWords: null,
    finished: false,
    lastError: errorData('actor.exited', 'tor', { actor: 'tor', code: 1 }),
    gone: false,
  },
  vitals: { utilisation: 0.25, loopDelayP99Ms: 3.21 },
  dump: { inspection: { state: 'up.configured', context: { a: 1 } }, answering: 2, heapUsedBytes: 7 },
  history: [{ generation: 2, endedAtMs: 0, uptimeMs: 1_500, error: null }],
  mailbox: 4,
  ...change,
});

test('an actor that answers shows its own state, with what is known of it from outside', () => {
  const shown = inspectActor(view(), 4_500);
  expect(shown).toEqual({
    state: 'up.configured',
    generation: 3,
    restarts: 2,
    uptime_secs: 3.5,
    mailbox: 6,
    elu: 0.25,
    loop_delay_p99_ms: 3.2,
    heap_used_bytes: 7,
    last_error: errorData('actor.exited', 'tor', { actor: 'tor', code: 1 }),
    context: { a: 1 },
    history: [{ generation: 2, ended_at: '1970-01-01T00:00:00.000Z', uptime_secs: 1.5, error: null }],
  });
  expect(inspectSchema.shape.actors.parse({ tor: shown })).toEqual({ tor: shown });
});

test('an actor that does not answer shows as unresponsive, and one that is not up as what it is doing', () => {
  const state = (life: ActorView['child']['life'], restarts = 0): string =>
    inspectActor(view({ dump: null, child: { ...view().child, life, restarts } }), 0).state;
  expect(state({ at: 'up', since: 0, pingedAt: 0, nextPingAt: 0 })).toBe('unresponsive');
  expect(state({ at: 'down' })).toBe('down');
  expect(state({ at: 'down' }, 1)).toBe('restarting');
  expect(state({ at: 'loading' })).toBe('starting');
  expect(state({ at: 'starting', deadline: 1 })).toBe('starting');
  expect(state({ at: 'ending', since: null, step: 'asked', deadline: 1, intent: 'stop' })).toBe('stopping');
});

test('status shows how far a drain is, with the circuits of this drain only', () => {
  const drain = {
    phase: 'emptying',
    version: 2,
    leavesOwnOut: true,
    untilMs: 60_000,
    failed: false,
  } as const;
  const departure = { version: 2, introduction: 1, rendezvous: ['7', '9'], namesCircuits: true };
  const status = statusFrom({ 'election.drain-state': drain, 'tor.departure': departure });
  expect(status.node.draining).toBe('draining');
  expect(status.drain).toEqual({
    phase: 'emptying',
    introduction_circuits: 1,
    rendezvous_circuits: 2,
    until: '1970-01-01T00:01:00.000Z',
  });
  const later = statusFrom({ 'election.drain-state': { ...drain, version: 3 }, 'tor.departure': departure });
  expect(later.drain?.rendezvous_circuits).toBe(null);
});
