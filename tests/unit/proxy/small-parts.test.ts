import { describe, expect, it } from 'vitest';
import { limitsOf, sweepIntervalMs } from '@rustbalance/actors/proxy/limits.js';
import { NOTHING_REPORTED, dueReport } from '@rustbalance/actors/proxy/target-report.js';
import {
  TargetFailure,
  connectFailure,
  socksFailure,
  tlsFailure,
} from '@rustbalance/actors/proxy/target/target-failure.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import { MASTER } from './origins.js';

describe('limits', () => {
  const config = configSchema.parse({ node: { id: 'a' }, master: { onion_address: MASTER } });

  it('come from the configuration, 30 s to connect and 300 s idle by default', () => {
    expect(limitsOf(config)).toMatchObject({
      connectTimeoutMs: 30_000,
      idleTimeoutMs: 300_000,
      maxConnections: 4096,
    });
  });

  it('are looked at often enough for the shortest time-out, but not more than once a second for long ones', () => {
    expect(sweepIntervalMs(limitsOf(config))).toBe(1000);
    expect(sweepIntervalMs({ ...limitsOf(config), idleTimeoutMs: 500 })).toBe(50);
  });
});

describe('what is told of the target', () => {
  const at = (failures: number, answers: number) => ({ failures, answers });

  it('the operator hears once that it fails and once that it answers again', () => {
    const first = dueReport(NOTHING_REPORTED, at(3, 0));
    expect(first).toMatchObject({ newFailures: 3, turned: 'failing' });
    const second = dueReport(first.next, at(5, 0));
    expect(second).toMatchObject({ newFailures: 2, turned: null });
    const third = dueReport(second.next, at(5, 1));
    expect(third).toMatchObject({ newFailures: 0, turned: 'answering' });
    expect(dueReport(third.next, at(5, 9))).toMatchObject({ newFailures: 0, turned: null });
  });

  it('failures among answers are signalled without a turn', () => {
    expect(dueReport(NOTHING_REPORTED, at(1, 100))).toMatchObject({ newFailures: 1, turned: null });
  });

  it('nothing is told while nobody asks', () => {
    expect(dueReport(NOTHING_REPORTED, at(0, 0))).toMatchObject({ newFailures: 0, turned: null });
  });
});

describe('failures of the target', () => {
  const coded = (code: string): Error => Object.assign(new Error('secret detail'), { code });

  it.each([
    [connectFailure(coded('ECONNREFUSED')), 'unreachable', 502],
    [connectFailure(coded('ETIMEDOUT')), 'timeout', 504],
    [connectFailure(coded('ENOTFOUND')), 'unreachable', 502],
    [tlsFailure(coded('CERT_HAS_EXPIRED')), 'tls', 502],
    [socksFailure(new Error('Socks5 proxy rejected connection - HostUnreachable')), 'tor', 502],
    [socksFailure(new Error('Socks5 proxy rejected connection - TTLExpired')), 'timeout', 504],
  ])('%s', (failure, kind, status) => {
    expect([failure.kind, failure.status]).toEqual([kind, status]);
    expect(JSON.stringify(failure.data)).not.toContain('secret');
  });

  it('stay what they are when they are classified again', () => {
    const failure = new TargetFailure('timeout', 'connecting');
    expect([connectFailure(failure), tlsFailure(failure), socksFailure(failure)]).toEqual([
      failure,
      failure,
      failure,
    ]);
  });
});
