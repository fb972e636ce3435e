import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from './clock.js';
import type { Random } from './random.js';
import type { Secret } from './redact.js';

/** canary: a request like any client's. A number: a probe of that target, whatever is thought of it. */
export type SelfTest = 'canary' | number;

/** Request field, in lower case, that makes a request a self-test. It never reaches a target. */
export const SELF_TEST_FIELD = 'rb-self-test';
/** Response fields: which node answered, and with which target (from 1), or that none was well. */
export const ANSWERED_BY_FIELD = 'rb-node';
export const ANSWERED_WITH_FIELD = 'rb-target';

/**
 * How far the clocks of two nodes may be apart, with the time that a request takes to get through. A token that somebody
 * saw (only nodes of the cluster and their Tors can) is worth nothing after that.
 */
const VALID_FOR_SECS = 60;

/** A node makes one a minute, a probe one in 5 s for each of 16 targets at most: far fewer are valid at one time. */
const MOST_REMEMBERED = 4096;

const FORM = /^(canary|target-\d{1,2})\.(\d{1,12})\.([0-9a-f]{32})\.([0-9a-f]{64})$/;

/**
 * Makes and checks what tells a node's proxy that a request is a self-test: HMAC-SHA256 of purpose, time and a random
 * number that a proxy takes only once.
 */
export class SelfTestTokens {
  readonly #key: Secret;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Random numbers of tokens that were taken, with the time (Unix seconds) from which none of theirs is valid. */
  readonly #taken = new Map<string, number>();

  constructor(key: Secret, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#key = key;
    this.#clock = clock;
    this.#random = random;
  }

  issue(test: SelfTest): string {
    const purpose = test === 'canary' ? test : `target-${String(test)}`;
    const nonce = Buffer.from(this.#random.bytes(16)).toString('hex');
    const body = `${purpose}.${String(this.#nowSecs())}.${nonce}`;
    return `${body}.${this.#mac(body).toString('hex')}`;
  }

  /**
   * What a token asks for. Null: it is not of this cluster, and means nothing to us. `stale`: it is, but too old, or was
   * taken before.
   */
  take(token: string): SelfTest | 'stale' | null {
    const [, purpose = '', secs, nonce = '', mac = ''] = FORM.exec(token) ?? [];
    if (secs === undefined) return null;
    const expected = this.#mac(token.slice(0, token.lastIndexOf('.')));
    if (!timingSafeEqual(expected, Buffer.from(mac, 'hex'))) return null;
    const nowSecs = this.#nowSecs();
    this.#forget(nowSecs);
    const isFresh = Math.abs(nowSecs - Number(secs)) <= VALID_FOR_SECS;
    if (!isFresh || this.#taken.has(nonce) || this.#taken.size >= MOST_REMEMBERED) return 'stale';
    this.#taken.set(nonce, Number(secs) + VALID_FOR_SECS);
    return purpose === 'canary' ? purpose : Number(purpose.slice('target-'.length));
  }

  #forget(nowSecs: number): void {
    for (const [nonce, untilSecs] of this.#taken) if (untilSecs < nowSecs) this.#taken.delete(nonce);
  }

  #nowSecs(): number {
    return Math.floor(this.#clock.wallMs() / 1000);
  }

  #mac(body: string): Buffer {
    return createHmac('sha256', this.#key.reveal()).update('rustbalance self-test v1 ').update(body).digest();
  }
}
