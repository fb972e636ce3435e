import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { EventQueue } from './event-queue.js';

/** How the simulated network treats datagrams. Probabilities from 0 to 1, times in ms. */
export interface NetworkWeather {
  readonly loss: number;
  readonly duplication: number;
  /** One way: uniform from shortest to longest, so datagrams overtake one another. */
  readonly shortestDelayMs: number;
  readonly longestDelayMs: number;
  /** Part of the datagrams that is kept back for up to keptBackMs. */
  readonly keptBack: number;
  readonly keptBackMs: number;
  /** How many recorded datagrams an attacker sends again, to whomever, each second. */
  readonly replaysPerSecond: number;
}

export const FAIR_WEATHER: NetworkWeather = {
  loss: 0,
  duplication: 0,
  shortestDelayMs: 1,
  longestDelayMs: 5,
  keptBack: 0,
  keptBackMs: 0,
  replaysPerSecond: 0,
};

const RECORDED = 512;

/** Datagrams between nodes by number. Links are cut one way at a time. */
export class SimulatedNetwork {
  weather: NetworkWeather;
  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #deliver: (to: number, bytes: Uint8Array) => void;
  readonly #cut = new Set<string>();
  readonly #recorded: { to: number; bytes: Uint8Array }[] = [];
  #sent = 0;
  #bytes = 0;

  constructor(
    queue: EventQueue,
    random: Random,
    weather: NetworkWeather,
    deliver: (to: number, bytes: Uint8Array) => void,
  ) {
    this.#queue = queue;
    this.#random = random;
    this.weather = weather;
    this.#deliver = deliver;
    this.#attack();
  }

  get sent(): { readonly datagrams: number; readonly bytes: number } {
    return { datagrams: this.#sent, bytes: this.#bytes };
  }

  cut(from: number, to: number): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  isCut(from: number, to: number): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  send(from: number, to: number, bytes: Uint8Array): void {
    this.#sent++;
    this.#bytes += bytes.length;
    this.#record(to, bytes);
    if (this.isCut(from, to) || this.#random.uniform() < this.weather.loss) return;
    this.#carry(to, bytes);
    if (this.#random.uniform() < this.weather.duplication) this.#carry(to, bytes);
  }

  #carry(to: number, bytes: Uint8Array): void {
    const { shortestDelayMs, longestDelayMs, keptBack, keptBackMs } = this.weather;
    const delay = shortestDelayMs + this.#random.uniform() * (longestDelayMs - shortestDelayMs);
    const extra = this.#random.uniform() < keptBack ? this.#random.uniform() * keptBackMs : 0;
    this.#queue.schedule(this.#queue.nowMs + delay + extra, () => {
      this.#deliver(to, bytes);
    });
  }

  #record(to: number, bytes: Uint8Array): void {
    if (this.weather.replaysPerSecond === 0) return;
    const slot = this.#recorded.length < RECORDED ? RECORDED : Math.floor(this.#random.uniform() * RECORDED);
    if (slot === RECORDED) this.#recorded.push({ to, bytes });
    else this.#recorded[slot] = { to, bytes };
  }

  /** An attacker who sees everything sends old datagrams again. */
  #attack(): void {
    const { replaysPerSecond } = this.weather;
    this.#queue.schedule(this.#queue.nowMs + 1000 / Math.max(1, replaysPerSecond), () => {
      const old = this.#recorded[Math.floor(this.#random.uniform() * this.#recorded.length)];
      if (replaysPerSecond > 0 && old !== undefined) this.#carry(old.to, old.bytes);
      this.#attack();
    });
  }
}
