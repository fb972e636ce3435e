import { assign, setup } from 'xstate';
import type { LeaseRole } from './lease.js';

/** What the level-triggered step found this node to be. */
export type RoleEvent =
  | { readonly type: 'STAND_BY' }
  | { readonly type: 'CLAIM' }
  | { readonly type: 'PUBLISH' }
  | { readonly type: 'LEAVE' };

interface Context {
  /** How often this node took the lease: `rbctl inspect` shows whether the role flaps. */
  readonly terms: number;
}

/**
 * listening: just started, asking who publishes. standby: another node publishes, or this one cannot. claiming: the
 * lease is free, and better nodes have a while to take it. publisher: this node holds it. leaving: it said goodbye.
 */
export const electionMachine = setup({
  types: {
    context: {} as Context,
    events: {} as RoleEvent,
  },
  actions: {
    countTerm: assign({ terms: ({ context }) => context.terms + 1 }),
  },
}).createMachine({
  id: 'election',
  initial: 'listening',
  context: { terms: 0 },
  on: { LEAVE: { target: '.leaving' } },
  states: {
    listening: { on: { STAND_BY: 'standby', CLAIM: 'claiming', PUBLISH: 'publisher' } },
    standby: { on: { CLAIM: 'claiming', PUBLISH: 'publisher' } },
    claiming: { on: { STAND_BY: 'standby', PUBLISH: 'publisher' } },
    publisher: { entry: 'countTerm', on: { STAND_BY: 'standby', CLAIM: 'claiming' } },
    // Nothing is decided any more. It stays active: a machine that ended would look like one that failed.
    leaving: { on: { LEAVE: undefined } },
  },
});

/** The event that leads to the state of a role; null while it listens, where the machine is from the start. */
export const eventFor = (role: LeaseRole): RoleEvent | null => {
  switch (role) {
    case 'listening':
      return null;
    case 'standby':
      return { type: 'STAND_BY' };
    case 'claiming':
      return { type: 'CLAIM' };
    case 'publisher':
      return { type: 'PUBLISH' };
  }
};
