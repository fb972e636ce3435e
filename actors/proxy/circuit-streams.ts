import { earlier } from '../kernel/level-trigger.js';

/**
 * When a rendezvous circuit may be closed so that its client notices nothing. A stream that a client begins while the end
 * of its circuit is on the way to it is lost, and C Tor does not begin it again (connection_edge_destroy): so a circuit is
 * closed in a pause that, by what was seen of it, lasts for another round trip. A client that opens stream upon stream
 * without a pause as long as that keeps its circuit until the deadline. Times are monotonic milliseconds.
 */

/**
 * A client that paused this long is not within a page any more: one in some hundreds begins again in the next round trip.
 * With 3 s four visits failed in one drain: a busy machine stood still, and their streams were on the way for as long.
 */
const LONG_PAUSE_MS = 10_000;
/** A circuit that has carried nothing yet: it was made to be used, and over Tor that takes a second or two. */
const UNUSED_MS = 10_000;
/**
 * Pauses that tell how long the next one will be; fewer tell nothing. The next of n + 1 equally likely pauses is the
 * shortest with a chance of 1 in n + 1, and only the shortest of all can be too short.
 */
const TELLING_PAUSES = 10;
const KEPT_PAUSES = 32;
/** Circuits that are gone are forgotten after this long. */
const FORGET_MS = 10_000;
const KEPT_ROUND_TRIPS = 16;
/** Without any measure of it, a round trip over six relays. */
const USUAL_ROUND_TRIP_MS = 800;
/**
 * A pause must last for twice the longest round trip seen, and this more for threads and relays that are late. Measured on a
 * private network, two cores, load 15 to 40: with 1.5 times the median and 20 ms one visit failed
 * in three drains; with these values 6 in ten larger ones (docs/figures.md). What they cost: pauses that are passed over.
 */
const SLACK = 2;
const LATE_MS = 50;
/** Until the last bytes have left our own Tor. */
const FLUSH_MS = 20;

interface Circuit {
  readonly open: number;
  /** When its last stream ended, or it was first seen without one. */
  readonly idleSinceMs: number;
  readonly used: boolean;
  readonly pausesMs: readonly number[];
  readonly roundTripsMs: readonly number[];
}

const newest = (values: readonly number[], value: number, kept: number): readonly number[] =>
  [...values, value].slice(-kept);

/**
 * From here to the deadline the pause that is asked for shrinks to nothing, so that each client without long ones is closed
 * in one of the longest that it makes: at the deadline itself it would be in the middle of a request.
 */
const LAST_CALL_MS = 30_000;
/** The last of it, in which any moment between two streams will do. */
const AT_LAST_MS = 5_000;

const askedShare = (leftMs: number): number =>
  Math.min(1, Math.max(0, (leftMs - AT_LAST_MS) / (LAST_CALL_MS - AT_LAST_MS)));

/** When the circuit should be closed, if nothing happens before; null while it must not be. */
const quietAtMs = (circuit: Circuit, nowMs: number, leftMs: number): number | null => {
  const { open, idleSinceMs, used, pausesMs, roundTripsMs } = circuit;
  if (open > 0) return null;
  if (!used) return idleSinceMs + UNUSED_MS;
  const roundTripMs = roundTripsMs.length === 0 ? USUAL_ROUND_TRIP_MS : Math.max(...roundTripsMs);
  const windowMs = (SLACK * roundTripMs + LATE_MS) * askedShare(leftMs);
  // The last bytes must have left every relay: the end of a circuit overtakes what waits in a relay, and drops it.
  const flushedAtMs = idleSinceMs + roundTripMs + FLUSH_MS;
  const shortestMs = pausesMs.length < TELLING_PAUSES ? 0 : Math.min(...pausesMs);
  const laterMs = Math.max(nowMs, flushedAtMs);
  if (leftMs < AT_LAST_MS || idleSinceMs + shortestMs - laterMs >= windowMs) return flushedAtMs;
  // Pauses that would end just then put it off.
  const endsThen = (atMs: number): boolean =>
    pausesMs.some((pauseMs) => idleSinceMs + pauseMs >= atMs && idleSinceMs + pauseMs < atMs + windowMs);
  let atMs = Math.max(nowMs, idleSinceMs + LONG_PAUSE_MS);
  while (endsThen(atMs)) atMs += windowMs;
  return atMs;
};

