import type { TorCoordination } from './coordination-service.js';

/** Of a Tor that has nothing to do with the coordination service: two Tors must not serve one address. */
export const NO_COORDINATION: TorCoordination = {
  beforeLaunch: () => Promise.resolve(),
  begin: () => undefined,
  end: () => undefined,
  prepare: () => Promise.resolve({ kind: 'unknown' }),
  wasRead: () => undefined,
  reloaded: () => undefined,
  found: () => undefined,
  descriptorEvent: () => undefined,
  step: () => null,
  fault: () => Promise.resolve(null),
};
