import type { Duplex } from 'node:stream';
import type { Curve25519SecretKey, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { Clock } from '../kernel/clock.js';
import type { Answer, Payload } from '../kernel/messages.js';
import type { StreamAddress } from '../kernel/stream-address.js';
import type { ClientAuthorization } from '../tor/messages.js';
import { dialDirect } from './join-dial.js';
import { exchangeFrames } from './join-exchange.js';
import { COORDINATION_PORTS } from './messages.js';
import type { TorTransportWorld } from './tor-transport/tor-transport.js';

interface CallerWorld {
  readonly clock: Clock;
  readonly dial: TorTransportWorld['dial'];
  /** What opens doors has changed: Tor must be told. */
  readonly doorsChanged: () => void;
}

type Call = Payload<'wg.call-join'>;

const problemOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message.slice(0, 100)) : 'unknown';

/**
 * Calls members for a join of this node's own: by TCP, or by the daemon's Tor, which is told for as long what opens the door
 * of the service that is called.
 */
export class JoinCaller {
  readonly #world: CallerWorld;
  readonly #doors = new Map<OnionAddress, Curve25519SecretKey>();
  readonly #ended = new AbortController();
  #socks: StreamAddress | null = null;

  constructor(world: CallerWorld) {
    this.#world = world;
  }

  useSocks(socks: StreamAddress | null): void {
    this.#socks = socks;
  }

  /** With those of calls that are under way: a member that does not know this node opens to its token only. */
  doors(ofMembers: readonly ClientAuthorization[]): readonly ClientAuthorization[] {
    return [
      ...ofMembers.filter(({ address }) => !this.#doors.has(address)),
      ...[...this.#doors].map(([address, secret]) => ({ address, secret })),
    ];
  }

  async call(call: Call): Promise<Answer<'wg.call-join'>> {
    try {
      const stream = await this.#open(call);
      const frame = await exchangeFrames(stream, call.frame, this.#world.clock);
      return { frame, problem: null };
    } catch (error) {
      return { frame: null, problem: problemOf(error) };
    } finally {
      this.#shut(call);
    }
  }

  /** Whatever came of the call: what opens only until the token ends must not stand in for the pair's own key. */
  #shut({ coordination, clientAuthorization }: Call): void {
    if (coordination === null || this.#doors.get(coordination) !== clientAuthorization) return;
    this.#doors.delete(coordination);
    this.#world.doorsChanged();
  }

  async #open({ coordination, clientAuthorization, direct, attempt }: Call): Promise<Duplex> {
    if (direct !== null) return dialDirect(direct);
    if (coordination === null) throw new Error('the token names no address');
    if (this.#socks === null) throw new Error('Tor is not up');
    this.#doors.set(coordination, clientAuthorization);
    this.#world.doorsChanged();
    const { signal } = this.#ended;
    const at = { socks: this.#socks, address: coordination, port: COORDINATION_PORTS.join };
    const stream = await this.#world.dial({ ...at, isolation: `join-${String(attempt)}` }, signal);
    signal.addEventListener('abort', () => stream.destroy(), { once: true });
    return stream;
  }

  close(): void {
    this.#ended.abort();
  }
}
