import { startSampleTarget } from '../support/sample-target.js';
import { freePorts } from '../support/tor-network/free-ports.js';

/** How the nodes of the demo meet. */
export type Transport = 'direct' | 'wireguard';

export interface Site {
  readonly url: string;
  stop(): Promise<void>;
}

/** What stands for one operator's machine. */
export interface Machine {
  /** Its name, and that of its node. */
  readonly name: string;
  /** What goes in front of a command that shall run on it. */
  readonly enter: readonly string[];
  /** How its node is reached by the others, as arguments of `init` and `join`. */
  readonly reach: readonly string[];
  /** A copy of the operator's site, on this machine. */
  startSite(): Promise<Site>;
}

/** Machines that are one and the same: each node has its port on 127.0.0.1. */
export const loopbackMachines = async (names: readonly string[]): Promise<readonly Machine[]> => {
  const ports = await freePorts(names.length);
  return names.map((name, i) => ({
    name,
    enter: [],
    reach: ['--listen', `127.0.0.1:${String(ports[i] ?? 0)}`],
    startSite: async () => {
      const { url, close } = await startSampleTarget({ name });
      return { url, stop: close };
    },
  }));
};
