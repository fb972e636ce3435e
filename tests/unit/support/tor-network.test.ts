import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentile, summary } from '../../support/stock-client-summary.js';
import type { LoadSample } from '../../support/stock-client-load.js';
import { parseConsensus } from '../../support/tor-network/consensus.js';
import { dataBlock, messageReader } from '../../support/tor-network/control-lines.js';
import { resolveOptions } from '../../support/tor-network/options.js';
import { nextRotation, phaseOf } from '../../support/tor-network/phase.js';
import { sharedRandomState } from '../../support/tor-network/shared-random-seed.js';
import { delayUntilRelease } from '../../support/tor-network/voting-clock.js';

const consensusAt = (validAfter: string, freshUntil: string): string =>
  [
    'network-status-version 3 microdesc',
    `valid-after ${validAfter}`,
    `fresh-until ${freshUntil}`,
    'shared-rand-previous-value 3 cHJldmlvdXM=',
    'shared-rand-current-value 3 Y3VycmVudA==',
    'params hsdir_spread_fetch=1 hsdir_spread_store=1',
    'r alpha AAAAAAAAAAAAAAAAAAAAAAAAAAA 2026-01-01 00:00:00 127.0.0.1 1 0',
    's Fast HSDir Running',
    'r beta /////////////////////////// 2026-01-01 00:00:00 127.0.0.1 2 0',
    's Running',
  ].join('\n');

const sample = (ms: number, node: string | undefined, ok = true): LoadSample => ({
  dueMs: 0,
  startMs: 5,
  ms,
  ok,
  node,
  status: undefined,
  error: ok ? undefined : { stage: 'timeout', message: 'too late' },
});

describe('a consensus', () => {
  it('gives its times, values, parameters and relays with their flags', () => {
    const consensus = parseConsensus(consensusAt('2026-01-01 00:00:00', '2026-01-01 00:00:10'));
    expect(consensus.freshUntilSecs - consensus.validAfterSecs).toBe(10);
    expect(consensus).toMatchObject({
      sharedRandomPrevious: 'cHJldmlvdXM=',
      sharedRandomCurrent: 'Y3VycmVudA==',
      params: { hsdir_spread_fetch: 1, hsdir_spread_store: 1 },
      relays: [
        { nickname: 'alpha', fingerprint: '0'.repeat(40), flags: ['Fast', 'HSDir', 'Running'] },
        { nickname: 'beta', fingerprint: 'F'.repeat(40), flags: ['Running'] },
      ],
    });
  });

  it('without a time is refused', () => {
    expect(() => parseConsensus('network-status-version 3')).toThrow(/no valid-after/);
  });
});

describe('the phase of a network', () => {
  const at = (validAfter: string, freshUntil: string): ReturnType<typeof phaseOf> =>
    phaseOf(parseConsensus(consensusAt(validAfter, freshUntil)));

  it('with a voting interval of 10 s has periods and runs of 240 s that begin 120 s apart', () => {
    const phase = at('2026-01-01 00:00:00', '2026-01-01 00:00:10');
    expect(phase).toMatchObject({ timePeriodLengthSecs: 240, runLengthSecs: 240, betweenTpAndSrv: false });
    expect(phase.runStartSecs).toBe(phase.validAfterSecs);
    expect(phase.timePeriodStartSecs).toBe(phase.validAfterSecs - 120);
    expect(nextRotation(phase, 'time-period')).toBe(phase.validAfterSecs + 120);
    expect(nextRotation(phase, 'shared-random')).toBe(phase.validAfterSecs + 240);
  });

  it('is between time period and shared random value from the one to the other', () => {
    expect(at('2026-01-01 00:01:50', '2026-01-01 00:02:00').betweenTpAndSrv).toBe(false);
    expect(at('2026-01-01 00:02:00', '2026-01-01 00:02:10').betweenTpAndSrv).toBe(true);
    expect(at('2026-01-01 00:03:50', '2026-01-01 00:04:00').betweenTpAndSrv).toBe(true);
    expect(at('2026-01-01 00:04:00', '2026-01-01 00:04:10').betweenTpAndSrv).toBe(false);
  });

  it('on the public network has a period of a day from noon and a value from midnight (rend-spec-v3 §2.2.1)', () => {
    const text = consensusAt('2016-04-12 11:00:00', '2016-04-12 12:00:00');
    const morning = phaseOf(parseConsensus(text), 'production');
    expect(morning).toMatchObject({
      timePeriod: 16902,
      timePeriodLengthSecs: 86_400,
      betweenTpAndSrv: false,
    });
    expect(nextRotation(morning, 'time-period')).toBe(Date.UTC(2016, 3, 12, 12) / 1000);
    expect(nextRotation(morning, 'shared-random')).toBe(Date.UTC(2016, 3, 13) / 1000);
  });
});

