import { errorLine } from '@rustbalance/actors/kernel/errors.js';
import type { ActorInspection, InspectAnswer } from '@rustbalance/supervisor/control-protocol.js';
import { NOTHING, bytesText, durationText, tableText } from './format.js';

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

const uptime = (seconds: number | null): string => (seconds === null ? NOTHING : durationText(seconds));

const actorRow = (name: string, actor: ActorInspection): readonly string[] => [
  name,
  actor.state,
  String(actor.generation),
  String(actor.restarts),
  uptime(actor.uptime_secs),
  String(actor.mailbox),
  percent(actor.elu),
  `${actor.loop_delay_p99_ms.toFixed(1)} ms`,
  actor.heap_used_bytes === null ? NOTHING : bytesText(actor.heap_used_bytes),
  actor.last_error?.code ?? NOTHING,
];

const HEAD = [
  'actor',
  'state',
  'generation',
  'restarts',
  'up',
  'mailbox',
  'busy',
  'delay p99',
  'heap',
  'last error',
];

const details = (name: string, actor: ActorInspection): readonly string[] => [
  '',
  `${name}: ${JSON.stringify(actor.context, null, 2)}`,
  ...(actor.last_error === null ? [] : ['', `last error: ${errorLine(actor.last_error)}`]),
  ...(actor.history.length === 0
    ? []
    : [
        '',
        tableText(
          ['generation', 'ended', 'after', 'because'],
          actor.history.map((life) => [
            String(life.generation),
            life.ended_at,
            uptime(life.uptime_secs),
            life.error === null ? NOTHING : errorLine(life.error),
          ]),
        ),
      ]),
];

/** `rbctl inspect` for people; with the details where one actor was asked for. */
export const inspectText = (
  { supervisor, actors, children }: InspectAnswer,
  withDetails: boolean,
): string => {
  const entries = Object.entries(actors);
  const { pid, rss_bytes: rss, elu } = supervisor;
  return [
    `pid ${String(pid)}, ${supervisor.phase}, up ${durationText(supervisor.uptime_secs)}, ${bytesText(rss)} resident, main thread ${percent(elu)} busy`,
    ...children.map(
      ({ id, pid: child, running }) => `child ${id}: pid ${String(child)}, ${running ? 'runs' : 'has ended'}`,
    ),
    '',
    tableText(
      HEAD,
      entries.map(([name, actor]) => actorRow(name, actor)),
    ),
    ...(withDetails ? entries.flatMap(([name, actor]) => details(name, actor)) : []),
    '',
  ].join('\n');
};
