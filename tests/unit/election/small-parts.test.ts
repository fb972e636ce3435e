import { describe, expect, test } from 'vitest';
import type { TimePeriodNumber } from '@rustbalance/crypto-worker/brands.js';
import {
  abilityDueMs,
  afterWaiting,
  healthTold,
  isAble,
  publisherTold,
  startAble,
  steppedDown,
  torTold,
} from '@rustbalance/actors/election/ability.js';
import { counterList, countersToSend, merged } from '@rustbalance/actors/election/counters.js';
import { makeFindings } from '@rustbalance/actors/election/findings.js';
import { NO_DOUBT, deafMs, doubtAfter, stretchOf } from '@rustbalance/actors/election/self-doubt.js';
import { electionSettings } from '@rustbalance/actors/election/settings.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
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
const seen = (timePeriod: number, n: number) => ({ timePeriod: timePeriod as TimePeriodNumber, n });

describe('whether a node is able to publish', () => {
  test('is not given up while its Tor starts, for as long as a silent peer is waited for', () => {
    const starting = torTold(startAble(0), 'bootstrapping', 10);
    expect(isAble(starting, 29_999, settings)).toBe(true);
    expect(isAble(starting, 30_000, settings)).toBe(false);
    expect(abilityDueMs(starting, false, 10, settings)).toBe(30_000);
  });

  test('is given up two probes after a Tor that was up went down, and is back with it', () => {
    const down = torTold(torTold(startAble(0), 'up', 1000), 'down', 50_000);
    expect(isAble(down, 51_999, settings)).toBe(true);
    expect(isAble(down, 52_000, settings)).toBe(false);
    expect(isAble(torTold(down, 'connecting', 51_000), 52_000, settings)).toBe(false);
    expect(isAble(torTold(down, 'up', 53_000), 53_000, settings)).toBe(true);
  });

  test('is given up for five leases by a publisher that waited for longer than a take-over takes', () => {
    const waiting = publisherTold(torTold(startAble(0), 'up', 0), 'waiting', 1000);
    expect(isAble(afterWaiting(waiting, true, 120_999, settings), 121_000, settings)).toBe(true);
    const vain = afterWaiting(waiting, true, 121_000, settings);
    expect(isAble(vain, 121_000, settings)).toBe(false);
    expect(isAble(vain, 421_000, settings)).toBe(true);
    expect(isAble(afterWaiting(waiting, false, 121_000, settings), 121_000, settings)).toBe(true);
    expect(
      isAble(
        afterWaiting(publisherTold(waiting, 'published', 5000), true, 300_000, settings),
        300_000,
        settings,
      ),
    ).toBe(true);
  });

  test('is put off by an order to step down', () => {
    const told = steppedDown(torTold(startAble(0), 'up', 0), 1000, settings);
    expect(isAble(told, 30_999, settings)).toBe(false);
    expect(isAble(told, 31_000, settings)).toBe(true);
  });

  test('does not end with its fitness, which it has until the health actor says otherwise', () => {
    const well = torTold(startAble(0), 'up', 0);
    expect(well.fit).toBe(true);
    expect(healthTold(well, true)).toBe(well);
    const unfit = healthTold(well, false);
    expect(unfit.fit).toBe(false);
    expect(isAble(unfit, 3_600_000, settings)).toBe(true);
    expect(healthTold(unfit, true)).toEqual(well);
  });
});

describe('the counters that were seen', () => {
  test('only rise, and stay the same object when nothing rose', () => {
    const counters = merged(new Map(), [seen(7, 100), seen(8, 5)]);
    expect(merged(counters, [seen(7, 99), seen(8, 5)])).toBe(counters);
    expect(counterList(merged(counters, [seen(8, 9), seen(7, 3)]))).toEqual([seen(7, 100), seen(8, 9)]);
  });

  test('are kept for the sixteen newest time periods', () => {
    const many = Array.from({ length: 40 }, (_, index) => seen(index, index + 1));
    const kept = counterList(merged(new Map(), many));
    expect(kept.map(({ timePeriod }) => timePeriod)).toEqual(Array.from({ length: 16 }, (_, i) => i + 24));
  });

  test('go out for the periods that this node itself used, or else the newest that it heard of', () => {
    const all = merged(new Map(), [seen(1, 1), seen(2, 2), seen(3, 3), seen(4, 4), seen(5, 5), seen(9, 9)]);
    expect(countersToSend([], all)).toEqual([seen(3, 3), seen(4, 4), seen(5, 5), seen(9, 9)]);
    expect(countersToSend([seen(4, 1)], all)).toEqual([seen(4, 4)]);
  });
});

describe('a node’s doubt in itself', () => {
  test('grows with every late wake-up and fades when it is in time again', () => {
    let doubt = NO_DOUBT;
    for (let late = 0; late < 9; late++) doubt = doubtAfter(doubt, 700, 1000, 1000);
    expect(doubt.score).toBe(3);
    expect(doubtAfter(doubt, 0, 10_999, 1000).score).toBe(3);
    expect(doubtAfter(doubt, 0, 11_000, 1000).score).toBe(2);
  });

  test('does not grow with ordinary scheduling', () => {
    expect(deafMs(1000, 1249, 1000)).toBe(0);
    expect(deafMs(1000, 1251, 1000)).toBe(251);
    expect(deafMs(null, 9e9, 1000)).toBe(0);
    expect(deafMs(2000, 1000, 1000)).toBe(0);
  });

  test('stretches timeouts by its score and by every organ that is ill, up to four times', () => {
    const well = { tor: 'up', transport: 'up' } as const;
    expect(stretchOf(NO_DOUBT, well)).toBe(1);
    expect(stretchOf(NO_DOUBT, { tor: 'unknown', transport: 'unknown' })).toBe(1);
    expect(stretchOf(NO_DOUBT, { ...well, tor: 'ill' })).toBe(2);
    expect(stretchOf({ score: 3, fadesAtMs: 0 }, { tor: 'ill', transport: 'ill' })).toBe(4);
  });
});

describe('a finding', () => {
  test('is told once, again after ten minutes, and when it is gone', () => {
    const lines: LogRecord[] = [];
    const findings = makeFindings(
      makeLogger(
        'election',
        () => 0,
        (record) => lines.push(record),
      ),
    );
    const error = errorData('cluster.unknown-sender', 'election');
    for (const nowMs of [0, 1, 599_999]) findings.raise('key', error, nowMs);
    expect(lines.map(({ level }) => level)).toEqual(['warn']);
    findings.raise('key', error, 600_000);
    expect(lines).toHaveLength(2);
    findings.clear('key');
    findings.clear('key');
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'info']);
    expect(findings.list()).toEqual([]);
  });
});
