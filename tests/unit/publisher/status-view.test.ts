import { describe, expect, it } from 'vitest';
import type { RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { HsDirRow, Version } from '@rustbalance/actors/publisher/slot.js';
import { COUNTER_REFUSED, NO_ANSWER } from '@rustbalance/actors/publisher/slot.js';
import { hsDirView } from '@rustbalance/actors/publisher/status-view.js';

const FINGERPRINT = 'A'.repeat(40) as RelayFingerprint;

const version = (contentKey: string): Version => ({
  id: 1,
  text: '',
  n: 1,
  revisionCounter: 7n,
  contentKey,
  introPoints: 3,
  nodes: [],
  cause: { kind: 'change', atMs: 0 },
  builtAtMs: 0,
});

const row = (changes: Partial<HsDirRow>): HsDirRow => ({
  fingerprint: FINGERPRINT,
  inFlight: null,
  held: null,
  failures: 0,
  notBeforeMs: 0,
  reason: null,
  ...changes,
});

describe("an HSDir's status", () => {
  it.each([
    ['that was never asked', {}, 'pending', null],
    ['that refused', { failures: 1, reason: COUNTER_REFUSED }, 'rejected', COUNTER_REFUSED],
    ['that did not answer', { failures: 1, reason: NO_ANSWER }, 'pending', NO_ANSWER],
    [
      'that holds an older version and did not answer',
      { failures: 2, reason: NO_ANSWER, held: { version: version('old'), confirmedAtMs: 0 } },
      'pending',
      NO_ANSWER,
    ],
    ['that holds it', { held: { version: version('new'), confirmedAtMs: 0 } }, 'accepted', null],
  ])('%s is what it is', (_, changes, status, reason) => {
    expect(hsDirView(row(changes), version('new'))).toEqual({ fingerprint: FINGERPRINT, status, reason });
  });
});
