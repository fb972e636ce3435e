import { describe, expect, test } from 'vitest';
import {
  EVERYBODY,
  fullBudget,
  probeEveryMs,
  refilled,
  scaledSettings,
  solventInMs,
} from '@rustbalance/actors/election/scale.js';
import { electionSettings } from '@rustbalance/actors/election/settings.js';
import { DEFAULT_TIMES, exampleSeed, nodeConfig } from '../../support/simulation/cluster-config.js';
import { nodeName } from '../../support/cluster-simulation.js';

const spec = {
  id: nodeName(0),
  seed: exampleSeed(0),
  priority: 1,
  address: '10.0.0.1:7001',
  hasMasterKey: true,
};
const configured = electionSettings(nodeConfig(spec, [spec], DEFAULT_TIMES));

describe('the settings of a cluster', () => {
  test('are the configured ones up to a size at which they are bearable', () => {
    expect(probeEveryMs(configured, EVERYBODY)).toBe(configured.probeMs);
    expect(scaledSettings(configured, EVERYBODY)).toBe(configured);
    expect(scaledSettings(configured, 40)).toBe(configured);
  });

  test('of 200 keep the number of heartbeats within a timeout and a lease', () => {
    const scaled = scaledSettings(configured, 199);
    expect(scaled.heartbeatMs).toBeCloseTo(49_750);
    expect(scaled.heartbeatTimeoutMs / scaled.heartbeatMs).toBeCloseTo(3);
    expect(scaled.leaseMs / scaled.heartbeatMs).toBeCloseTo(6);
    expect(scaled.probeMs).toBe(configured.probeMs);
  });

  test('make a node send no more probes and heartbeats, however many peers it has', () => {
    for (const peers of [9, 40, 200, 1000]) {
      expect((peers * 1000) / probeEveryMs(configured, peers)).toBeLessThanOrEqual(8);
      expect((peers * 1000) / scaledSettings(configured, peers).heartbeatMs).toBeLessThanOrEqual(4.001);
    }
  });
});

describe('the budget of a large cluster', () => {
  test('once overdrawn pays again at the moment that it says', () => {
    const overdrawn = { ...fullBudget(0), bytes: -500 };
    const waitMs = solventInMs(overdrawn, 1000);
    expect(waitMs).toBeGreaterThan(0);
    expect(refilled(overdrawn, waitMs - 1, 1000).bytes).toBeLessThan(1);
    expect(refilled(overdrawn, waitMs, 1000).bytes).toBeGreaterThan(0);
  });

  test('saves no more than it holds when full', () => {
    expect(refilled(fullBudget(0), 1e9, 1000).bytes).toBe(fullBudget(0).bytes);
  });
});
