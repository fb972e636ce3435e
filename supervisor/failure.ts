import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { errorData, errorLine } from '@rustbalance/actors/kernel/errors.js';
import { restartDelayMs } from './backoff.js';
import { failBoot } from './boot.js';
import { EXIT_CODES } from './exit-codes.js';
import type { Place } from './layout.js';
import { terminate } from './turn.js';
import type { Turn } from './turn.js';

/** A child failed whose thread may still live: it is ended first, and its death then counts as a crash. */
export const failLive = (turn: Turn, place: Place, error: ErrorData): void => {
  reportFailure(turn, place, error);
  terminate(turn, place, 'failed');
  if (turn.state.phase.at === 'booting') failBoot(turn, error);
};

/** Its thread has ended unasked. */
export const failDead = (turn: Turn, place: Place, error: ErrorData): void => {
  reportFailure(turn, place, error);
  turn.live(place, { at: 'down' });
  if (turn.state.phase.at === 'booting') failBoot(turn, error);
  else afterDeath(turn, place, 'abnormal');
};

const reportFailure = (turn: Turn, place: Place, error: ErrorData): void => {
  const { life, shortLives } = turn.child(place);
  const uptimeMs = life.at === 'up' ? turn.now - life.since : null;
  const longEnough = uptimeMs !== null && uptimeMs >= place.group.minUptimeMs;
  turn.change(place, { lastError: error, shortLives: longEnough ? 0 : shortLives });
  turn.report(uptimeMs === null ? 'start_error' : 'child_terminated', place, error, uptimeMs);
};

/** What a death means for the tree, once the thread is gone. */
export const afterDeath = (turn: Turn, place: Place, end: 'normal' | 'abnormal'): void => {
  if (turn.state.phase.at !== 'running') return;
  const plan = turn.state.plans[place.unit] ?? null;
  // It died while it was about to be stopped for a sibling's restart: that restart starts it again.
  if (plan?.clearing === true && place.index >= plan.from) return;
  const { restart } = place.spec;
  if (restart === 'temporary' || (restart === 'transient' && end === 'normal')) {
    turn.change(place, { gone: true });
    return;
  }
  planRestart(turn, place);
};

const planRestart = (turn: Turn, place: Place): void => {
  const { group, unit, index } = place;
  const counted = [...turn.restartsInPeriod(place), turn.now];
  turn.state = { ...turn.state, restarts: new Map(turn.state.restarts).set(group.id, counted) };
  if (counted.length > group.intensity) {
    giveUp(turn, place);
    return;
  }
  const { shortLives, restarts } = turn.child(place);
  turn.change(place, { shortLives: shortLives + 1, restarts: restarts + 1 });
  const dueAt = turn.now + restartDelayMs(group.backoff, shortLives + 1, turn.uniform);
  // A failed restart is taken up again at the child that failed; an earlier child's failure takes in the later ones.
  turn.plan(unit, { from: index, dueAt, clearing: true, next: index, replaces: false });
};

/** The next level decides: everything stops in reverse, and the process ends with a code of its own. */
const giveUp = (turn: Turn, place: Place): void => {
  const { lastError } = turn.child(place);
  const error = errorData('supervisor.gave-up', 'supervisor', {
    actor: place.spec.id,
    restarts: turn.restartsInPeriod(place).length,
    periodSecs: place.group.periodMs / 1000,
    last: lastError === null ? 'unknown' : errorLine(lastError),
  });
  turn.report('reached_max_restart_intensity', place, error);
  turn.state = { ...turn.state, phase: { at: 'stopping', code: EXIT_CODES.gaveUp } };
  turn.report('shutdown', null, error);
};
