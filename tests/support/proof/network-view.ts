import type { IdentityPublicKey } from '@rustbalance/crypto-worker/brands.js';
import { parseNetwork } from '@rustbalance/crypto-worker/network/network-view.js';
import { publicationPlan } from '@rustbalance/crypto-worker/ring/publication-plan.js';
import type { NetworkView, PublicationPlan } from '@rustbalance/crypto-worker/task-types.js';
import { valueOf } from '../../unit/crypto-worker/given.js';
import type { TorProcess } from '../tor-network/tor-process.js';

/** The network as this Tor knows it, read by the code under test from what its control port says. */
export const networkViewOf = async (tor: TorProcess): Promise<NetworkView> => {
  const control = await tor.control();
  const [consensus, microdescriptors] = await Promise.all([
    control.getInfo('dir/status-vote/current/consensus-microdesc'),
    control.getInfo('md/all'),
  ]);
  return valueOf(
    parseNetwork({
      consensus: new Uint8Array(Buffer.from(`${consensus}\n`, 'latin1')),
      microdescriptors: new Uint8Array(Buffer.from(microdescriptors, 'latin1')),
      testingTorNetwork: true,
    }),
  );
};

/** What is to be published where for an identity, by this Tor's consensus. */
export const planOf = async (tor: TorProcess, identity: IdentityPublicKey): Promise<PublicationPlan> =>
  valueOf(publicationPlan({ identity, network: await networkViewOf(tor) }));
