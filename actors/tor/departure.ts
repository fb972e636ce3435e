import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { DrainView } from '../election/messages.js';
import { toErrorData } from '../kernel/errors.js';
import { earlier } from '../kernel/level-trigger.js';
import type { Logger } from '../kernel/logging.js';
import type { CircuitDescription } from './control/circuit.js';
import type { ConfLine } from './control/conf-line.js';
import type { CircEvent, CircMinorEvent } from './control/events.js';
import type { CircuitStatus } from './control/info.js';
import type { Departure as DepartureView } from './messages.js';
import { withExport } from './service-lines.js';

export interface DepartureEffects {
  readonly log: Logger;
  readonly instance: OnionAddress;
  /** Of the instance; null where Tor's options may not be changed. */
  readonly services: {
    readonly directory: string;
    /** GETCONF HiddenServiceOptions. */
    read(): Promise<readonly ConfLine[]>;
    /** Null: Tor can use the instance's directory, and would not exit on it. */
    fault(): Promise<unknown>;
    set(lines: readonly ConfLine[]): Promise<void>;
  } | null;
  closeCircuit(id: string): Promise<void>;
  /** The relays of the introduction points that were published last. */
  publishedRelays(): readonly RelayFingerprint[];
  publish(view: DepartureView): void;
  monotonicMs(): number;
  poke(): void;
}

const NOT_LEAVING = { phase: 'no', version: 0 } as const satisfies Pick<DrainView, 'phase' | 'version'>;

/**
 * Tor makes a closed introduction circuit anew, with the same keys, up to three times (hs_service.c
 * should_remove_intro_point), a second or so apart; then it takes another relay, whose keys are in no descriptor and
 * harm nobody. When none came for this long it has given up.
 */
const GIVEN_UP_AFTER_MS = 4_000;
const RETRY_MS = 2_000;
/** Streams that Tor began before an option was changed reach the proxy within this, however busy it is. */
const LAST_LINES_MS = 1_000;

const isIntroduction = (circuit: CircuitDescription, instance: OnionAddress): boolean =>
  circuit.purpose === 'HS_SERVICE_INTRO' &&
  circuit.hsState === 'HSSI_ESTABLISHED' &&
  (circuit.rendQuery === null || circuit.rendQuery === instance);

/** The coordination service of the same Tor has rendezvous circuits, too: only those that name the instance are clients'. */
const isRendezvous = (circuit: CircuitDescription, instance: OnionAddress): boolean =>
  circuit.purpose === 'HS_SERVICE_REND' && circuit.rendQuery === instance;

/**
 * The instance's circuits while this node drains. The introduction circuits that clients may know of are closed, so that
 * a client with an old descriptor is turned away by the relay and goes to the next point. Rendezvous circuits are closed
 * on order only: who knows their streams is the proxy, and Tor tells it by the line before each stream
 * (HiddenServiceExportCircuitID), which is set for as long as the node drains. Taking the service out of Tor would close
 * both kinds at once (hs_service.c close_service_circuits); changing an option of it closes none.
 */
export class Departure {
  readonly #effects: DepartureEffects;
  readonly #introduction = new Map<string, RelayFingerprint>();
  readonly #rendezvous = new Set<string>();
  #drain: Pick<DrainView, 'phase' | 'version'> = NOT_LEAVING;
  /** Relays of the introduction points that clients may know of. */
  #former: ReadonlySet<RelayFingerprint> = new Set();
  #formerSeenMs = 0;
  #active = false;
  #busy = false;
  /** Tor's option, as far as it is known. */
  #namesCircuits = true;
  /** When the streams of before that was switched off have all been taken. */
  #unnamedAtMs: number | null = null;
  #lookAtMs: number | null = null;

  constructor(effects: DepartureEffects) {
    this.#effects = effects;
  }

  /** This node drains, in whatever phase. */
  get isUnderWay(): boolean {
    return this.#drain.phase !== 'no';
  }

