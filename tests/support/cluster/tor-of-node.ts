import { join } from 'node:path';
import { connectControl } from '../tor-network/control-connection.js';
import type { ControlConnection } from '../tor-network/control-connection.js';
import type { Knowledge } from '../tor-network/calm.js';
import type { DaemonNode } from './daemon-node.js';

/** The relays that serve a node's published introduction points, as its TorActor says; none while it says nothing. */
export const introductionRelays = async (node: DaemonNode): Promise<readonly string[]> => {
  const relays = (await node.actor('tor')).context['introductionRelays'] as readonly string[] | undefined;
  return relays ?? [];
};

/** The consensus that a node publishes by. */
export const knownToNode =
  (node: DaemonNode): Knowledge =>
  async () =>
    Number((await node.actor('tor')).context['consensusValidAfter'] ?? Number.NaN);

/** Speaks with a node's managed Tor on a control connection of the test's own. */
export const withTorControl = async <T>(
  node: DaemonNode,
  use: (control: ControlConnection) => Promise<T>,
): Promise<T> => {
  const control = await connectControl(
    join(node.options.dir, 'run', 'tor-control.sock'),
    join(node.stateDir, 'tor', 'control_auth_cookie'),
  );
  try {
    return await use(control);
  } finally {
    control.close();
  }
};

/** A circuit of a Tor, of GETINFO circuit-status (control-spec §4.1.1). */
export interface TorCircuit {
  readonly id: string;
  /** Fingerprints, the first hop first. */
  readonly hops: readonly string[];
  readonly line: string;
}

const FINGERPRINT = /^\$([0-9A-F]{40})/;

export const circuitsOf = async (control: ControlConnection): Promise<readonly TorCircuit[]> =>
  (await control.getInfo('circuit-status')).split('\n').map((line) => {
    const [id = '', , path = ''] = line.split(' ');
    return { id, hops: path.split(',').flatMap((hop) => FINGERPRINT.exec(hop)?.[1] ?? []), line };
  });
