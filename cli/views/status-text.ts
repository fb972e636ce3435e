import { errorLine } from '@rustbalance/actors/kernel/errors.js';
import type { StatusAnswer } from '@rustbalance/supervisor/control-protocol.js';
import { NOTHING, durationText, tableText } from './format.js';

type Descriptor = StatusAnswer['descriptors'][number];
type HsDir = Descriptor['hsdirs'][number];

const hsdirsText = ({ hsdirs }: Descriptor): string => {
  const of = (status: HsDir['status']): readonly HsDir[] => hsdirs.filter((hsdir) => hsdir.status === status);
  /** "2 rejected (UPLOAD_REJECTED)", with the reason of one of them. */
  const lacking = (status: HsDir['status']): readonly string[] => {
    const found = of(status);
    const reason = found.find((hsdir) => hsdir.reason !== null)?.reason ?? null;
    if (found.length === 0) return [];
    return [`${String(found.length)} ${status}${reason === null ? '' : ` (${reason})`}`];
  };
  const accepted = `${String(of('accepted').length)} of ${String(hsdirs.length)}`;
  return [accepted, ...lacking('rejected'), ...lacking('pending')].join(', ');
};

/** "+0.1 s": ahead of ours. */
const offsetText = (seconds: number): string => `${seconds < 0 ? '-' : '+'}${Math.abs(seconds).toFixed(1)} s`;

const peers = (status: StatusAnswer): readonly string[] =>
  status.peers.length === 0
    ? []
    : [
        '',
        tableText(
          [
            'peer',
            'state',
            'role',
            'priority',
            'last seen',
            'transport',
            'round trip',
            'its clock',
            'introduction points',
          ],
          status.peers.map((peer) => [
            peer.id,
            peer.draining === 'no' ? peer.lifecycle : `${peer.lifecycle}, ${peer.draining}`,
            peer.role,
            String(peer.priority),
            peer.last_seen_secs === null ? 'never' : `${durationText(peer.last_seen_secs)} ago`,
            peer.transport ?? NOTHING,
            peer.round_trip_ms === null ? NOTHING : `${peer.round_trip_ms.toFixed(0)} ms`,
            peer.clock_offset_secs === null ? NOTHING : offsetText(peer.clock_offset_secs),
            String(peer.intro_points),
          ]),
        ),
      ];

/** "6: alpha 3, beta 3". */
const introPointsText = ({ intro_points: total, nodes }: StatusAnswer['descriptors'][number]): string => {
  const shares = nodes.map(({ id, intro_points: points }) => `${id} ${String(points)}`);
  return shares.length < 2 ? String(total) : `${String(total)}: ${shares.join(', ')}`;
};

const descriptors = (status: StatusAnswer): readonly string[] =>
  status.descriptors.length === 0
    ? []
    : [
        '',
        tableText(
          ['descriptor', 'period', 'counter', 'introduction points', 'published', 'accepted by HSDirs'],
          status.descriptors.map((one) => [
            one.which,
            String(one.time_period),
            one.revision_counter,
            introPointsText(one),
            one.published_at ?? 'never',
            hsdirsText(one),
          ]),
        ),
      ];

const findings = (status: StatusAnswer): readonly string[] =>
  status.findings.length === 0
    ? []
    : ['', ...status.findings.map(({ error, since }) => `! since ${since}: ${errorLine(error)}`)];

const torText = ({ tor }: StatusAnswer): string => {
  const version = tor.version === null ? '' : ` ${tor.version}`;
  const trouble = tor.last_error === null || tor.state === 'up' ? '' : `: ${tor.last_error}`;
  const both = tor.redundancy;
  const beside = both === null ? '' : `; in use: ${both.in_use}, the other one is ${both.other.state}`;
  return `${tor.state}${version}, bootstrapped ${String(tor.bootstrap)} %${trouble}${beside}`;
};

/** "healthy", or of several "2 of 3 healthy; 2 is down (ECONNREFUSED)". */
const targetText = ({ target, targets }: StatusAnswer): string => {
  if (targets.length < 2) return target.healthy ? 'healthy' : 'not healthy';
  const down = targets.flatMap(({ state, reason }, index) =>
    state === 'down' ? [`${String(index + 1)} is down (${reason ?? NOTHING})`] : [],
  );
  const well = targets.filter(({ state }) => state === 'well').length;
  return [`${String(well)} of ${String(targets.length)} healthy`, ...down].join('; ');
};

/** Only where visits are made. */
const canaryLines = ({ canary }: StatusAnswer): readonly string[] => {
  if (canary === null) return [];
  const { state, failures, step, reason, node, took_secs: secs } = canary;
  if (state === 'unknown') return ['canary      none yet'];
  return state === 'well'
    ? [`canary      answered by ${node ?? NOTHING} in ${durationText(secs ?? 0)}`]
    : [`canary      failed ${String(failures)} times in a row, at ${step ?? NOTHING} (${reason ?? NOTHING})`];
};

/** Only while the node takes leave. */
const proxyLines = ({ proxy }: StatusAnswer): readonly string[] =>
  proxy.drain === 'serving'
    ? []
    : [`proxy       ${proxy.drain}, ${String(proxy.open_connections)} connections open`];
/** "emptying, 3 circuits of clients are left, until 12:00". */
export const drainText = (drain: NonNullable<StatusAnswer['drain']>): string => {
  switch (drain.phase) {
    case 'leaving':
      return `draining: its introduction points leave the descriptor, until ${drain.until}`;
    case 'emptying': {
      const left = drain.rendezvous_circuits === null ? 'the' : String(drain.rendezvous_circuits);
      return `draining: ${left} circuits of clients are left, until ${drain.until}`;
    }
    case 'drained':
      return 'drained: it can be stopped';
  }
};

const drainLine = ({ drain, drain_failed: failed }: StatusAnswer): readonly string[] => {
  if (drain !== null) return [`service     ${drainText(drain)}`];
  return failed ? ['service     serves on: the last drain did not end in time'] : [];
};

/** `rustbalance status` for people. */
export const statusText = (status: StatusAnswer): string => {
  const { node, publishing } = status;
  const uptime = durationText(node.uptime_secs);
  return [
    `node        ${node.id}, ${node.role}, priority ${String(node.priority)}, up ${uptime}${status.ready ? '' : ' (starting)'}`,
    ...drainLine(status),
    `publisher   ${status.publisher ?? 'none known'}`,
    `tor         ${torText(status)}`,
    `target      ${targetText(status)}`,
    ...canaryLines(status),
    ...proxyLines(status),
    `publishing  ${publishing.state}${publishing.reason === null ? '' : `: ${publishing.reason}`}`,
    ...peers(status),
    ...descriptors(status),
    ...findings(status),
    '',
  ].join('\n');
};
