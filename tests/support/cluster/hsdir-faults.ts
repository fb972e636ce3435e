import { join } from 'node:path';
import { eventually } from '../eventually.js';
import { fetchFromHsDir } from '../hsdir-view.js';
import type { StockClient } from '../stock-client.js';
import { connectControl } from '../tor-network/control-connection.js';
import type { NetworkRelay, TorNetwork } from '../tor-network/network-types.js';
import type { Cluster } from './cluster.js';
import type { DaemonNode } from './daemon-node.js';
import { isPublished } from './status.js';

const PATIENCE_MS = 90_000;

/** A relay that holds the clients' descriptor now. */
export const holderOf = async (
  network: TorNetwork,
  { address }: Cluster,
  publisher: DaemonNode,
  client: StockClient,
): Promise<NetworkRelay> =>
  eventually(
    'an HSDir holds the descriptor',
    async () => {
      const status = await publisher.status();
      if (!isPublished(status)) return null;
      for (const { fingerprint } of status.descriptors.flatMap(({ hsdirs }) => hsdirs)) {
        const relay = network.relays.find((one) => one.fingerprint === fingerprint);
        if (relay === undefined) continue;
        if ((await fetchFromHsDir(client, address, fingerprint)).found) return relay;
      }
      return null;
    },
    { timeoutMs: PATIENCE_MS },
  );

/** The revision counters of both descriptors, once every HSDir of each has confirmed it; null before. */
export const countersOf = async (publisher: DaemonNode): Promise<readonly bigint[] | null> => {
  const status = await publisher.status();
  return isPublished(status)
    ? status.descriptors.map(({ revision_counter: counter }) => BigInt(counter))
    : null;
};

/** Has the node's Tor close the circuits of one published introduction point, as a relay does that is flooded. */
export const closeIntroductionPoint = async (node: DaemonNode): Promise<void> => {
  const { dir } = node.options;
  const [relay] = (await node.actor('tor')).context['introductionRelays'] as readonly string[];
  const control = await connectControl(
    join(dir, 'run', 'tor-control.sock'),
    join(dir, 'state', 'tor', 'control_auth_cookie'),
  );
  try {
    const circuits = (await control.getInfo('circuit-status')).split('\n').filter((line) => {
      const [, , path = ''] = line.split(' ');
      return (
        line.includes('HS_STATE=HSSI_ESTABLISHED') &&
        path
          .split(',')
          .at(-1)
          ?.startsWith(`$${relay ?? '?'}`) === true
      );
    });
    if (circuits.length === 0) throw new Error('it has no circuit to its introduction point');
    for (const circuit of circuits) await control.command(`CLOSECIRCUIT ${circuit.split(' ')[0] ?? ''}`);
  } finally {
    control.close();
  }
};
