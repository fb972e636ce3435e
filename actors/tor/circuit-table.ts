import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { CircEvent, CircMinorEvent } from './control/events.js';
import type { CircuitDescription } from './control/circuit.js';
import type { CircuitStatus } from './control/info.js';

/** An established introduction circuit of this node's instance. */
export interface IntroCircuit {
  readonly relay: RelayFingerprint;
  /** Wall clock (ms) at which it was established; null when it was there before we looked. */
  readonly establishedAtMs: number | null;
}

/** What an event meant for the instance's introduction points. */
export type CircuitChange =
  | { readonly kind: 'established'; readonly relay: RelayFingerprint }
  | { readonly kind: 'lost'; readonly relay: RelayFingerprint };

const isEstablishedIntro = (circuit: CircuitDescription, instance: OnionAddress): boolean =>
  circuit.purpose === 'HS_SERVICE_INTRO' &&
  circuit.hsState === 'HSSI_ESTABLISHED' &&
  // Another service of a shared Tor names its own address here; a Tor that names none is taken to mean ours.
  (circuit.rendQuery === null || circuit.rendQuery === instance);

/**
 * The established introduction circuits of the instance, from GETINFO circuit-status and then from events. GETINFO of
 * the own descriptor lists a dead point for seconds; these circuits tell at once.
 */
export class CircuitTable {
  readonly #instance: OnionAddress;
  readonly #circuits = new Map<string, IntroCircuit>();
  #lastLossAtMs: number | null = null;

  constructor(instance: OnionAddress) {
    this.#instance = instance;
  }

  /** Takes the list of all circuits that Tor gave; events that came before it are part of it. */
  load(circuits: readonly CircuitStatus[]): void {
    const before = new Map(this.#circuits);
    this.#circuits.clear();
    for (const circuit of circuits) {
      const relay = circuit.path.at(-1)?.fingerprint ?? null;
      if (relay === null || !isEstablishedIntro(circuit, this.#instance)) continue;
      const known = before.get(circuit.id);
      this.#circuits.set(circuit.id, { relay, establishedAtMs: known?.establishedAtMs ?? null });
    }
  }

  /** Takes one event; returns what changed, or null. */
  apply(event: CircEvent | CircMinorEvent, wallMs: number): CircuitChange | null {
    const known = this.#circuits.get(event.id);
    const ended = event.type === 'CIRC' && (event.status === 'CLOSED' || event.status === 'FAILED');
    if (!ended && isEstablishedIntro(event, this.#instance)) {
      const relay = event.path.at(-1)?.fingerprint ?? null;
      if (relay === null || known !== undefined) return null;
      this.#circuits.set(event.id, { relay, establishedAtMs: wallMs });
      return { kind: 'established', relay };
    }
    if (known === undefined) return null;
    this.#circuits.delete(event.id);
    this.#lastLossAtMs = wallMs;
    return { kind: 'lost', relay: known.relay };
  }

  clear(): void {
    this.#circuits.clear();
  }

  get size(): number {
    return this.#circuits.size;
  }

  /**
   * Does an established circuit end at this relay? Where desc_current and desc_next have a point each on one relay,
   * the loss of one of the two circuits shows only when the descriptor is read again.
   */
  isLive(relay: RelayFingerprint): boolean {
    for (const circuit of this.#circuits.values()) if (circuit.relay === relay) return true;
    return false;
  }

  /** When the newest circuit to this relay was established; null when there is none or nobody saw it. */
  establishedAtMs(relay: RelayFingerprint): number | null {
    let newest: number | null = null;
    for (const circuit of this.#circuits.values()) {
      if (circuit.relay !== relay || circuit.establishedAtMs === null) continue;
      newest = Math.max(newest ?? 0, circuit.establishedAtMs);
    }
    return newest;
  }

  /** Wall clock (ms) of the last loss; null when none was seen. */
  get lastLossAtMs(): number | null {
    return this.#lastLossAtMs;
  }

  get relays(): readonly RelayFingerprint[] {
    return [...this.#circuits.values()].map(({ relay }) => relay);
  }
}
