import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideLease, prevails, ranksBefore, startListening } from '@rustbalance/actors/election/lease.js';
import type { LeaseState, LeaseView, Rival } from '@rustbalance/actors/election/lease.js';
import { electionSettings } from '@rustbalance/actors/election/settings.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { DEFAULT_TIMES, exampleSeed, nodeConfig } from '../../support/simulation/cluster-config.js';
import type { NodeSpec } from '../../support/simulation/cluster-config.js';

const spec: NodeSpec = {
  id: 'node-m' as NodeId,
  seed: exampleSeed(0),
  priority: 50,
  address: '10.0.0.1:7001',
  hasMasterKey: true,
};
const settings = electionSettings(nodeConfig(spec, [spec], DEFAULT_TIMES));

const rival = (id: string, priority: number, more: Partial<Rival> = {}): Rival => ({
  id: id as NodeId,
  priority,
  hasKey: true,
  able: true,
  fit: true,
  live: true,
  claims: false,
  visiblePoints: 6,
  withholds: false,
  namesUs: false,
  known: true,
  readySinceMs: 0,
  ...more,
});

const view = (rivals: readonly Rival[], self: Partial<LeaseView['self']> = {}): LeaseView => ({
  self: {
    id: spec.id,
    priority: 50,
    hasKey: true,
    able: true,
    fit: true,
    visiblePoints: 6,
    withholds: false,
    ...self,
  },
  rivals,
});

const state = (role: LeaseState['role'], more: Partial<LeaseState> = {}): LeaseState => ({
  ...startListening(0, settings),
  role,
  termEndsMs: 60_000,
  ...more,
});

const decide = (from: LeaseState, seen: LeaseView, nowMs: number, jitter = 0.5) =>
  decideLease(from, seen, nowMs, settings, () => jitter);

const better = (more: Partial<Rival> = {}): Rival => rival('node-a', 10, more);
const worse = (more: Partial<Rival> = {}): Rival => rival('node-z', 90, more);

describe('a starting node', () => {
  test('without peers publishes at once', () => {
    expect(decide(state('listening'), view([]), 0).state.role).toBe('publisher');
  });

  test('without a master key never publishes, not even alone', () => {
    expect(decide(state('listening'), view([], { hasKey: false }), 1e6)).toMatchObject({
      state: { role: 'standby' },
      reason: 'this node has no master key',
    });
  });

  test('listens for three probes while not everybody has answered', () => {
    const seen = view([worse({ known: false, live: false })]);
    expect(decide(state('listening'), seen, 2999).state.role).toBe('listening');
    expect(decide(state('listening'), seen, 3000).state.role).toBe('publisher');
  });

  test('decides at once when everybody has answered', () => {
    expect(decide(state('listening'), view([worse()]), 10).state.role).toBe('publisher');
    expect(decide(state('listening'), view([better()]), 10).state.role).toBe('claiming');
  });

  test('stands by as soon as a sitting publisher is heard', () => {
    const seen = view([worse({ claims: true }), better({ known: false, live: false })]);
    expect(decide(state('listening'), seen, 10).state.role).toBe('standby');
  });

  test('takes its lease up again when the peers still take it for the publisher', () => {
    expect(decide(state('listening'), view([better({ namesUs: true })]), 10).state.role).toBe('publisher');
  });
});

describe('a node without the lease', () => {
  test('stands by while another node’s claim holds, even one that ranks behind', () => {
    expect(decide(state('standby'), view([worse({ claims: true })]), 1).state.role).toBe('standby');
  });

  test('claims at once when it ranks first among the live', () => {
    const seen = view([worse(), better({ live: false }), rival('node-b', 20, { hasKey: false })]);
    expect(decide(state('standby'), seen, 1)).toMatchObject({
      state: { role: 'publisher', termEndsMs: 60_001 },
      reason: 'the lease is free',
    });
  });

  test('waits three probes for each better node, and a random part of the back-off', () => {
    const seen = view([better(), rival('node-b', 20)]);
    const waiting = decide(state('standby'), seen, 1000, 0.4);
    expect(waiting.state).toMatchObject({ role: 'claiming', claimAtMs: 1000 + 6000 + 6000 });
    expect(decide(waiting.state, seen, 12_999).state.role).toBe('claiming');
    expect(decide(waiting.state, seen, 13_000)).toMatchObject({
      state: { role: 'publisher' },
      reason: 'better nodes did not claim',
    });
  });

  test('that waits claims at once when the better ones die', () => {
    const waiting = decide(state('standby'), view([better()]), 0).state;
    expect(decide(waiting, view([better({ live: false })]), 10).state.role).toBe('publisher');
  });

  test('that waits stands by when a better one claims, and waits anew the next time', () => {
    const waiting = decide(state('standby'), view([better()]), 0).state;
    const standing = decide(waiting, view([better({ claims: true })]), 10).state;
    expect(standing).toMatchObject({ role: 'standby', claimAtMs: null });
    expect(decide(standing, view([better()]), 50_000).state.claimAtMs).toBeGreaterThan(50_000);
  });

  test('comes before a better one that cannot publish now', () => {
    expect(decide(state('standby'), view([better({ able: false })]), 1).state.role).toBe('publisher');
    expect(decide(state('standby'), view([worse()], { able: false }), 1).state.role).toBe('claiming');
  });

  test('that is not fit comes after one that is, and before one that cannot publish', () => {
    const unfit = { fit: false };
    expect(decide(state('standby'), view([worse()], unfit), 1).state.role).toBe('claiming');
    expect(decide(state('standby'), view([better({ able: false })], unfit), 1).state.role).toBe('publisher');
  });
});

