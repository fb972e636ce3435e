import { EXIT_CODES } from './exit-codes.js';
import { failLive } from './failure.js';
import type { Place } from './layout.js';
import type { Child } from './state.js';
import { actorError, endNow, terminate, unresponsive } from './turn.js';
import type { Turn } from './turn.js';

/** Does what is due for one child by now. */
export const checkDeadlines = (turn: Turn, place: Place): void => {
  const { life } = turn.child(place);
  switch (life.at) {
    case 'down':
    case 'loading':
      return;
    case 'starting':
      if (turn.now < life.deadline) return;
      failLive(
        turn,
        place,
        actorError('actor.start-timeout', place, { timeoutMs: place.spec.startTimeoutMs }),
      );
      return;
    case 'up':
      // One that hangs is found by its stop's deadline, too.
      if (turn.state.phase.at !== 'stopping') checkLiveness(turn, place, life);
      return;
    case 'ending':
      if (turn.now >= life.deadline) overdueEnd(turn, place, life);
      return;
  }
};

type Up = Extract<Child['life'], { readonly at: 'up' }>;
type Ending = Extract<Child['life'], { readonly at: 'ending' }>;

const checkLiveness = (turn: Turn, place: Place, life: Up): void => {
  const { generation } = turn.child(place);
  if (life.pingedAt === null) {
    if (turn.now < life.nextPingAt) return;
    turn.live(place, { ...life, pingedAt: turn.now });
    turn.effects.push({ kind: 'ping', id: place.spec.id, generation });
    return;
  }
  if (Math.round(turn.now - life.pingedAt) < turn.spec.pingTimeoutMs) return;
  failLive(turn, place, unresponsive(turn, place, life.pingedAt));
};

const overdueEnd = (turn: Turn, place: Place, life: Ending): void => {
  if (life.step === 'asked') {
    const error = actorError('actor.shutdown-timeout', place, { shutdownMs: place.spec.shutdownMs });
    turn.report('shutdown_error', place, error, life.since === null ? null : turn.now - life.since);
    terminate(turn, place, life.intent);
    return;
  }
  turn.report(
    'shutdown_error',
    place,
    actorError('actor.would-not-end', place, { killMs: place.spec.killMs }),
  );
  const { phase } = turn.state;
  const code = phase.at === 'stopping' && phase.code !== EXIT_CODES.good ? phase.code : EXIT_CODES.failure;
  endNow(turn, code);
};