describe('the control protocol as the harness reads it', () => {
  const wire =
    '250-version=1\r\n250+md/all=\r\nonion-key\r\n..dotted\r\n.\r\n250 OK\r\n650 HS_DESC RECEIVED a b\r\n';

  it('comes out the same however the bytes are cut', () => {
    const whole = messageReader().push(wire);
    expect(whole).toHaveLength(2);
    expect(whole[0]).toEqual({
      status: 250,
      lines: [{ text: 'version=1' }, { text: 'md/all=', data: 'onion-key\n.dotted' }, { text: 'OK' }],
    });
    fc.assert(
      fc.property(fc.array(fc.nat({ max: wire.length }), { maxLength: 8 }), (cuts) => {
        const reader = messageReader();
        const edges = [0, ...cuts.sort((a, b) => a - b), wire.length];
        const pieces = edges.slice(1).map((edge, i) => wire.slice(edges[i], edge));
        expect(pieces.flatMap((piece) => reader.push(piece))).toEqual(whole);
      }),
    );
  });

  it('doubles the dots of a data block and closes it', () => {
    expect(dataBlock('a\n.b\n')).toBe('a\r\n..b\r\n.');
  });
});

describe('the release of a network', () => {
  it('is at once where uploads fit before the vote, else at the next interval', () => {
    expect(delayUntilRelease(0)).toBe(0);
    expect(delayUntilRelease(1_500)).toBe(0);
    expect(delayUntilRelease(1_501)).toBe(3_499);
    expect(delayUntilRelease(4_999)).toBe(1);
  });
});

describe('a shared random state made for the start', () => {
  it('is valid from the round in progress to the end of the run, and alike on every authority', () => {
    const state = sharedRandomState(Date.UTC(2026, 0, 1, 0, 1, 3) / 1000, 10, 'x');
    expect(state).toContain('ValidAfter 2026-01-01 00:01:00\nValidUntil 2026-01-01 00:04:00\n');
    expect(state).toBe(sharedRandomState(Date.UTC(2026, 0, 1, 0, 1, 9) / 1000, 10, 'x'));
  });
});

describe('options of a network', () => {
  it('refuse a voting interval for which periods do not come out even', () => {
    expect(() => resolveOptions({ votingIntervalSecs: 12 })).toThrow(/must be one of 10, 15/);
    expect(() => resolveOptions({ behaviour: 'production', votingIntervalSecs: 10 })).toThrow(/300/);
    expect(resolveOptions({ behaviour: 'production' }).votingIntervalSecs).toBe(300);
  });
});

describe('the figures of a load', () => {
  it('count what was answered within the limit, and share it among the nodes', () => {
    const figures = summary([
      sample(100, 'a'),
      sample(200, 'b'),
      sample(12_000, 'a'),
      sample(60_000, undefined, false),
    ]);
    expect(figures).toMatchObject({ n: 4, withinLimit: 2, successRatio: 0.5, max: 12_000, maxLateMs: 5 });
    expect(figures.share['a']).toBeCloseTo(2 / 3);
    expect(figures.errors).toEqual({ 'too late': 1 });
  });

  it('are percentiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([0.5, 0.95, 0.99, 1].map((p) => percentile(hundred, p))).toEqual([50, 95, 99, 100]);
    expect(percentile([], 0.5)).toBeNaN();
  });
});
