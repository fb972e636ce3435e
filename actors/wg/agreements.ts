import type { Ed25519PublicKey, Ed25519Seed, PairAgreement } from '@rustbalance/crypto-worker/brands.js';
import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { RunTask } from '@rustbalance/crypto-worker/tasks.js';

/** What this node agrees on with each other one: tunnels and doors derive their keys from it. */
export interface Agreements {
  /** Null for a key that is no usable one, and for one that was not learned. */
  with(peer: Ed25519PublicKey): PairAgreement | null;
}

/** Computed in the pool, once for each peer: 0.3 ms each, which a cluster of 200 would make a stop of 60 ms. */
export class PairAgreements implements Agreements {
  readonly #seed: Ed25519Seed | null;
  readonly #run: RunTask;
  readonly #known = new Map<string, PairAgreement | null>();

  /** @param seed null on a node without a key, which agrees with nobody */
  constructor(seed: Ed25519Seed | null, run: RunTask) {
    this.#seed = seed;
    this.#run = run;
  }

  with(peer: Ed25519PublicKey): PairAgreement | null {
    return this.#known.get(bytesKey(peer)) ?? null;
  }

  #unknown(peers: readonly Ed25519PublicKey[]): readonly Ed25519PublicKey[] {
    return this.#seed === null ? [] : peers.filter((peer) => !this.#known.has(bytesKey(peer)));
  }

  /** Rejects when the pool does not answer. */
  async learn(peers: readonly Ed25519PublicKey[]): Promise<void> {
    const unknown = this.#unknown(peers);
    if (this.#seed === null || unknown.length === 0) return;
    const result = await this.#run('pairAgreements', { seed: this.#seed, peers: unknown });
    if (!result.ok) throw new Error(result.code);
    for (const [index, peer] of unknown.entries())
      this.#known.set(bytesKey(peer), result.value[index] ?? null);
  }
}
