import { assign, fromPromise, setup } from 'xstate';
import { toErrorData, type ErrorData } from '../kernel/errors.js';
import type { ControlConnection } from './control/connection.js';
import type { LifeContext, LifeEvent, LifeInput } from './life.js';
import { reconnectDelayMs, restartDecision, unitRestartDue, withDeath } from './restart-policy.js';

/**
 * A Tor that was just started answers after 0.8–1.3 s with its data directory, later when it must make keys on a
 * loaded machine; one that runs answers at once, unless it hangs.
 */
const FRESH_PATIENCE_MS = 30_000;
const RUNNING_PATIENCE_MS = 2_000;
/** One that runs already when we come may itself have been started a moment ago. */
const FOUND_PATIENCE_MS = 5_000;

/** A connection that lived this long was a good one: its loss is followed at once by the next attempt. */
const GOOD_CONNECTION_MS = 10_000;

type LaunchInput = Pick<LifeContext, 'effects'>;
type ConnectInput = Pick<LifeContext, 'effects' | 'answerByMs'>;
type OpenInput = Pick<LifeContext, 'effects' | 'answerByMs' | 'connection'>;
type EndInput = Pick<LifeContext, 'effects' | 'isHung' | 'lastError'>;

const isSilence = (error: ErrorData): boolean => error.code === 'control.deadline';

const open = async ({ effects, connection, answerByMs }: OpenInput, signal: AbortSignal): Promise<void> => {
  if (connection === null) throw new Error('there is no connection to authenticate');
  await effects.open(connection, answerByMs, signal);
};

/**
 * launching → connecting → authenticating → configuring → bootstrapping → up, and back: a lost connection is made
 * anew, a Tor of ours that does not answer is ended, one that ended is started. Nothing is ever given up.
 */
