import type { NodeId } from '../kernel/brands.js';
import type { Config } from '../kernel/config/schema.js';
import type { ClusterState, World } from './cluster-state.js';
import { takeRecords } from './gossip.js';
import { ownAddresses, renewedOwnRecord } from './own-record.js';

/**
 * Says in the own record what the configuration says by now.
 *
 * @param nodeId the name that the record shall have
 */
export const renewOwnRecord = (
  state: ClusterState,
  world: World,
  config: Config,
  nodeId: NodeId = state.configured.nodeId,
): void => {
  const { signer } = state.membership;
  if (signer === null) return;
  const renewed = renewedOwnRecord(
    signer,
    state.records,
    { ...state.configured, nodeId },
    state.hasKey,
    ownAddresses(config),
  );
  if (renewed !== null) takeRecords(state, world, [renewed], null, world.clock.monotonicMs());
};
