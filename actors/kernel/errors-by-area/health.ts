import type { CatalogueEntry } from './entry.js';

/** Of what is watched. */
export const HEALTH_ERRORS = {
  'probe.failed': {
    what: '{step} failed: {reason}',
    action: '{remedy}',
  },
  'health.target-down': {
    what: 'the target fails its probes, the last one because: {reason}',
    action:
      'Start the service behind [target], or correct its address; rustbalance debug connect tries it step by step.',
  },
  'health.clock-behind': {
    what: 'the clock is behind that of the Tor network',
    action: 'Set the clock and run a time service (systemd-timesyncd, chrony): until then nothing is signed.',
  },
  'health.clock-ahead': {
    what: 'the clock is ahead of that of the Tor network, or the consensus of this Tor is out of date',
    action: 'Set the clock, and see whether Tor reaches the network: until then nothing is signed.',
  },
  'health.tor-down': {
    what: 'Tor is not up ({state}): {reason}',
    action: "See Tor's own log; rustbalance debug tor tries its control port.",
  },
  'health.proxy-down': {
    what: 'the proxy does not listen ({state})',
    action: 'See rbctl inspect proxy for why.',
  },
  'health.no-publisher': {
    what: 'no node holds the lease to publish',
    action: 'See whether the nodes reach each other: rustbalance status on each of them.',
  },
  'health.peer-dead': {
    what: 'the peer {peer} is {lifecycle}',
    action: 'See to that machine; its introduction points are left out meanwhile.',
  },
  'health.peer-clock': {
    what: 'the clock of the peer {peer} is {direction} ours by more than {tolerance} s',
    action: 'Run a time service on both machines (systemd-timesyncd, chrony).',
  },
  'health.publisher-degraded': {
    what: 'publishing is hindered: {reason}',
    action: 'It is tried again by itself. If it lasts, see rustbalance status.',
  },
} as const satisfies Record<string, CatalogueEntry>;
