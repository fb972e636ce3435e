/**
 * Waits before Tor is made to upload again what an HSDir refused. Tor counts revisions by the second (rend-spec-v3
 * appendix F) and never retries: of two descriptors of one second the HSDirs keep the first (measured on tor 0.4.9.11),
 * and who was let in by the second would stay out for up to two hours. One second is enough for that; the later ones
 * are for HSDirs that refuse for another reason. Each costs one upload of the service's descriptors.
 */
const WAITS_MS = [1_500, 15_000, 60_000] as const;

/** When to have refused descriptors uploaded again. */
export class RefusedUploads {
  #retries = 0;
  #dueAtMs: number | null = null;

  /** Monotonic time of the next retry; null while none is due. */
  get dueAtMs(): number | null {
    return this.#dueAtMs;
  }

  /** An HSDir refused a descriptor. Refusals that come while a retry is waited for are one. */
  refused(nowMs: number): void {
    const wait = WAITS_MS[this.#retries];
    if (this.#dueAtMs === null && wait !== undefined) this.#dueAtMs = nowMs + wait;
  }

  /** Another descriptor than those that were refused is made: it has all retries before it. */
  changed(): void {
    this.#retries = 0;
  }

  /** Whether to have them uploaded again now. */
  take(nowMs: number): boolean {
    if (this.#dueAtMs === null || nowMs < this.#dueAtMs) return false;
    this.#dueAtMs = null;
    this.#retries++;
    return true;
  }

  /** Another Tor, or none. */
  reset(): void {
    this.#retries = 0;
    this.#dueAtMs = null;
  }
}