export const lifeMachine = setup({
  types: { context: {} as LifeContext, events: {} as LifeEvent, input: {} as LifeInput },
  actors: {
    launch: fromPromise<boolean, LaunchInput>(({ input }) => input.effects.launch()),
    connect: fromPromise<ControlConnection, ConnectInput>(({ input, signal }) =>
      input.effects.connect(input.answerByMs, signal),
    ),
    open: fromPromise<unknown, OpenInput>(({ input, signal }) => open(input, signal)),
    endTor: fromPromise<unknown, EndInput>(({ input: { effects, isHung, lastError } }) =>
      effects.endTor({ isHung, error: lastError }),
    ),
  },
  guards: {
    managed: ({ context }) => context.managed,
    bootstrapped: ({ context }) => context.bootstrapped,
    mayReplace: ({ context }) => context.managed || context.restartsUnit,
    unitDue: ({ context: { restartsUnit, downSinceMs, isHung, recentDeaths, effects, lastError } }) => {
      const nowMs = effects.monotonicMs();
      const since = downSinceMs ?? nowMs;
      const question = { downSinceMs: since, isHung, restartsMs: recentDeaths, nowMs, lastError };
      return restartsUnit && unitRestartDue(question);
    },
    cutOff: ({ context }) => context.connection?.isOpen !== true,
  },
  actions: {
    dropSession: ({ context }) => {
      context.effects.dropSession();
    },
    torGone: ({ context }) => {
      context.effects.torGone();
    },
    answerWithin: assign(({ context }, params: { patienceMs: number }) => ({
      answerByMs: context.effects.monotonicMs() + params.patienceMs,
    })),
    keep: assign((_, params: { error: ErrorData }) => ({ lastError: params.error })),
    forgetFailures: assign({
      lastError: null,
      attempts: 0,
      wasOnline: true,
      downSinceMs: null,
      isHung: false,
    }),
    lose: assign(({ context }, params: { error: ErrorData }) => ({
      lastError: params.error,
      downSinceMs: context.downSinceMs ?? context.effects.monotonicMs(),
      isHung: context.isHung || isSilence(params.error),
    })),
    loseSession: assign(({ context }) => ({
      connection: null,
      bootstrapped: false,
      losses: context.losses + 1,
    })),
    forgetSession: assign({ connection: null, bootstrapped: false }),
    countDeath: assign(({ context }) => {
      const nowMs = context.effects.monotonicMs();
      const recentDeaths = withDeath(context.recentDeaths, nowMs);
      const isNew = context.managed || context.wasOnline;
      // A unit is restarted no oftener than unitRestartDue says; meanwhile it is looked for.
      const backoffMs = context.managed
        ? restartDecision(recentDeaths, nowMs).delayMs
        : reconnectDelayMs(context.attempts + 1);
      return {
        recentDeaths,
        deaths: context.deaths + (isNew ? 1 : 0),
        wasOnline: false,
        isHung: false,
        backoffMs,
      };
    }),
    countAttempt: assign(({ context }) => ({
      attempts: context.attempts + 1,
      deaths: context.deaths + (context.wasOnline ? 1 : 0),
      wasOnline: false,
      backoffMs: reconnectDelayMs(context.attempts + 1),
    })),
  },
  delays: {
    backoff: ({ context }) => context.backoffMs,
    // Whoever takes connections only to drop them is not asked again and again without a pause.
    reconnect: ({ context }) => (context.losses <= 1 ? 0 : reconnectDelayMs(context.losses)),
  },
}).createMachine({
  id: 'tor',
  context: ({ input }) => ({
    ...input,
    connection: null,
    bootstrapped: false,
    recentDeaths: [],
    deaths: 0,
    wasOnline: false,
    attempts: 0,
    losses: 0,
    downSinceMs: null,
    isHung: false,
    answerByMs: 0,
    backoffMs: 0,
    lastError: null,
  }),
  initial: 'idle',
  on: {
    EXITED: {
      target: '.backoff',
      actions: [
        'dropSession',
        'forgetSession',
        'torGone',
        'countDeath',
        { type: 'keep', params: ({ event }) => ({ error: event.error }) },
      ],
    },
  },
  states: {
    idle: { always: [{ guard: 'managed', target: 'launching' }, { target: 'reconnecting' }] },
    launching: {
      invoke: {
        src: 'launch',
        input: ({ context }) => context,
        onDone: {
          target: 'connecting',
          actions: {
            type: 'answerWithin',
            params: ({ event }) => ({ patienceMs: event.output ? FRESH_PATIENCE_MS : FOUND_PATIENCE_MS }),
          },
        },
        onError: {
          target: 'backoff',
          actions: [
            'torGone',
            'countDeath',
            { type: 'keep', params: ({ event }) => ({ error: toErrorData(event.error, 'tor') }) },
          ],
        },
      },
    },
    reconnecting: {
      after: {
        reconnect: {
          target: 'connecting',
          actions: { type: 'answerWithin', params: { patienceMs: RUNNING_PATIENCE_MS } },
        },
      },
    },
    connecting: {
      invoke: {
        src: 'connect',
        input: ({ context }) => context,
        onDone: { target: 'authenticating', actions: assign({ connection: ({ event }) => event.output }) },
        onError: {
          target: 'unanswered',
          actions: [{ type: 'lose', params: ({ event }) => ({ error: toErrorData(event.error, 'tor') }) }],
        },
      },
    },
    authenticating: {
      invoke: {
        src: 'open',
        input: ({ context }) => context,
        onDone: { target: 'online', actions: 'forgetFailures' },
        onError: {
          target: 'unanswered',
          actions: [
            'dropSession',
            'forgetSession',
            { type: 'lose', params: ({ event }) => ({ error: toErrorData(event.error, 'tor') }) },
          ],
        },
      },
      on: {
        // The end of the connection makes the invocation fail, which says it once.
        LOST: {},
        BOOTSTRAPPED: { actions: assign({ bootstrapped: true }) },
      },
    },
    unanswered: {
      always: [
        { guard: 'managed', target: 'ending' },
        { guard: 'unitDue', target: 'ending' },
        { target: 'backoff', actions: ['torGone', 'countAttempt'] },
      ],
    },
    ending: {
      invoke: {
        src: 'endTor',
        input: ({ context }) => context,
        onDone: { target: 'backoff', actions: ['torGone', 'countDeath'] },
        onError: {
          target: 'backoff',
          actions: [
            'torGone',
            'countDeath',
            { type: 'keep', params: ({ event }) => ({ error: toErrorData(event.error, 'tor') }) },
          ],
        },
      },
      on: { EXITED: {} },
    },
    online: {
      initial: 'configuring',
      // The connection may have ended while nobody listened for LOST.
      always: { guard: 'cutOff', target: 'reconnecting', actions: ['dropSession', 'loseSession'] },
      after: { [GOOD_CONNECTION_MS]: { actions: assign({ losses: 0 }) } },
      on: {
        LOST: {
          target: 'reconnecting',
          actions: [
            'dropSession',
            'loseSession',
            { type: 'lose', params: ({ event }) => ({ error: event.error }) },
          ],
        },
        STUCK: {
          guard: 'mayReplace',
          target: 'ending',
          actions: [
            'dropSession',
            'forgetSession',
            { type: 'lose', params: ({ event }) => ({ error: event.error }) },
          ],
        },
        BOOTSTRAPPED: { actions: assign({ bootstrapped: true }) },
        SERVICE_MISSING: {
          target: '.configuring',
          actions: { type: 'keep', params: ({ event }) => ({ error: event.error }) },
        },
      },
      states: {
        configuring: {
          on: { SERVICE_FOUND: { target: 'bootstrapping', actions: assign({ lastError: null }) } },
        },
        bootstrapping: { always: { guard: 'bootstrapped', target: 'up' } },
        up: {},
      },
    },
    backoff: {
      after: {
        backoff: [{ guard: 'managed', target: 'launching' }, { target: 'reconnecting' }],
      },
      on: { EXITED: {} },
    },
  },
});
