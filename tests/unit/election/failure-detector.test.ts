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
import {
  NO_EVIDENCE,
  STAND_IN_PATIENCE_MS,
  afterHearingBy,
  TRY_AGAIN_MS,
  TRY_EVERY_MS,
  afterRound,
  afterTrial,
  areBothSilent,
  isTrialDue,
  withoutRounds,
} from '@rustbalance/actors/election/second-transport.js';
import type { TransportEvidence } from '@rustbalance/actors/election/second-transport.js';
import { electionSettings } from '@rustbalance/actors/election/settings.js';
import type { Fallback } from '@rustbalance/actors/election/paths.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import type { TransportName } from '@rustbalance/actors/wg/messages.js';
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
type Via = TransportName | null;
const everybodyLives = (): boolean => true;

const at = (
  detection: Detection,
  nowMs: number,
  stretch = 1,
  isLive = everybodyLives,
  transportsAgree = false,
) => judge(detection, { isLive, transportsAgree }, nowMs, settings, stretch);

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
    expect(at(silentFor(3), 3100)).toMatchObject({ standing: 'suspect', agreedBy: null });
    expect(at(silentFor(2), 2900).standing).toBe('live');
  });

  test('that leaves three probes unanswered is dead at once when a live node does not hear it either', () => {
    expect(at(reportedSilent(silentFor(3), helper, 3000), 3100)).toMatchObject({
      standing: 'dead',
      agreedBy: 'nodes',
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
    expect(judgement).toMatchObject({ standing, agreedBy: null, missedHeartbeats: missed });
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

describe('a peer in a cluster of two with two transports', () => {
  const FALLBACK: Fallback = { preferred: 'wireguard', standIn: 'tor' };
  const BOTH = ['wireguard', 'tor'] as const;
  const PATIENCE = STAND_IN_PATIENCE_MS / 1000;
  const S = 1000;

  /** Heard over the tunnel until second 0; the stand-in answered `provedSecs` before. */
  const working = (provedSecs: number | null = 60): TransportEvidence => {
    const proved =
      provedSecs === null ? NO_EVIDENCE : afterHearingBy(NO_EVIDENCE, FALLBACK, 'tor', true, -provedSecs * S);
    return afterHearingBy(proved, FALLBACK, 'wireguard', false, 0);
  };

  /** A round each second from then on: the first by the tunnel alone, the rest as told. */
  const probed = (evidence: TransportEvidence, rounds: number, vias: readonly Via[] = BOTH) => {
    let result = afterRound(evidence, FALLBACK, [null], S);
    for (let round = 2; round <= rounds; round++) result = afterRound(result, FALLBACK, vias, round * S);
    return result;
  };

  const hearing = (evidence: TransportEvidence, transport: TransportName, isAnswer: boolean, secs: number) =>
    afterHearingBy(evidence, FALLBACK, transport, isAnswer, secs * S);

  test('is dead at once, without a helper, when both are silent', () => {
    expect(at(silentFor(25), 25_000, 1, everybodyLives, true)).toMatchObject({
      standing: 'dead',
      agreedBy: 'transports',
    });
  });

  test('is not dead before three rounds went unanswered, whatever the transports say', () => {
    expect(at(silentFor(2), 2900, 1, everybodyLives, true)).toMatchObject({
      standing: 'live',
      agreedBy: null,
    });
  });

  test('is dead by the word of another node rather than by that of transports, where there are both', () => {
    const detection = reportedSilent(silentFor(3), helper, 3000);
    expect(at(detection, 3100, 1, everybodyLives, true).agreedBy).toBe('nodes');
  });

  test.each<[string, TransportEvidence, number, boolean]>([
    ['three rounds over each and the time for an answer over Tor', probed(working(), 4), 4 + PATIENCE, true],
    ['the same a little earlier', probed(working(), 4), 3.9 + PATIENCE, false],
    ['only two rounds over Tor', probed(working(), 3), 60, false],
    ['no round over Tor', probed(working(), 60, [null]), 90, false],
    ['no round over the tunnel but one', probed(working(), 60, ['tor']), 90, false],
    ['more rounds than needed: the third counts', probed(working(), 60), 4 + PATIENCE, true],
    ['a stand-in that never answered', probed(working(null), 60), 90, false],
    ['a stand-in that answered long ago', probed(working(600), 60), 90, false],
    [
      'a tunnel that was broken before, while Tor was heard',
      probed(hearing(working(), 'tor', false, 10), 60),
      90,
      false,
    ],
    ['heard over Tor meanwhile', hearing(probed(working(), 4), 'tor', false, 20), 4 + PATIENCE, false],
    [
      'heard over the tunnel meanwhile',
      hearing(probed(working(), 4), 'wireguard', false, 20),
      4 + PATIENCE,
      false,
    ],
    ['never heard at all', probed(NO_EVIDENCE, 60), 90, false],
    ['sent while this node was not well', withoutRounds(probed(working(), 60)), 90, false],
  ])('by %s (case %#)', (_what, evidence, secs, expected) => {
    expect(areBothSilent(evidence, S, secs * S)).toBe(expected);
  });

  test('is tried over the stand-in at first, again until it answers, and then rarely', () => {
    const tried = afterTrial(NO_EVIDENCE, 0);
    expect(isTrialDue(NO_EVIDENCE, 0)).toBe(true);
    expect(isTrialDue(tried, TRY_AGAIN_MS - 1)).toBe(false);
    expect(isTrialDue(tried, TRY_AGAIN_MS)).toBe(true);
    const answered = hearing(tried, 'tor', true, 1);
    expect(isTrialDue(answered, TRY_EVERY_MS - 1)).toBe(false);
    expect(isTrialDue(answered, TRY_EVERY_MS)).toBe(true);
    expect(isTrialDue(hearing(tried, 'tor', false, 1), TRY_AGAIN_MS)).toBe(true);
  });
});
