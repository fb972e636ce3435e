import { startSampleTarget } from '../support/sample-target.js';
import { freePorts } from '../support/tor-network/free-ports.js';
import type { NetworkPlace } from '../support/tor-network/options.js';

/** How the nodes of the demo meet. */
export const TRANSPORTS = ['wireguard', 'direct'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** What stands for one operator's machine, with a copy of the site on it. */
export interface DemoMachine {
  /** Its name, and that of its node. */
  readonly name: string;
  /** What goes in front of a command that shall run on it. */
  readonly enter: readonly string[];
  /** How its node is reached by the others, as arguments of `init` and `join`. */
  readonly reach: readonly string[];
  readonly transport: Transport;
  /** Where the site is, seen from the machine. */
  readonly site: string;
  /** Kills by SIGKILL what the node has started beside its Tor, and the site where that is on this machine alone. */
  losePower(): Promise<void>;
  stop(): Promise<void>;
}

/** Where the machines are. */
export interface World {
  /** The transport between the nodes, and where all is, in words. */
  readonly description: string;
  /** Where the private Tor network is; on 127.0.0.1 unless told. */
  readonly place?: NetworkPlace;
  /** A TCP port for the visitor's SOCKS can be reached from outside; else it has to be a unix socket. */
  readonly isOnLoopback: boolean;
  /** @param index counts from 1 */
  makeMachine(name: string, index: number): Promise<DemoMachine>;
  stop(): Promise<void>;
}

/** Machines that are all this one: each node has its port on 127.0.0.1. */
export const loopbackWorld = (): World => ({
  description: 'direct (UDP), everything on 127.0.0.1',
  isOnLoopback: true,
  makeMachine: async (name) => {
    const [port = 0] = await freePorts(1);
    const { url, close } = await startSampleTarget({ name });
    return {
      name,
      enter: [],
      reach: ['--listen', `127.0.0.1:${String(port)}`],
      transport: 'direct',
      site: url,
      losePower: () => Promise.resolve(),
      stop: close,
    };
  },
  stop: () => Promise.resolve(),
});
