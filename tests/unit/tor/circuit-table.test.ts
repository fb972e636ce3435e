import { describe, expect, it } from 'vitest';
import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import { CircuitTable } from '@rustbalance/actors/tor/circuit-table.js';
import type { CircEvent, CircMinorEvent } from '@rustbalance/actors/tor/control/events.js';

const OURS = 'o'.repeat(56) as OnionAddress;
const relay = (digit: string): RelayFingerprint => digit.repeat(40) as RelayFingerprint;
const hop = (digit: string) => ({ fingerprint: relay(digit), nickname: null });

const base = {
  path: [hop('1'), hop('2'), hop('A')],
  purpose: 'HS_SERVICE_INTRO',
  hsState: 'HSSI_ESTABLISHED',
  rendQuery: OURS,
  buildFlags: [],
};
const minor = (id: string, over: Partial<CircMinorEvent> = {}): CircMinorEvent => ({
  type: 'CIRC_MINOR',
  id,
  ...base,
  change: 'PURPOSE_CHANGED',
  oldPurpose: 'HS_SERVICE_INTRO',
  oldHsState: 'HSSI_CONNECTING',
  ...over,
});
const circ = (id: string, status: string, over: Partial<CircEvent> = {}): CircEvent => ({
  type: 'CIRC',
  id,
  ...base,
  status,
  reason: null,
  remoteReason: null,
  ...over,
});

describe('the table of introduction circuits', () => {
  it('takes a circuit in when it is established, with the time', () => {
    const table = new CircuitTable(OURS);
    expect(table.apply(minor('7'), 5000)).toEqual({ kind: 'established', relay: relay('A') });
    expect(table.isLive(relay('A'))).toBe(true);
    expect(table.establishedAtMs(relay('A'))).toBe(5000);
  });

  it.each(['CLOSED', 'FAILED'])('drops it at once when it is %s', (status) => {
    const table = new CircuitTable(OURS);
    table.apply(minor('7'), 5000);
    expect(table.apply(circ('7', status), 6000)).toEqual({ kind: 'lost', relay: relay('A') });
    expect(table.isLive(relay('A'))).toBe(false);
    expect(table.lastLossAtMs).toBe(6000);
  });

  it('drops it when its purpose changes', () => {
    const table = new CircuitTable(OURS);
    table.apply(minor('7'), 5000);
    expect(table.apply(minor('7', { purpose: 'MEASURE_TIMEOUT', hsState: null }), 6000)?.kind).toBe('lost');
  });

  it.each([
    ['is still connecting', { hsState: 'HSSI_CONNECTING' }],
    ['belongs to another service of that Tor', { rendQuery: 'x'.repeat(56) as OnionAddress }],
    ["is a client's", { purpose: 'HS_CLIENT_INTRO' }],
    ['has no hop', { path: [] }],
  ])('leaves out a circuit that %s', (_, over) => {
    const table = new CircuitTable(OURS);
    expect(table.apply(minor('7', over), 5000)).toBeNull();
    expect(table.size).toBe(0);
  });

  it('says nothing about the end of a circuit that it did not have', () => {
    expect(new CircuitTable(OURS).apply(circ('9', 'CLOSED'), 1)).toBeNull();
  });

  it('keeps a relay alive while one of two circuits to it is left', () => {
    const table = new CircuitTable(OURS);
    table.apply(minor('7'), 5000);
    table.apply(minor('8'), 5500);
    table.apply(circ('7', 'CLOSED'), 6000);
    expect(table.isLive(relay('A'))).toBe(true);
  });

  it('begins with what circuit-status lists, and keeps the times that it has seen', () => {
    const table = new CircuitTable(OURS);
    table.apply(minor('7'), 5000);
    const listed = { ...base, status: 'BUILT' };
    table.load([
      { id: '7', ...listed },
      { id: '8', ...listed, path: [hop('B')] },
      { id: '9', ...listed, hsState: 'HSSI_CONNECTING', path: [hop('C')] },
    ]);
    expect(table.relays).toEqual([relay('A'), relay('B')]);
    expect(table.establishedAtMs(relay('A'))).toBe(5000);
    expect(table.establishedAtMs(relay('B'))).toBeNull();
  });
});