describe('a publisher', () => {
  test('is not preempted within its lease by a better node', () => {
    expect(decide(state('publisher'), view([better()]), 59_999).state.role).toBe('publisher');
  });

  test('hands over at the end of its lease to a better node that was ready for a whole lease', () => {
    expect(decide(state('publisher'), view([better({ readySinceMs: 0 })]), 60_000)).toMatchObject({
      state: { role: 'standby' },
      reason: 'a better node was ready for a whole lease',
    });
  });

  test('renews at the end of its lease when the better node has come back only lately', () => {
    expect(decide(state('publisher'), view([better({ readySinceMs: 1 })]), 60_000).state).toMatchObject({
      role: 'publisher',
      termEndsMs: 120_000,
    });
  });

  test('renews when the others rank behind', () => {
    expect(decide(state('publisher'), view([worse()]), 60_000).state.termEndsMs).toBe(120_000);
  });

  test('gives the lease back when it cannot publish and another can; otherwise it keeps it', () => {
    const ill = { able: false };
    expect(decide(state('publisher'), view([worse()], ill), 1).state.role).toBe('standby');
    expect(decide(state('publisher'), view([worse({ able: false })], ill), 1).state.role).toBe('publisher');
    expect(decide(state('publisher'), view([worse({ live: false })], ill), 1).state.role).toBe('publisher');
    expect(decide(state('publisher'), view([worse({ hasKey: false })], ill), 1).state.role).toBe('publisher');
  });

  test('that is not fit gives the lease back to one that is, and keeps it where none is', () => {
    const unfit = { fit: false };
    expect(decide(state('publisher'), view([worse()], unfit), 1)).toMatchObject({
      state: { role: 'standby' },
      reason: 'this node is not fit to publish and another is',
    });
    const others = [
      better({ fit: false, readySinceMs: null }),
      worse({ able: false }),
      worse({ live: false }),
      worse({ hasKey: false }),
    ];
    for (const other of others) {
      expect(decide(state('publisher'), view([other], unfit), 60_000).state.role).toBe('publisher');
    }
  });

  test('that cannot publish gives the lease back to one that is not fit, since nobody else can', () => {
    const seen = view([worse({ fit: false, readySinceMs: null })], { able: false });
    expect(decide(state('publisher'), seen, 1).state.role).toBe('standby');
  });

  test('is not followed by a better node that is not fit, however long its own lease lasts', () => {
    const seen = view([better({ fit: false, readySinceMs: null })]);
    expect(decide(state('publisher'), seen, 60_000).state.role).toBe('publisher');
  });

  test.each([
    ['sees more introduction points', { visiblePoints: 7 }, worse],
    ['sees as many and has the lower priority number', {}, better],
    ['sees as many, with the same priority and the lower id', { priority: 50 }, better],
  ])('gives way to another publisher that %s', (_what, more, make) => {
    expect(decide(state('publisher'), view([make({ claims: true, ...more })]), 1)).toMatchObject({
      state: { role: 'standby' },
      reason: 'another publisher prevails',
    });
  });

  test.each([
    ['sees fewer introduction points', { visiblePoints: 5 }, better],
    ['sees as many and has the higher priority number', {}, worse],
    ['withholds, whatever it sees', { withholds: true, visiblePoints: 60 }, better],
    ['claims from before it fell silent', { live: false, visiblePoints: 60 }, better],
  ])('stays when another publisher %s', (_what, more, make) => {
    expect(decide(state('publisher'), view([make({ claims: true, ...more })]), 1).state.role).toBe(
      'publisher',
    );
  });
});

describe('a publisher that withholds', () => {
  test('gives way to one that publishes, whatever both see', () => {
    const seen = view([worse({ claims: true, visiblePoints: 1 })], { withholds: true });
    expect(decide(state('publisher'), seen, 1).state.role).toBe('standby');
  });

  test('decides as ever with another one that withholds', () => {
    const both = { claims: true, withholds: true };
    const withheld = { withholds: true };
    expect(decide(state('publisher'), view([better(both)], withheld), 1).state.role).toBe('standby');
    expect(decide(state('publisher'), view([worse(both)], withheld), 1).state.role).toBe('publisher');
  });
});

describe('the orders of candidates and of publishers', () => {
  const candidate = fc.record({
    id: fc.constantFrom('a', 'b', 'c').map((id) => id as NodeId),
    priority: fc.integer({ min: 1, max: 3 }),
    hasKey: fc.constant(true),
    able: fc.boolean(),
    fit: fc.boolean(),
    visiblePoints: fc.integer({ min: 0, max: 2 }),
    withholds: fc.boolean(),
  });

  test('never put two nodes before each other, and never leave two with different ids undecided', () => {
    fc.assert(
      fc.property(candidate, candidate, (a, b) => {
        for (const order of [ranksBefore, prevails]) {
          expect(order(a, b) && order(b, a)).toBe(false);
          if (a.id !== b.id) expect(order(a, b) || order(b, a)).toBe(true);
        }
      }),
    );
  });

  test('are transitive', () => {
    fc.assert(
      fc.property(candidate, candidate, candidate, (a, b, c) => {
        for (const order of [ranksBefore, prevails]) {
          if (order(a, b) && order(b, c)) expect(order(a, c)).toBe(true);
        }
      }),
    );
  });
});
