import { describe, expect, test } from 'vitest';
import {
  forgiven,
  heard,
  judge,
  nextRound,
  reportedAlive,
  reportedSilent,
  startWatching,
} from '@rustbalance/actors/election/failure-detector.js';
import type { Detection } from '@rustbalance/actors/election/failure-detector.js';
import { electionSettings } from '@rustbalance/actors/election/settings.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { DEFAULT_TIMES, exampleSeed, nodeConfig } from '../../support/simulation/cluster-config.js';
import type { NodeSpec } from '../../support/simulation/cluster-config.js';

const spec: NodeSpec = {
  id: 'node-a' as NodeId,
  seed: exampleSeed(0),
  priority: 1,
  address: '10.0.0.1:7001',
  hasMasterKey: true,
};
const settings = electionSettings(nodeConfig(spec, [spec], DEFAULT_TIMES));
const helper = 'node-c' as NodeId;
const everybodyLives = (): boolean => true;

const at = (detection: Detection, nowMs: number, stretch = 1, isLive = everybodyLives) =>
  judge(detection, isLive, nowMs, settings, stretch);

/** Heard at 0, then a round each second that nothing answered, until `seconds`. */
const silentFor = (seconds: number): Detection => {
  let detection = heard(startWatching(0), 0);
  for (let second = 0; second <= seconds; second++) detection = nextRound(detection, second * 1000 + 1);
  return detection;
};

describe('a peer', () => {
  test('never heard is unknown, however long', () => {
    expect(at(startWatching(0), 1e9).standing).toBe('unknown');
  });

  test('never heard by us but by others is unknown too: only its own word makes it a member', () => {
    expect(at(reportedAlive(startWatching(0), 500), 600).standing).toBe('unknown');
  });

  test('heard a moment ago is live', () => {
    expect(at(heard(startWatching(0), 1000), 1500)).toMatchObject({ standing: 'live', missedHeartbeats: 0 });
  });

  test('that leaves three probes unanswered is suspect, not dead, while nobody confirms it', () => {
    expect(at(silentFor(3), 3100)).toMatchObject({ standing: 'suspect', agreed: false });
    expect(at(silentFor(2), 2900).standing).toBe('live');
  });

  test('that leaves three probes unanswered is dead at once when a live node does not hear it either', () => {
    expect(at(reportedSilent(silentFor(3), helper, 3000), 3100)).toMatchObject({
      standing: 'dead',
      agreed: true,
    });
  });

  test('is not dead by the word of a node that is not live itself', () => {
    const detection = reportedSilent(silentFor(3), helper, 3000);
    expect(at(detection, 3100, 1, () => false).standing).toBe('suspect');
  });

  test('is not dead by a word that is older than two probes', () => {
    expect(at(reportedSilent(silentFor(6), helper, 3000), 6100).standing).toBe('suspect');
  });

  test('that another node heard meanwhile lives, and is unhealthy once we have not heard it for long', () => {
    const detection = nextRound(reportedAlive(silentFor(31), 31_500), 32_000);
    expect(detection.failedRounds).toBe(0);
    expect(at(reportedSilent(detection, helper, 31_900), 32_000)).toMatchObject({ standing: 'suspect' });
  });

  test.each([
    [9_999, 'suspect', 0],
    [20_000, 'suspect', 2],
    [29_999, 'suspect', 2],
    [30_000, 'dead', 3],
  ])('silent for %i ms without confirmation is %s after %i missed heartbeats', (ms, standing, missed) => {
    const judgement = at(silentFor(Math.floor(ms / 1000)), ms);
    expect(judgement).toMatchObject({ standing, agreed: false, missedHeartbeats: missed });
  });

  test('is given more time by a node that doubts itself', () => {
    expect(at(silentFor(30), 30_000, 2)).toMatchObject({ standing: 'suspect', missedHeartbeats: 1 });
    expect(at(silentFor(60), 60_000, 2).standing).toBe('dead');
    expect(at(reportedSilent(silentFor(3), helper, 3000), 3100, 2).standing).toBe('live');
  });

  test('is not held responsible for time in which we could not listen', () => {
    const detection = forgiven(silentFor(29), 5000, 29_500);
    expect(at(detection, 29_500).silenceMs).toBe(24_500);
    expect(at(detection, 30_500).standing).toBe('suspect');
    expect(at(reportedSilent(silentFor(3), helper, 3000), 3100).standing).toBe('dead');
    expect(at(forgiven(reportedSilent(silentFor(3), helper, 3000), 2000, 3100), 3100).standing).toBe('live');
  });

  test('that is heard again is live at once, with no memory of failed rounds', () => {
    const detection = heard(reportedSilent(silentFor(40), helper, 39_000), 40_000);
    expect(detection.failedRounds).toBe(0);
    expect(at(detection, 40_100).standing).toBe('live');
  });
});
