import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import { RbError } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { redactedOnion } from '../kernel/redact.js';
import type { ClientAuthorization } from './messages.js';

export interface ClientAuthorizationsEffects {
  readonly log: Logger;
  add(authorization: ClientAuthorization): Promise<void>;
  remove(address: OnionAddress): Promise<void>;
  poke(): void;
}

/** What to tell a Tor that has `given`, so that it has `wanted`. */
export interface AuthorizationChanges {
  readonly add: readonly ClientAuthorization[];
  readonly remove: readonly OnionAddress[];
}

type Keys = ReadonlyMap<OnionAddress, ClientAuthorization>;

const isSame = (one: ClientAuthorization | undefined, other: ClientAuthorization): boolean =>
  one !== undefined && Buffer.compare(one.secret, other.secret) === 0;

export const authorizationChanges = (given: Keys, wanted: Keys): AuthorizationChanges => ({
  add: [...wanted.values()].filter((key) => !isSame(given.get(key.address), key)),
  remove: [...given.keys()].filter((address) => !wanted.has(address)),
});

/** Tor answers at once; what it refuses now it may take after the next consensus. */
const RETRY_MS = 15_000;
/** Each key is given again this often; Tor replaces it by the same. */
const AGAIN_MS = 60_000;

/** Keeps the client authorizations of our Tor in step with the last order, over every restart of Tor. */
export class ClientAuthorizations {
  readonly #effects: ClientAuthorizationsEffects;
  #wanted = new Map<OnionAddress, ClientAuthorization>();
  #given = new Map<OnionAddress, ClientAuthorization>();
  #active = false;
  #busy = false;
  #session = 0;
  /** Rises when Tor may have forgotten: what was given before does not count. */
  #round = 0;
  #allGivenAtMs = 0;
  #dueAtMs: number | null = null;

  constructor(effects: ClientAuthorizationsEffects) {
    this.#effects = effects;
  }

  want(authorizations: readonly ClientAuthorization[]): void {
    this.#wanted = new Map(authorizations.map((authorization) => [authorization.address, authorization]));
    this.#dueAtMs = 0;
    this.#effects.poke();
  }

  /** A new connection. A Tor that went on has the keys still, and takes them again without harm. */
  begin(): void {
    this.#session++;
    this.#active = true;
    this.#busy = false;
    this.again();
  }

  /**
   * Tor may have read its configuration anew. Measured on tor 0.4.9.11: a reload, and a SETCONF even of an option that
   * has nothing to do with it, make it forget all keys that came by ONION_CLIENT_AUTH_ADD.
   */
  again(): void {
    this.#given = new Map([...this.#given].filter(([address]) => !this.#wanted.has(address)));
    this.#dueAtMs = 0;
    this.#round++;
    this.#effects.poke();
  }

  end(): void {
    this.#session++;
    this.#active = false;
  }

  step(nowMs: number): number | null {
    if (!this.#active || this.#busy || this.#dueAtMs === null) return null;
    if (nowMs < this.#dueAtMs) return this.#dueAtMs;
    // Of what others set to the value that it had, no event tells.
    if (nowMs - this.#allGivenAtMs >= AGAIN_MS) {
      this.#allGivenAtMs = nowMs;
      this.again();
    }
    this.#dueAtMs = null;
    this.#busy = true;
    const session = this.#session;
    void this.#bringInStep(session).then((failed) => {
      if (session !== this.#session) return;
      this.#busy = false;
      this.#dueAtMs ??= nowMs + (failed ? RETRY_MS : AGAIN_MS);
      this.#effects.poke();
    });
    return null;
  }

  /** Resolves with whether anything failed; what fails keeps nothing else from being done. */
  async #bringInStep(session: number): Promise<boolean> {
    const { add, remove } = authorizationChanges(this.#given, this.#wanted);
    let failed = false;
    const attempt = async (address: OnionAddress, work: () => Promise<void>): Promise<void> => {
      if (session !== this.#session) return;
      try {
        await work();
      } catch (error) {
        if (!(error instanceof RbError)) throw error;
        failed = true;
        this.#effects.log.debug('client authorization refused', {
          address: redactedOnion(address),
          problem: error.data.what,
        });
      }
    };
    for (const address of remove) {
      await attempt(address, async () => {
        await this.#effects.remove(address);
        this.#given.delete(address);
      });
    }
    for (const authorization of add) {
      await attempt(authorization.address, async () => {
        const round = this.#round;
        await this.#effects.add(authorization);
        if (round === this.#round) this.#given.set(authorization.address, authorization);
      });
    }
    return failed;
  }
}
