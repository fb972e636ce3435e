/**
 * Test files that inject faults for real and say how long it took to get over them (tests/support/measured.ts), with how
 * often `npm run faults` runs each: slow ones less often.
 */
export const SOURCES = [
  { project: 'wire', file: 'tests/wire/cluster/clocks.test.ts', runs: 10 },
  { project: 'wire', file: 'tests/wire/cluster/loopback.test.ts', runs: 10 },
  { project: 'wire', file: 'tests/wire/health/proxy-and-probes.test.ts', runs: 10 },
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
