import { setup } from 'xstate';
import type { ProxyDrain } from './messages.js';

type ProxyEvent =
  | { readonly type: 'listening' }
  | { readonly type: 'listen-failed' }
  | { readonly type: ProxyDrain }
  | { readonly type: 'stop' }
  | { readonly type: 'drained' };

/**
 * Where the proxy stands. What each connection does is not in here: thousands of them a second would each cost
 * a transition, and their states are their own.
 */
export const proxyMachine = setup({ types: { events: {} as ProxyEvent } }).createMachine({
  id: 'proxy',
  initial: 'starting',
  states: {
    starting: { on: { listening: 'listening', 'listen-failed': 'failed' } },
    listening: { on: { finishing: 'finishing', closed: 'closed', stop: 'draining' } },
    finishing: { on: { serving: 'listening', closed: 'closed', stop: 'draining' } },
    closed: { on: { serving: 'listening', finishing: 'finishing', stop: 'draining' } },
    draining: { on: { drained: 'stopped' } },
    stopped: { type: 'final' },
    failed: { type: 'final' },
  },
});
