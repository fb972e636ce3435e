import { setTimeout as delay } from 'node:timers/promises';
import { badDatagrams } from '../support/floods/bad-datagrams.js';
import { badJoinFrames } from '../support/floods/bad-join-frames.js';
import { startFlood } from '../support/floods/flood.js';
import { FloodedCluster } from '../support/floods/flooded-cluster.js';
import { spread } from './statistics.js';
import type { Figure } from './statistics.js';

const DATAGRAMS = 1_000_000;
/** Each actor's delays are counted anew at every ping of the supervisor. */
const PING_MS = 1_000;
const CALM_SECS = 10;
const EACH = 25;
const TARGET_MS = 20;

interface Second {
  readonly wgMs: number;
  readonly electionMs: number;
  readonly isHeard: boolean;
  readonly missedHeartbeats: number;
}

const oneSecond = async (cluster: FloodedCluster): Promise<Second> => {
  await delay(PING_MS);
  const { actors } = await cluster.victim.inspect();
  const { isWell, missedHeartbeats } = await cluster.hears();
  return {
    wgMs: actors.wg?.loop_delay_p99_ms ?? Number.NaN,
    electionMs: actors.election?.loop_delay_p99_ms ?? Number.NaN,
    isHeard: isWell,
    missedHeartbeats,
  };
};

const secondsUntil = async (
  cluster: FloodedCluster,
  isOver: (secs: number) => boolean,
): Promise<readonly Second[]> => {
  const seconds: Second[] = [];
  while (!isOver(seconds.length)) seconds.push(await oneSecond(cluster));
  return seconds;
};

const delayFigure = (actor: string, when: string, delays: readonly number[], isTarget: boolean): Figure => ({
  what: `${actor}'s event-loop delay p99, second by second, ${when}`,
  unit: 'ms',
  spread: spread(delays),
  target: isTarget ? `max ≤ ${String(TARGET_MS)}` : null,
  met: isTarget ? Math.max(...delays) <= TARGET_MS : null,
});

/**
 * A daemon at which a million bad datagrams of every kind arrive as fast as two other processes send them, half of them from
 * the address of a member, and bad joins at the same time from a third. Before it, the same daemon left in peace: what
 * else the machine does shows there.
 */
export const floodFigures = async (progress: (line: string) => void): Promise<Figure[]> => {
  const cluster = await FloodedCluster.form();
  try {
    const { token } = await cluster.newToken(cluster.victim);
    const frames = await badJoinFrames(token, cluster.victimKey, cluster.insider);
    const calm = await secondsUntil(cluster, (secs) => secs >= CALM_SECS);

    const { port, insider } = cluster;
    const pile = badDatagrams(cluster.adversary, EACH).bad.flatMap((kind) => kind.pile);
    const count = DATAGRAMS / 2;
    const linesBefore = cluster.victim.log.length;
    const joins = startFlood({ kind: 'streams', port, pile: frames.map(({ bytes }) => bytes) });
    const floods = [
      startFlood({ kind: 'datagrams', port, pile, count, from: insider.port }),
      startFlood({ kind: 'datagrams', port, pile, count }),
    ];
    const flooded = await secondsUntil(cluster, () => !floods.some((flood) => flood.isRunning()));
    const sent = await Promise.all(floods.map((flood) => flood.ended));
    const called = await joins.stop();
    const { wg, election, joins: taken } = await cluster.counted();
    const { log } = cluster.victim;
    progress(`dropped by reason: ${JSON.stringify({ ...wg, ...election })}`);
    progress(`streams: ${JSON.stringify(taken)}; lines logged: ${String(log.length - linesBefore)}`);
    const perSecond = sent.reduce((sum, one) => sum + one.sent / one.seconds, 0);
    const when = `while a million bad datagrams (${Math.round(perSecond / 1000).toFixed(0)} thousand/s) and ${String(called.sent)} bad joins arrive`;
    return [
      delayFigure(
        'WgActor',
        'before the flood',
        calm.map(({ wgMs }) => wgMs),
        false,
      ),
      delayFigure(
        'WgActor',
        when,
        flooded.map(({ wgMs }) => wgMs),
        true,
      ),
      delayFigure(
        'ElectionActor',
        'before the flood',
        calm.map(({ electionMs }) => electionMs),
        false,
      ),
      delayFigure(
        'ElectionActor',
        when,
        flooded.map(({ electionMs }) => electionMs),
        true,
      ),
      {
        what: 'Seconds of the flood in which the honest peer was heard within the last three',
        unit: '%',
        spread: spread([(100 * flooded.filter(({ isHeard }) => isHeard).length) / flooded.length]),
        target: '100',
        met: flooded.every(({ isHeard }) => isHeard),
      },
      {
        what: 'Heartbeats of the honest peer that were missing, one a second being due, second by second',
        unit: '',
        spread: spread(flooded.map(({ missedHeartbeats }) => missedHeartbeats)),
        target: 'max ≤ 2',
        met: flooded.every(({ missedHeartbeats }) => missedHeartbeats <= 2),
      },
    ];
  } finally {
    await cluster.stop();
  }
};
