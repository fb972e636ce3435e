import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Upload } from './world.js';
import {
  START_MS,
  network,
  own,
  peer,
  plan,
  point,
  publisherRole,
  standbyRole,
  torUp,
  world,
} from './world.js';

type World = ReturnType<typeof world>;

/** Everything that can befall a publisher, as moves that a random sequence is made of. */
const MOVES: Readonly<Record<string, (w: World, n: number) => void>> = {
  ownPoints: (w, n) => {
    w.publication.learn({ own: own(Array.from({ length: n % 4 }, (_, i) => point(10 + i))) });
  },
  peerPoints: (w, n) => {
    w.publication.learn({
      peers: [
        peer(
          'beta',
          Array.from({ length: n % 5 }, (_, i) => point(30 + i)),
        ),
      ],
    });
  },
  takeOver: (w) => {
    w.publication.learn({ role: publisherRole });
  },
  standBy: (w) => {
    w.publication.learn({ role: standbyRole });
  },
  torDown: (w) => {
    w.publication.learn({ tor: { ...torUp, state: 'down' } });
  },
  torUp: (w) => {
    w.publication.learn({ tor: torUp });
  },
  rotate: (w, n) => {
    const base = 100 + (n % 3);
    w.setPlan(plan(base, [1, 2, 3, 4 + (n % 2)], [5, 6, 7, 8 + (n % 2)]));
    w.publication.learn({ network: network(START_MS + n * 1_000) });
  },
  clockBack: (w, n) => {
    w.clock.stepWall(-(n % 120) * 1_000);
  },
  clockForward: (w, n) => {
    w.clock.stepWall((n % 120) * 1_000);
  },
  silence: (w, n) => {
    w.hsdir(1 + (n % 9)).answer = 'silent';
  },
  reject: (w, n) => {
    w.hsdir(1 + (n % 9)).answer = { reject: 'UPLOAD_REJECTED' };
  },
  heal: (w, n) => {
    w.hsdir(1 + (n % 9)).answer = 'accept';
  },
  refresh: (w) => {
    w.publication.refresh();
  },
  forget: (w, n) => {
    w.hsdir(1 + (n % 9)).held = null;
  },
};

const moves = fc.array(
  fc.record({
    move: fc.constantFrom(...Object.keys(MOVES)),
    n: fc.nat(1_000),
    thenMs: fc.constantFrom(0, 10, 100, 350, 1_000, 7_000, 40_000),
  }),
  { maxLength: 40 },
);

const play = async (sequence: readonly { move: string; n: number; thenMs: number }[]): Promise<World> => {
  const w = world();
  w.ready();
  for (const { move, n, thenMs } of sequence) {
    MOVES[move]!(w, n);
    await w.clock.advance(thenMs);
  }
  return w;
};

/** Two different documents of one period never carry the same counter, and a later one carries a higher one. */
const countersRise = (uploads: readonly Upload[]): boolean => {
  const last = new Map<number, { n: number; text: string }>();
  return uploads.every(({ timePeriod, n, text }) => {
    const before = last.get(timePeriod);
    last.set(timePeriod, { n, text });
    return before === undefined || n > before.n || (n === before.n && text === before.text);
  });
};

describe('whatever befalls a publisher', () => {
  it('its counters only rise', async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (sequence) => {
        expect(countersRise((await play(sequence)).uploads)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('no HSDir is sent two descriptors at a time', async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (sequence) => {
        const w = await play(sequence);
        const torWasDown = sequence.some(({ move }) => move === 'torDown' || move === 'standBy');
        if (torWasDown) return;
        const last = new Map<string, number>();
        for (const { hsdir, atMs } of w.uploads) {
          // An answer takes 300 ms here, so two uploads closer together would be in flight together.
          expect(atMs - (last.get(hsdir) ?? -Infinity)).toBeGreaterThanOrEqual(300);
          last.set(hsdir, atMs);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('it ends with everything published, once the world is whole again', async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (sequence) => {
        const w = await play(sequence);
        for (let n = 1; n <= 9; n++) w.hsdir(n).answer = 'accept';
        // A clock that was stepped back for good would rightly keep it from signing.
        w.clock.stepWall(START_MS + w.clock.monotonicMs() - w.clock.wallMs());
        w.publication.learn({ network: network() });
        w.ready();
        await w.clock.advance(900_000);
        expect(w.lastVerdict()).toEqual({ type: 'COMPLETE' });
      }),
      { numRuns: 100 },
    );
  });

  it('it never uploads more often than its pace allows', async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (sequence) => {
        const w = await play(sequence);
        const builds = new Map<string, number>();
        for (const { timePeriod, n, atMs } of w.uploads) {
          const key = `${String(timePeriod)}:${String(n)}`;
          if (!builds.has(key)) builds.set(key, atMs);
        }
        // Two descriptors, an emergency every 0.4 s at the worst.
        const seconds = w.clock.monotonicMs() / 1000 + 1;
        expect(builds.size).toBeLessThanOrEqual(seconds * 5 + 2 * sequence.length + 2);
      }),
      { numRuns: 100 },
    );
  });
});
