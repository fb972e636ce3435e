import { setup } from 'xstate';

export type WgEvent = { readonly type: 'UP' } | { readonly type: 'DOWN' } | { readonly type: 'CLOSE' };

/** alone: no peers, no socket. up: at least one transport carries datagrams. down: none does, and they mend themselves. */
export const wgMachine = setup({
  types: { events: {} as WgEvent },
}).createMachine({
  id: 'wg',
  initial: 'alone',
  on: { CLOSE: { target: '.closed' } },
  states: {
    alone: { on: { UP: 'up', DOWN: 'down' } },
    up: { on: { DOWN: 'down' } },
    down: { on: { UP: 'up' } },
    closed: {},
  },
});
