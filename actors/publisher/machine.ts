import { assign, setup } from 'xstate';

/** What the publisher is doing, as its level-triggered step judged it. */
export type Verdict =
  | { readonly type: 'STAND_BY' }
  | { readonly type: 'WAIT'; readonly reason: string }
  | { readonly type: 'WITHHOLD'; readonly reason: string }
  | { readonly type: 'UPLOAD' }
  | { readonly type: 'COMPLETE' }
  | { readonly type: 'DEGRADE'; readonly reason: string };

interface Context {
  readonly reason: string | null;
  /** How often each state was entered: `rbctl inspect` shows whether a publisher flaps. */
  readonly entered: number;
}

/**
 * standby: another node publishes. waiting: it is ours to publish, but something is missing. withheld: another publisher
 * may be there whom we do not hear, and its descriptor is not to be replaced by a poorer one. publishing: uploads are
 * under way. published: every responsible HSDir holds both descriptors. degraded: some do not.
 */
export const publisherMachine = setup({
  types: {
    context: {} as Context,
    events: {} as Verdict,
  },
  actions: {
    explain: assign({
      reason: ({ event }) => ('reason' in event ? event.reason : null),
    }),
    count: assign({ entered: ({ context }) => context.entered + 1 }),
  },
}).createMachine({
  id: 'publisher',
  initial: 'waiting',
  context: { reason: 'starting', entered: 0 },
  // Whatever came before, a verdict tells how it is now: after a take-over a standby may have published all at once.
  on: {
    STAND_BY: { target: '.standby', actions: 'explain' },
    WAIT: { target: '.waiting', actions: 'explain' },
    WITHHOLD: { target: '.withheld', actions: 'explain' },
    UPLOAD: { target: '.publishing', actions: 'explain' },
    COMPLETE: { target: '.published', actions: 'explain' },
    DEGRADE: { target: '.degraded', actions: 'explain' },
  },
  // The verdict of the state itself enters it no second time.
  states: {
    standby: { entry: 'count', on: { STAND_BY: { actions: 'explain' } } },
    waiting: { entry: 'count', on: { WAIT: { actions: 'explain' } } },
    withheld: { entry: 'count', on: { WITHHOLD: { actions: 'explain' } } },
    publishing: { entry: 'count', on: { UPLOAD: { actions: 'explain' } } },
    published: { entry: 'count', on: { COMPLETE: { actions: 'explain' } } },
    degraded: { entry: 'count', on: { DEGRADE: { actions: 'explain' } } },
  },
});

export type PublisherState = 'standby' | 'waiting' | 'withheld' | 'publishing' | 'published' | 'degraded';