  get #isClosing(): boolean {
    return this.#drain.phase === 'emptying' || this.#drain.phase === 'drained';
  }

  begin(circuits: readonly CircuitStatus[]): void {
    this.#introduction.clear();
    this.#rendezvous.clear();
    this.#active = true;
    for (const circuit of circuits) this.#note(circuit);
    if (this.isUnderWay && this.#former.size === 0) {
      this.#former = this.#relaysThere();
      if (this.#isClosing) this.#closeFormer();
    }
    // A Tor that outlived a daemon which drained may still tell circuits to a proxy that does not expect it.
    this.#lookAtMs = 0;
    this.#tell();
    this.#effects.poke();
  }

  end(): void {
    this.#active = false;
    this.#introduction.clear();
    this.#rendezvous.clear();
  }

  /** Tor's options may have changed: a reload forgets what SETCONF set. */
  look(): void {
    if (!this.isUnderWay) return;
    this.#lookAtMs = 0;
    this.#effects.poke();
  }

  follow({ phase, version }: DrainView): void {
    const wasClosing = this.#isClosing;
    const wasUnderWay = this.isUnderWay;
    this.#drain = { phase, version };
    if (this.isUnderWay !== wasUnderWay) {
      this.#lookAtMs = 0;
      // Before the first circuit is closed: what is closed leaves the published points at once.
      this.#former = new Set(this.isUnderWay ? this.#effects.publishedRelays() : []);
      if (this.isUnderWay && this.#former.size === 0) this.#former = this.#relaysThere();
    }
    if (this.#isClosing && !wasClosing) {
      this.#formerSeenMs = this.#effects.monotonicMs();
      this.#closeFormer();
    }
    this.#tell();
    this.#effects.poke();
  }

  circuitEvent(event: CircEvent | CircMinorEvent): void {
    const ended = event.type === 'CIRC' && (event.status === 'CLOSED' || event.status === 'FAILED');
    if (ended) {
      this.#introduction.delete(event.id);
      this.#rendezvous.delete(event.id);
    } else this.#note(event);
    if (this.isUnderWay) this.#tell();
  }

  /** Closes those that are rendezvous circuits of the instance; of others nobody need speak. */
  close(circuits: readonly string[]): void {
    for (const id of circuits) if (this.#rendezvous.has(id)) this.#closeCircuit(id);
  }

  step(nowMs: number): number | null {
    if (!this.#active) return null;
    if (this.#lookAtMs !== null && nowMs >= this.#lookAtMs && !this.#busy) {
      this.#lookAtMs = null;
      void this.#bringExportInStep();
    }
    if (this.#unnamedAtMs !== null && nowMs >= this.#unnamedAtMs) this.#names(false);
    const givenUpAtMs = this.#isClosing ? this.#formerSeenMs + GIVEN_UP_AFTER_MS : 0;
    if (this.#isClosing && nowMs >= givenUpAtMs) this.#tell();
    const laterMs = earlier(this.#unnamedAtMs, givenUpAtMs > nowMs ? givenUpAtMs : null);
    return earlier(this.#busy ? null : this.#lookAtMs, laterMs);
  }

  /** Where it is not known what was published last, as after a restart of the actor, clients may know of any. */
  #relaysThere(): ReadonlySet<RelayFingerprint> {
    return new Set(this.#introduction.values());
  }

  #note(circuit: CircuitDescription): void {
    const relay = circuit.path.at(-1)?.fingerprint ?? null;
    if (isRendezvous(circuit, this.#effects.instance)) this.#rendezvous.add(circuit.id);
    if (relay === null || !isIntroduction(circuit, this.#effects.instance)) return;
    const isNew = !this.#introduction.has(circuit.id);
    this.#introduction.set(circuit.id, relay);
    if (isNew && this.#isClosing) this.#closeIfFormer(circuit.id, relay);
  }

  #closeFormer(): void {
    for (const [id, relay] of [...this.#introduction]) this.#closeIfFormer(id, relay);
  }

  #closeIfFormer(id: string, relay: RelayFingerprint): void {
    if (!this.#former.has(relay)) return;
    this.#formerSeenMs = this.#effects.monotonicMs();
    this.#closeCircuit(id);
  }

  #closeCircuit(id: string): void {
    this.#effects.closeCircuit(id).catch((error: unknown) => {
      // It closed by itself, or Tor did: the events tell.
      this.#effects.log.debug('a circuit was not closed', { problem: toErrorData(error, 'tor').what });
    });
  }

  #tell(): void {
    const { publish, monotonicMs } = this.#effects;
    if (!this.#isClosing) {
      publish({ version: 0, introduction: 0, rendezvous: [], namesCircuits: this.#namesCircuits });
      return;
    }
    const former = [...this.#introduction.values()].filter((relay) => this.#former.has(relay)).length;
    const mayReturn = monotonicMs() - this.#formerSeenMs < GIVEN_UP_AFTER_MS;
    publish({
      version: this.#drain.version,
      introduction: Math.max(former, mayReturn ? 1 : 0),
      rendezvous: [...this.#rendezvous].sort(),
      namesCircuits: this.#namesCircuits,
    });
  }

  #names(circuits: boolean): void {
    this.#unnamedAtMs = null;
    if (this.#namesCircuits === circuits) return;
    this.#namesCircuits = circuits;
    this.#tell();
  }

  async #bringExportInStep(): Promise<void> {
    const { services, log, poke, monotonicMs } = this.#effects;
    if (services === null) {
      // Whoever wrote this Tor's configuration did not ask for lines that only we read.
      this.#names(false);
      return;
    }
    this.#busy = true;
    try {
      const on = this.isUnderWay;
      const lines = withExport(await services.read(), services.directory, on);
      if (lines !== null && (await services.fault()) !== null) this.#lookAtMs = monotonicMs() + RETRY_MS;
      else {
        if (on) this.#names(true);
        if (lines !== null) await services.set(lines);
        if (!on) this.#unnamedAtMs = monotonicMs() + LAST_LINES_MS;
      }
    } catch (error) {
      log.debug('Tor does not tell the circuits of streams yet', { problem: toErrorData(error, 'tor').what });
      this.#lookAtMs = monotonicMs() + RETRY_MS;
    } finally {
      this.#busy = false;
      poke();
    }
  }
}