/** The streams of each circuit, as Tor names it to the proxy while the node drains. */
export class CircuitStreams {
  readonly #circuits = new Map<string, Circuit>();
  /** Streams that began before Tor named circuits: any circuit may carry one. */
  #unnamed = 0;
  #lastUnnamedMs = Number.NEGATIVE_INFINITY;

  opened(id: string | null, nowMs: number): void {
    if (id === null) {
      this.#unnamed++;
      this.#lastUnnamedMs = nowMs;
      return;
    }
    const circuit = this.#at(id, nowMs);
    const paused = circuit.open === 0 && circuit.used;
    this.#circuits.set(id, {
      ...circuit,
      open: circuit.open + 1,
      used: true,
      pausesMs: paused
        ? newest(circuit.pausesMs, nowMs - circuit.idleSinceMs, KEPT_PAUSES)
        : circuit.pausesMs,
    });
  }

  /** @param waitedMs from the stream's begin to its first byte: Tor's answer went to the client meanwhile, and its request came */
  answered(id: string, waitedMs: number): void {
    const circuit = this.#circuits.get(id);
    if (circuit === undefined) return;
    this.#circuits.set(id, {
      ...circuit,
      roundTripsMs: newest(circuit.roundTripsMs, waitedMs, KEPT_ROUND_TRIPS),
    });
  }

  closed(id: string | null, nowMs: number): void {
    if (id === null) {
      this.#unnamed = Math.max(0, this.#unnamed - 1);
      this.#lastUnnamedMs = nowMs;
      return;
    }
    const circuit = this.#circuits.get(id);
    if (circuit !== undefined)
      this.#circuits.set(id, { ...circuit, open: Math.max(0, circuit.open - 1), idleSinceMs: nowMs });
  }

  /**
   * @param live the circuits that are there: the others are forgotten
   * @param leftMs until the deadline
   * @param most circuits that may be closed now; shortly before the deadline all that can
   */
  due(
    live: readonly string[],
    nowMs: number,
    leftMs: number,
    most = Number.POSITIVE_INFINITY,
  ): { readonly circuits: readonly string[]; readonly wakeAtMs: number | null } {
    // A stream may be here before Tor's word of its circuit.
    const there = new Set(live);
    for (const [id, { open, idleSinceMs }] of this.#circuits)
      if (open === 0 && nowMs - idleSinceMs > FORGET_MS && !there.has(id)) this.#circuits.delete(id);
    const unnamedQuietAtMs = this.#unnamed > 0 ? null : this.#lastUnnamedMs + LONG_PAUSE_MS;
    const room = leftMs < AT_LAST_MS ? Number.POSITIVE_INFINITY : most;
    const circuits: string[] = [];
    let wakeAtMs: number | null = null;
    for (const id of live) {
      const circuit = this.#at(id, nowMs);
      const ownMs = quietAtMs(circuit, nowMs, leftMs);
      const atMs = ownMs === null || unnamedQuietAtMs === null ? null : Math.max(ownMs, unnamedQuietAtMs);
      if (atMs !== null && atMs <= nowMs && circuits.length >= room) continue;
      if (atMs !== null && atMs <= nowMs) {
        circuits.push(id);
        // Not again at once: Tor's word that it is closed takes a moment.
        this.#circuits.set(id, { ...circuit, idleSinceMs: nowMs, pausesMs: [] });
      } else wakeAtMs = earlier(wakeAtMs, atMs);
    }
    return { circuits, wakeAtMs };
  }

  /** For `inspect`. */
  view(): Readonly<Record<string, unknown>> {
    const circuits = [...this.#circuits].map(([id, { open, pausesMs, roundTripsMs }]) => ({
      id,
      open,
      pausesMs: pausesMs.map(Math.round),
      roundTripsMs: roundTripsMs.map(Math.round),
    }));
    return { unnamed: this.#unnamed, circuits };
  }

  #at(id: string, nowMs: number): Circuit {
    const known = this.#circuits.get(id);
    if (known !== undefined) return known;
    const circuit: Circuit = {
      open: 0,
      idleSinceMs: nowMs,
      used: false,
      pausesMs: [],
      roundTripsMs: [],
    };
    this.#circuits.set(id, circuit);
    return circuit;
  }
}
