import type { DrainPhase } from '@rustbalance/actors/election/messages.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import type { FactName, Payload } from '@rustbalance/actors/kernel/messages.js';
import type { StatusAnswer } from './control-protocol.js';

/** The newest state of a fact, or undefined before it was first published. */
export type ReadFact = <N extends FactName>(name: N) => Payload<N> | undefined;

const isoTime = (wallMs: number): string => new Date(wallMs).toISOString();

const peersOf = (fact: ReadFact): StatusAnswer['peers'] =>
  (fact('election.peers')?.peers ?? []).map((peer) => ({
    id: peer.id,
    lifecycle: peer.lifecycle,
    role: peer.role,
    priority: peer.priority,
    last_seen_secs: peer.lastSeenSecs,
    transport: peer.transport,
    round_trip_ms: peer.roundTripMs,
    clock_offset_secs: peer.clockOffsetSecs,
    intro_points: peer.introPoints,
    draining: peer.draining,
  }));

const descriptorsOf = (fact: ReadFact): StatusAnswer['descriptors'] =>
  (fact('publisher.status')?.descriptors ?? []).map((descriptor) => ({
    which: descriptor.which,
    time_period: descriptor.timePeriod,
    revision_counter: descriptor.revisionCounter,
    intro_points: descriptor.introPoints,
    nodes: descriptor.nodes.map(({ id, introPoints }) => ({ id, intro_points: introPoints })),
    published_at: descriptor.publishedAtMs === null ? null : isoTime(descriptor.publishedAtMs),
    hsdirs: descriptor.hsdirs.map(({ fingerprint, status, reason }) => ({ fingerprint, status, reason })),
  }));

const targetsOf = (fact: ReadFact): StatusAnswer['targets'] =>
  (fact('health.status')?.targets ?? []).map(({ state, failures, reason, checkedAtMs }, index) => ({
    state,
    failures,
    reason,
    checked_at: checkedAtMs === null ? null : isoTime(checkedAtMs),
    outstanding: fact('proxy.status')?.targets[index]?.outstanding ?? 0,
  }));

const redundancyOf = (fact: ReadFact): StatusAnswer['tor']['redundancy'] => {
  const both = fact('tor.status')?.redundancy ?? null;
  if (both === null) return null;
  const { state, bootstrap, deaths, lastError } = both.other;
  return { in_use: both.inUse, other: { state, bootstrap, deaths, last_error: lastError } };
};

export const drainWord = (phase: DrainPhase): StatusAnswer['node']['draining'] =>
  phase === 'no' || phase === 'drained' ? phase : 'draining';

const drainOf = (fact: ReadFact): StatusAnswer['drain'] => {
  const drain = fact('election.drain-state');
  if (drain === undefined || drain.phase === 'no') return null;
  const departure = fact('tor.departure');
  const left = departure?.version === drain.version ? departure : null;
  return {
    phase: drain.phase,
    introduction_circuits: left?.introduction ?? null,
    rendezvous_circuits: left?.rendezvous.length ?? null,
    until: isoTime(drain.untilMs),
  };
};

const canaryOf = (fact: ReadFact): StatusAnswer['canary'] => {
  const canary = fact('health.status')?.canary ?? null;
  if (canary === null) return null;
  const { last, failures, checkedAtMs } = canary;
  return {
    state: last === null ? 'unknown' : last.ok ? 'well' : 'failing',
    failures,
    step: last?.ok === false ? last.step : null,
    reason: last?.ok === false ? last.reason : null,
    node: last?.node ?? null,
    took_secs: last?.ok === true ? last.tookMs / 1000 : null,
    checked_at: checkedAtMs === null ? null : isoTime(checkedAtMs),
  };
};

/** `status`, from what the actors have published: what nobody has said yet shows as not there, never as an error. */
export const statusOf = (
  { node }: Pick<Config, 'node'>,
  fact: ReadFact,
  daemon: { readonly uptimeSecs: number; readonly ready: boolean },
): StatusAnswer => {
  const role = fact('election.role');
  const tor = fact('tor.status');
  const peers = peersOf(fact);
  const publishing = fact('publisher.status');
  const health = fact('health.status');
  const proxy = fact('proxy.status');
  const drain = fact('election.drain-state');
  return {
    node: {
      id: node.id,
      role: role?.role ?? 'standby',
      priority: node.priority,
      mode: peers.length === 0 ? 'single' : 'multi',
      uptime_secs: daemon.uptimeSecs,
      draining: drainWord(drain?.phase ?? 'no'),
    },
    drain: drainOf(fact),
    drain_failed: drain?.failed ?? false,
    publisher: role?.publisher ?? null,
    peers,
    tor: {
      state: tor?.state ?? 'down',
      version: tor?.version ?? null,
      bootstrap: tor?.bootstrap ?? 0,
      last_error: tor?.lastError ?? null,
      redundancy: redundancyOf(fact),
    },
    target: { healthy: health?.target.healthy ?? false },
    targets: targetsOf(fact),
    canary: canaryOf(fact),
    proxy: {
      state: proxy?.state ?? 'starting',
      drain: proxy?.drain ?? 'serving',
      open_connections: proxy?.openConnections ?? 0,
    },
    publishing: { state: publishing?.state ?? 'standby', reason: publishing?.reason ?? null },
    descriptors: descriptorsOf(fact),
    findings: (health?.findings ?? []).map(({ error, sinceMs }) => ({ error, since: isoTime(sinceMs) })),
    ready: daemon.ready,
  };
};
