import { assign, setup } from 'xstate';

export type Judgement = { readonly type: 'WELL' } | { readonly type: 'ILL'; readonly findings: number };

interface Context {
  readonly findings: number;
  /** How often each state was entered: shows whether this node flaps. */
  readonly entered: number;
}

/** observing: nothing is known yet. well: no findings. ill: at least one. */
export const healthMachine = setup({
  types: { context: {} as Context, events: {} as Judgement },
  actions: {
    count: assign({ entered: ({ context }) => context.entered + 1 }),
    note: assign({ findings: ({ event }) => (event.type === 'ILL' ? event.findings : 0) }),
  },
}).createMachine({
  id: 'health',
  initial: 'observing',
  context: { findings: 0, entered: 0 },
  states: {
    observing: {
      on: { WELL: { target: 'well', actions: 'note' }, ILL: { target: 'ill', actions: 'note' } },
    },
    well: { entry: 'count', on: { ILL: { target: 'ill', actions: 'note' } } },
    ill: { entry: 'count', on: { WELL: { target: 'well', actions: 'note' }, ILL: { actions: 'note' } } },
  },
});
