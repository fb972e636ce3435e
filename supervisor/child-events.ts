import { PROTOCOL_VERSION } from '@rustbalance/actors/kernel/envelope.js';
import type { SupervisorEvent } from './events.js';
import { afterDeath, failDead, failLive } from './failure.js';
import type { Place } from './layout.js';
import { actorError, unresponsive } from './turn.js';
import type { Turn } from './turn.js';

type ChildEvent = Extract<SupervisorEvent, { readonly id: string; readonly generation: number }>;

/** What an incarnation did, or what became of it. */
export const applyToChild = (turn: Turn, place: Place, event: ChildEvent): void => {
  switch (event.kind) {
    case 'ready':
      onReady(turn, place, event.version);
      return;
    case 'failing':
      // The first words are the actor's own; what follows is only how its thread died of them.
      turn.change(place, { lastWords: turn.child(place).lastWords ?? event.error });
      return;
    case 'finished':
      turn.change(place, { finished: true });
      return;
    case 'pong':
      onPong(turn, place, event.alive);
      return;
    case 'spinning':
      onSpinning(turn, place);
      return;
    case 'exited':
      onExit(turn, place, event.code);
      return;
    case 'restart-ordered':
      // While the tree starts for the first time a failure would end it all: that is no repair.
      if (turn.state.phase.at === 'running' && turn.child(place).life.at === 'up') {
        failLive(turn, place, event.error);
      }
      return;
  }
};

const onReady = (turn: Turn, place: Place, version: number): void => {
  const { life } = turn.child(place);
  if (life.at !== 'starting') return;
  if (version !== PROTOCOL_VERSION) {
    const detail = { found: version, expected: PROTOCOL_VERSION };
    failLive(turn, place, actorError('actor.wrong-version', place, detail));
    return;
  }
  const nextPingAt = turn.now + turn.spec.pingIntervalMs;
  turn.live(place, { at: 'up', since: turn.now, pingedAt: null, nextPingAt });
  turn.report('progress', place, null);
};

const onPong = (turn: Turn, place: Place, alive: boolean): void => {
  const { life } = turn.child(place);
  if (life.at !== 'up') return;
  if (alive) turn.live(place, { ...life, pingedAt: null, nextPingAt: turn.now + turn.spec.pingIntervalMs });
  else failLive(turn, place, actorError('actor.machine-stopped', place));
};

/** One that hangs while all are stopped is found by its stop's deadline. */
const onSpinning = (turn: Turn, place: Place): void => {
  const { life } = turn.child(place);
  if (life.at !== 'up' || life.pingedAt === null || turn.state.phase.at === 'stopping') return;
  failLive(turn, place, unresponsive(turn, place, life.pingedAt));
};

const onExit = (turn: Turn, place: Place, code: number): void => {
  const { life, lastWords, finished } = turn.child(place);
  const error = lastWords ?? actorError('actor.exited', place, { code });
  switch (life.at) {
    case 'down':
      return;
    case 'loading':
    case 'starting':
      failDead(turn, place, error);
      return;
    case 'up':
      if (finished && code === 0) {
        turn.report('child_terminated', place, null, turn.now - life.since);
        turn.live(place, { at: 'down' });
        afterDeath(turn, place, 'normal');
      } else failDead(turn, place, error);
      return;
    case 'ending':
      turn.live(place, { at: 'down' });
      if (life.intent === 'failed') afterDeath(turn, place, 'abnormal');
      else if (life.step === 'asked' && !finished) turn.report('shutdown_error', place, error);
      return;
  }
};
