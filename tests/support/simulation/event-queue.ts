export interface QueuedEvent {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

const before = (a: QueuedEvent, b: QueuedEvent): boolean =>
  a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;

/** Events in order of time, then of scheduling: a binary heap, since a simulated day has millions. */
export class EventQueue {
  readonly #heap: QueuedEvent[] = [];
  #order = 0;
  nowMs = 0;

  schedule(atMs: number, run: () => void): QueuedEvent {
    const event = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run, cancelled: false };
    this.#heap.push(event);
    this.#up(this.#heap.length - 1);
    return event;
  }

  /** Runs everything due until `untilMs`, which is the time afterwards. */
  runUntil(untilMs: number): void {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.#pop();
      if (next.cancelled) continue;
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = untilMs;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down(0);
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(this.#heap[at]!, this.#heap[parent]!)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(from: number): void {
    let at = from;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        const event = this.#heap[child];
        if (event !== undefined && before(event, this.#heap[least]!)) least = child;
      }
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a]!;
    this.#heap[a] = this.#heap[b]!;
    this.#heap[b] = kept;
  }
}
