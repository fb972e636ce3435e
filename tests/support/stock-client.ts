import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { fetchThroughTor, type FetchOptions, type FetchResult } from './stock-client-http.js';
import type { SocksListener } from './stock-client-socks.js';
import { ControlRefusedError } from './tor-network/control-connection.js';
import { hasWholeDirectory } from './tor-network/directory-view.js';
import type { TorNetwork } from './tor-network/network-types.js';
import type { TorProcess } from './tor-network/tor-process.js';

/** An unmodified Tor client, as a visitor of the onion service runs it. */
export interface StockClient {
  readonly name: string;
  readonly tor: TorProcess;
  readonly socks: SocksListener;
  /** Fetches a page on a fresh connection and, unless `isolation` says otherwise, a fresh circuit. Never throws. */
  fetch(address: string, options?: FetchOptions): Promise<FetchResult>;
  /**
   * SIGNAL NEWNYM, settled when Tor has done it: all cached descriptors, introduction-point failures and old
   * circuits are forgotten. Tor does this at most once in 10 s and delays more frequent ones.
   */
  newnym(): Promise<void>;
  /** Forgets the descriptor of one address and closes its introduction circuits, at once and as often as wanted. */
  dropDescriptor(address: string): Promise<void>;
  /** The cached descriptor, decrypted as far as Tor shows it, or undefined. */
  cachedDescriptor(address: string): Promise<string | undefined>;
  stop(): Promise<void>;
}

export interface StockClientOptions {
  /** Also the name of its folder; default `client` and a random part. */
  readonly name?: string;
  /** `unix` (default) or a free TCP port of 127.0.0.1, for people with a browser or curl. */
  readonly socks?: 'unix' | 'tcp';
  readonly torrc?: readonly string[];
  readonly timeoutMs?: number;
}

const DIRECTORY_TIMEOUT_MS = 60_000;
// Longer than Tor's own pause of 10 s between two.
const NEWNYM_TIMEOUT_MS = 15_000;
const NO_SUCH_DESCRIPTOR = 551;

/** `….onion`, whether or not the suffix was there. */
export const withOnion = (address: string): string =>
  address.endsWith('.onion') ? address : `${address}.onion`;

/** The 56 characters without `.onion`, as the control port wants them. */
export const withoutOnion = (address: string): string => address.replace(/\.onion$/, '');

const listenerOf = async (tor: TorProcess): Promise<SocksListener> => {
  const told = await (await tor.control()).getInfo('net/listeners/socks');
  const unix = /"unix:([^"]+)"/.exec(told)?.[1];
  if (unix !== undefined) return { path: unix };
  const tcp = /"([0-9.]+):(\d+)"/.exec(told);
  if (tcp === null) throw new Error(`tor "${tor.name}" has no SOCKS port: ${told}`);
  return { host: tcp[1] ?? '', port: Number(tcp[2]) };
};

class Client implements StockClient {
  readonly name: string;
  readonly tor: TorProcess;
  readonly socks: SocksListener;
  #fetches = 0;

  constructor(tor: TorProcess, socks: SocksListener) {
    this.name = tor.name;
    this.tor = tor;
    this.socks = socks;
  }

  fetch(address: string, options: FetchOptions = {}): Promise<FetchResult> {
    this.#fetches += 1;
    const isolation = options.isolation ?? `${this.name}-${String(this.#fetches)}`;
    return fetchThroughTor(this.socks, withOnion(address), isolation, options);
  }

  async newnym(): Promise<void> {
    const control = await this.tor.control();
    await control.subscribe('SIGNAL');
    const done = control.nextEvent('NEWNYM done', NEWNYM_TIMEOUT_MS, ({ keyword, text }) =>
      keyword === 'SIGNAL' && text === 'NEWNYM' ? true : undefined,
    );
    await Promise.all([done, control.command('SIGNAL NEWNYM')]);
  }

  async dropDescriptor(address: string): Promise<void> {
    const control = await this.tor.control();
    const onion = withoutOnion(address);
    // Removing an authorization drops the descriptor with it; so give one, of no meaning, and take it back.
    await control.command(`ONION_CLIENT_AUTH_ADD ${onion} x25519:${randomBytes(32).toString('base64')}`);
    await control.command(`ONION_CLIENT_AUTH_REMOVE ${onion}`);
  }

  async cachedDescriptor(address: string): Promise<string | undefined> {
    const control = await this.tor.control();
    try {
      return await control.getInfo(`hs/client/desc/id/${withoutOnion(address)}`);
    } catch (error) {
      if (error instanceof ControlRefusedError && error.status === NO_SUCH_DESCRIPTOR) return undefined;
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.tor.stop();
  }
}

/**
 * Starts a stock client in the network and waits until it has the whole directory: with a part of it, a client
 * computes other HSDirs than the service does, which is the client's fault and not what is measured.
 */
export const startStockClient = async (
  network: TorNetwork,
  options: StockClientOptions = {},
): Promise<StockClient> => {
  const name = options.name ?? `client-${randomBytes(3).toString('hex')}`;
  const socksPort =
    options.socks === 'tcp'
      ? 'SocksPort 127.0.0.1:auto'
      : `SocksPort unix:${join(network.dir, name, 'socks')}`;
  const torrc = [socksPort, ...(options.torrc ?? [])];
  const tor = await network.spawnTor({ name, torrc });
  const timeoutMs = options.timeoutMs ?? DIRECTORY_TIMEOUT_MS;
  await tor.bootstrapped(timeoutMs);
  await eventually(`${name} knows every relay`, () => hasWholeDirectory(tor), { timeoutMs });
  return new Client(tor, await listenerOf(tor));
};
