import type { NodeId } from '../kernel/brands.js';
import type { ClusterState, World } from './cluster-state.js';
import { takeRecords } from './gossip.js';
import { admission, removal, revocation } from './records/issuing.js';
import { withRecords } from './records/record-set.js';
import type { SignedRecord } from './records/record.js';
import { joinTokensOf, membersOf } from './records/views.js';

/** A member by configuration alone is removed by a record all the same: no other word outlives a restart. */
const removalOf = (state: ClusterState, id: NodeId): SignedRecord | null => {
  const { signer, members } = state.membership;
  if (signer === null) return null;
  const recorded = membersOf(state.records).find((record) => record.id === id && record.state === 'present');
  if (recorded !== undefined) return removal(signer, state.records, recorded.publicKey);
  const member = members.find((one) => one.id === id);
  if (member === undefined) return null;
  const fields = {
    id,
    publicKey: member.publicKey,
    priority: 1,
    hasMasterKey: false,
    coordination: null,
    wireguard: null,
    direct: null,
  };
  const known = admission(signer, state.records, fields);
  return known === null ? null : removal(signer, withRecords(state.records, [known]), member.publicKey);
};

/**
 * Whoever was a member knows the cluster token and the ids of the tokens that live, and so their secrets: with one of
 * them it would come back under another key.
 */
const revocations = ({ membership: { signer }, records }: ClusterState): readonly SignedRecord[] =>
  signer === null ? [] : joinTokensOf(records).flatMap((token) => revocation(signer, token) ?? []);

/**
 * Removes a member for ever, and every join token with it, on every node that hears of it. A node cannot remove itself: nobody would be left to tell
 * the others until they have all heard.
 *
 * @returns whether there is no such member any more, and was one
 */
export const removeMember = (state: ClusterState, world: World, id: NodeId, nowMs: number): boolean => {
  if (id === state.membership.self.id) return false;
  const record = removalOf(state, id);
  if (record !== null) return takeRecords(state, world, [record, ...revocations(state)], null, nowMs);
  return membersOf(state.records).some((member) => member.id === id && member.state === 'removed');
};
