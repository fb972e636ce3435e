/**
 * Test files that inject faults, for real or under a simulated clock, and say how long it took to get over them
 * (tests/support/measured.ts), with how often `npm run faults` runs each: slow ones less often, and once where the clock
 * is simulated.
 */
export const SOURCES = [
  { project: 'unit', file: 'tests/unit/config/secrets.test.ts', runs: 5 },
  { project: 'unit', file: 'tests/unit/health/machine.test.ts', runs: 1 },
  { project: 'unit', file: 'tests/unit/kernel/state-file.test.ts', runs: 5 },
  { project: 'unit', file: 'tests/unit/supervisor/watchdog-verdict.test.ts', runs: 1 },
  { project: 'unit', file: 'tests/unit/tor/leftover-tor.test.ts', runs: 10 },
  { project: 'wire', file: 'tests/wire/cluster/clocks.test.ts', runs: 10 },
  { project: 'wire', file: 'tests/wire/cluster/floods.test.ts', runs: 3 },
  { project: 'wire', file: 'tests/wire/cluster/loopback.test.ts', runs: 10 },
  { project: 'wire', file: 'tests/wire/health/proxy-and-probes.test.ts', runs: 10 },
  { project: 'wire', file: 'tests/wire/proxy/listening.test.ts', runs: 10 },
  { project: 'wire', file: 'tests/wire/proxy/several-targets.test.ts', runs: 10 },
  { project: 'wire', file: 'tests/wire/proxy/target-failures.test.ts', runs: 10 },
  { project: 'netns', file: 'tests/netns/machine-faults.test.ts', runs: 5 },
  { project: 'netns', file: 'tests/netns/mesh.test.ts', runs: 10 },
  { project: 'netns', file: 'tests/netns/daemon-cluster.test.ts', runs: 3 },
  { project: 'tor', file: 'tests/tor/tor-actor.test.ts', runs: 5 },
  { project: 'tor', file: 'tests/tor/tor-actor-system.test.ts', runs: 3 },
  { project: 'tor', file: 'tests/tor/daemon-cluster.test.ts', runs: 5 },
  { project: 'systemd', file: 'tests/systemd/daemon-unit.test.ts', runs: 5 },
  { project: 'systemd', file: 'tests/systemd/pending-join.test.ts', runs: 3 },
  { project: 'systemd', file: 'tests/systemd/tor-unit.test.ts', runs: 5 },
  { project: 'chaos', file: 'tests/chaos/actors.test.ts', runs: 3 },
];
