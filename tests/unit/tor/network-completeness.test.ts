import { describe, expect, it } from 'vitest';
import {
  ED25519_ID_LENGTH,
  RELAY_FLAGS,
  relayByFingerprint,
} from '@rustbalance/crypto-worker/network/relay-table.js';
import { carryOverIdentities, isUsable } from '@rustbalance/actors/tor/network-completeness.js';
import { view, type Row } from './network-view.js';
import { relayNumber } from './points.js';

const hsDir = (relay: number, known: boolean): Row => ({ relay, known, hsDir: true });

describe('identities that a new consensus lacks', () => {
  it('are taken from the view before', () => {
    const before = view([hsDir(1, true), hsDir(3, true), hsDir(5, true)]);
    const filled = carryOverIdentities(view([hsDir(1, true), hsDir(3, false), hsDir(5, false)]), before);
    expect(filled.completeness.hsDirsWithoutMicrodescriptor).toBe(0);
    expect(relayByFingerprint(filled.relays, relayNumber(3))?.ed25519Id).toEqual(
      relayByFingerprint(before.relays, relayNumber(3))?.ed25519Id,
    );
  });

  it('of relays that are new stay unknown and are counted', () => {
    const before = view([hsDir(1, true), hsDir(9, true)]);
    const filled = carryOverIdentities(view([hsDir(1, false), hsDir(4, false)]), before);
    expect(filled.completeness.hsDirsWithoutMicrodescriptor).toBe(1);
    expect(relayByFingerprint(filled.relays, relayNumber(4))?.ed25519Id).toBeNull();
    expect(relayByFingerprint(filled.relays, relayNumber(1))?.ed25519Id).toHaveLength(ED25519_ID_LENGTH);
  });

  it('are never given to another relay, whatever the order and number of relays', () => {
    const before = view([hsDir(2, true), hsDir(4, true), hsDir(6, true)]);
    const filled = carryOverIdentities(
      view([1, 2, 3, 4, 5, 6, 7].map((relay) => hsDir(relay, false))),
      before,
    );
    const known = [1, 2, 3, 4, 5, 6, 7].filter(
      (relay) => relayByFingerprint(filled.relays, relayNumber(relay))?.ed25519Id?.[0] === relay,
    );
    expect(known).toEqual([2, 4, 6]);
    expect(filled.completeness.hsDirsWithoutMicrodescriptor).toBe(4);
  });

  it('leave the view as it is when nothing is missing', () => {
    const complete = view([hsDir(1, true)]);
    expect(carryOverIdentities(complete, view([hsDir(1, true)]))).toBe(complete);
  });

  it('do not touch the table that they are filled into', () => {
    const young = view([hsDir(1, false)]);
    carryOverIdentities(young, view([hsDir(1, true)]));
    expect(relayByFingerprint(young.relays, relayNumber(1))?.ed25519Id).toBeNull();
  });

  it('are filled into a table of 8000 relays within a few milliseconds', () => {
    const rows = Array.from({ length: 250 }, (_, relay) => hsDir(relay, true));
    const before = view(rows, 32);
    const young = view(
      rows.map((row) => ({ ...row, known: false })),
      32,
    );
    expect(young.relays.count).toBe(8000);
    const times = Array.from({ length: 5 }, () => {
      const began = performance.now();
      expect(carryOverIdentities(young, before).completeness.hsDirsWithoutMicrodescriptor).toBe(0);
      return performance.now() - began;
    });
    // What is slower was interrupted: other tests share the processors.
    expect(Math.min(...times)).toBeLessThan(250);
  });
});

describe('a view of the network', () => {
  it('may be used when every HSDir is known', () => {
    expect(isUsable(view([hsDir(1, true), { relay: 2, known: false, hsDir: false }]), 0)).toBe(true);
  });

  it('may not be used while an HSDir is missing', () => {
    expect(isUsable(view([hsDir(1, true), hsDir(2, false)]), 60_000)).toBe(false);
  });

  it('may not be used without any HSDir', () => {
    expect(isUsable(view([{ relay: 2, known: true, hsDir: false }]), 0)).toBe(false);
  });

  it('may be used after ten minutes when no more than one of a hundred is missing', () => {
    const rows = Array.from({ length: 100 }, (_, relay) => hsDir(relay, relay > 0));
    expect(isUsable(view(rows), 599_000)).toBe(false);
    expect(isUsable(view(rows), 600_000)).toBe(true);
    expect(isUsable(view(rows.map((row) => ({ ...row, known: row.relay > 1 }))), 600_000)).toBe(false);
  });
});

it('the flags of the test table are those of the real one', () => {
  expect(view([hsDir(1, true)]).relays.flags[0]).toBe(
    RELAY_FLAGS.running | RELAY_FLAGS.valid | RELAY_FLAGS.hsDir | RELAY_FLAGS.hasMicrodescriptor,
  );
});
