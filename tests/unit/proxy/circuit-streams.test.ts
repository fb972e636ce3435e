import { describe, expect, it } from 'vitest';
import { CircuitStreams } from '@rustbalance/actors/proxy/circuit-streams.js';
import { readCircuitLine } from '@rustbalance/actors/proxy/circuit-line.js';

/** A client that begins a stream every `periodMs`, each open for `openMs`, over a round trip of `roundTripMs`. */
const regular = (
  streams: CircuitStreams,
  { periodMs, openMs, roundTripMs, count }: Record<'periodMs' | 'openMs' | 'roundTripMs' | 'count', number>,
): number => {
  for (let i = 0; i < count; i++) {
    streams.opened('7', i * periodMs);
    streams.answered('7', roundTripMs);
    streams.closed('7', i * periodMs + openMs);
  }
  return (count - 1) * periodMs + openMs;
};

/** When it is closed if nothing more comes, looked for every millisecond. */
const closedAfter = (
  streams: CircuitStreams,
  endedMs: number,
  withinMs: number,
  leftMs = 60_000,
): number | null => {
  for (let ms = 0; ms <= withinMs; ms++) {
    if (streams.due(['7'], endedMs + ms, leftMs).circuits.includes('7')) return ms;
  }
  return null;
};

describe('a circuit of a node that empties', () => {
  it('is not closed while it carries a stream', () => {
    const streams = new CircuitStreams();
    streams.opened('7', 0);
    expect(closedAfter(streams, 0, 60_000)).toBe(null);
  });

  it('is closed at the beginning of a pause that is known to last', () => {
    const streams = new CircuitStreams();
    const endedMs = regular(streams, { periodMs: 200, openMs: 20, roundTripMs: 10, count: 12 });
    const after = closedAfter(streams, endedMs, 1000);
    expect(after).toBeGreaterThanOrEqual(10);
    expect(after).toBeLessThan(180 - 2 * 10);
  });

  it('is not closed in pauses shorter than a round trip, and at once when the client stays away', () => {
    const streams = new CircuitStreams();
    const endedMs = regular(streams, { periodMs: 50, openMs: 20, roundTripMs: 40, count: 9 });
    const after = closedAfter(streams, endedMs, 20_000);
    expect(after).toBeGreaterThanOrEqual(10_000);
    expect(after).toBeLessThan(10_500);
  });

  it('is not closed right before a stream that comes every ten seconds', () => {
    const streams = new CircuitStreams();
    const endedMs = regular(streams, { periodMs: 10_060, openMs: 20, roundTripMs: 2_500, count: 3 });
    expect(closedAfter(streams, endedMs, 10_040)).toBe(null);
  });

  it('waits for the streams that began before Tor named circuits', () => {
    const streams = new CircuitStreams();
    streams.opened(null, 0);
    expect(closedAfter(streams, 0, 60_000)).toBe(null);
    streams.closed(null, 60_000);
    expect(closedAfter(streams, 60_000, 20_000)).toBe(10_000);
  });

  it('is closed between two streams when the deadline is near', () => {
    const streams = new CircuitStreams();
    const endedMs = regular(streams, { periodMs: 50, openMs: 20, roundTripMs: 40, count: 9 });
    expect(closedAfter(streams, endedMs, 100, 4_000)).toBe(60);
    streams.opened('7', endedMs + 200);
    expect(closedAfter(streams, endedMs + 200, 100, 4_000)).toBe(null);
  });

  it('is closed in a shorter pause, the nearer the deadline', () => {
    const gone = [60_000, 20_000, 10_000].map((leftMs) => {
      const streams = new CircuitStreams();
      const endedMs = regular(streams, { periodMs: 130, openMs: 20, roundTripMs: 40, count: 12 });
      return closedAfter(streams, endedMs, 100, leftMs) !== null;
    });
    expect(gone).toEqual([false, false, true]);
  });

  it('with few pauses seen is not closed in a short one', () => {
    const streams = new CircuitStreams();
    const endedMs = regular(streams, { periodMs: 200, openMs: 20, roundTripMs: 10, count: 9 });
    expect(closedAfter(streams, endedMs, 2_000)).toBe(null);
  });

  it('waits for its turn where others can go too, but not when the deadline is near', () => {
    const streams = new CircuitStreams();
    expect(streams.due(['7', '8'], 0, 60_000, 1).circuits).toEqual([]);
    expect(streams.due(['7', '8'], 10_000, 60_000, 0).circuits).toEqual([]);
    expect(streams.due(['7', '8'], 10_000, 60_000, 1).circuits).toEqual(['7']);
    expect(streams.due(['7', '8'], 10_010, 4_000, 0).circuits).toEqual(['8']);
  });

  it('that never carried anything is given time to', () => {
    expect(closedAfter(new CircuitStreams(), 0, 60_000)).toBe(10_000);
  });
});

describe('the line that names a circuit', () => {
  it('gives the number that the control port shows', () => {
    const line = 'PROXY TCP6 fc00:dead:beef:4dad::1:2 ::1 2 80\r\n';
    expect(readCircuitLine(Buffer.from(`${line}GET /`))).toEqual({
      circuit: '65538',
      length: line.length,
    });
  });

  it('is waited for while only its beginning is there', () => {
    const line = 'PROXY TCP6 fc00:dead:beef:4dad::0:22 ::1 34 80\r\n';
    for (let length = 0; length < line.length; length++) {
      expect(readCircuitLine(Buffer.from(line.slice(0, length)))).toBe('undecided');
    }
  });

  it.each([
    'GET / HTTP/1.1\r\n',
    'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n',
    'PROXY TCP6 fc00:dead:beef:4dad::g\r\n',
  ])('is not seen in %j', (text) => {
    expect(readCircuitLine(Buffer.from(text))).toBe(null);
  });
});
