import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { errorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { machineRoutes, type DefaultRoutes } from './default-routes.js';
import type { TorNetworkSwitch } from './outage-watch.js';
import { SessionWork } from './session-work.js';

export interface AddressWatchEffects {
  readonly log: Logger;
  /** The addresses of this machine by which Tor may reach its network. */
  addresses(): ReadonlySet<string>;
  /** Introduction circuits that look alive carry nothing: no client shall be sent to them. */
  withhold(): void;
  /** They carry again; `anew`: all circuits of before are gone. */
  release(anew: boolean): void;
  /** What may be done to a Tor of ours; null on any other. */
  readonly network: TorNetworkSwitch | null;
  poke(): void;
}

/** One system call. Clients are sent into nothing for as long as nobody looks. */
const LOOK_EVERY_MS = 2_000;

const holdsAll = (set: ReadonlySet<string>, wanted: ReadonlySet<string>): boolean =>
  [...wanted].every((one) => set.has(one));

/**
 * IPv4 where there is any, by which Tor connects then. Only those of interfaces that a default route leads to: bridges of
 * containers and the like come and go, and no connection of Tor's is from them.
 */
export const outwardAddresses = (
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>,
  tunnel: string,
  routes: DefaultRoutes,
): ReadonlySet<string> => {
  const of = (names: ReadonlySet<string>, wanted: NetworkInterfaceInfo['family']): readonly string[] =>
    [...names]
      .filter((name) => name !== tunnel)
      .flatMap((name) => interfaces[name] ?? [])
      .filter(({ family, internal }) => family === wanted && !internal)
      .map(({ address }) => address)
      .filter((address) => !/^(?:169\.254\.|fe[89ab])/i.test(address));
  const four = of(routes.four, 'IPv4');
  return new Set(four.length > 0 ? four : of(routes.six, 'IPv6'));
};

/** Those of the machine that this runs on. */
export const machineAddresses = (tunnel: string) => (): ReadonlySet<string> =>
  outwardAddresses(networkInterfaces(), tunnel, machineRoutes());

/**
 * Has Tor make its connections anew when the machine has lost an address. What was connected from it can never carry
 * again, and Tor notices nothing: TCP sends into nothing for a quarter of an hour, while circuits look alive and clients are
 * sent to introduction points that are dead. An address that comes back as it was (a lease renewed) ends the matter: its
 * connections still stand.
 */
export class AddressWatch {
  readonly #effects: AddressWatchEffects;
  readonly #work: SessionWork;
  /** Of which connections may be open. */
  #used: ReadonlySet<string> = new Set();
  /** At the last look. */
  #seen: ReadonlySet<string> = new Set();
  #isLost = false;
  #lookAtMs = 0;

  constructor(effects: AddressWatchEffects) {
    this.#effects = effects;
    this.#work = new SessionWork(effects);
  }

  /** A connection to Tor is there. */
  begin(): void {
    this.#work.begin();
    this.#used = this.#effects.addresses();
    this.#seen = this.#used;
    this.#lookAtMs = 0;
  }

  /** It is lost; of another Tor nothing is known. */
  end(): void {
    this.#work.end();
    if (this.#isLost) this.#effects.release(false);
    this.#isLost = false;
  }

  step(nowMs: number): number | null {
    if (!this.#work.isFree) return null;
    if (nowMs < this.#lookAtMs) return this.#lookAtMs;
    this.#lookAtMs = nowMs + LOOK_EVERY_MS;
    const { network } = this.#effects;
    const now = this.#effects.addresses();
    const isSettled = now.size > 0 && now.size === this.#seen.size && holdsAll(now, this.#seen);
    this.#seen = now;
    const isLost = !holdsAll(now, this.#used);
    if (isLost && !this.#isLost) this.#lost(now);
    else if (!isLost && this.#isLost) this.#over(false);
    // In the middle of a change Tor would find no way out, and wait before it tries again.
    else if (isLost && isSettled && network !== null) this.#work.run(this.#reconnect(network, now));
    if (!isLost) this.#used = now;
    return this.#lookAtMs;
  }

  #lost(now: ReadonlySet<string>): void {
    const error = errorData('tor.address-lost', 'tor');
    this.#effects.log.warn(error.what, {}, error);
    if (this.#effects.network === null) {
      this.#used = now;
      return;
    }
    this.#isLost = true;
    this.#effects.withhold();
  }

  #over(anew: boolean): void {
    this.#isLost = false;
    this.#effects.release(anew);
  }

  async #reconnect(network: TorNetworkSwitch, now: ReadonlySet<string>): Promise<void> {
    const isCurrent = this.#work.whileConnected();
    await network.reconnect();
    if (!isCurrent()) return;
    this.#used = now;
    this.#effects.log.info('the machine has another address: Tor makes its connections anew');
    this.#over(true);
  }
}
