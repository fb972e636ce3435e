import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { encodeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import { errorData } from '../kernel/errors.js';
import type { ClusterState, World } from './cluster-state.js';
import type { Member } from './members.js';
import type { MemberAddresses } from './messages.js';
import { newPeer, pointCount } from './peer.js';
import type { Peer } from './peer.js';
import { post } from './post.js';
import { memberKey, recordsOf, fingerprintOf } from './records/record-set.js';
import type { MemberRecord } from './records/record.js';
import { memberOf, presentMembers } from './records/views.js';
import { scaledSettings } from './scale.js';
import { tagKey } from './wire/header.js';
import type { SetDigest } from './wire/message-types.js';
import { rosterDigest } from './wire/set-digest.js';

/** Who belongs to the cluster now: the configured members and those of the records, without the removed ones. */

const addressesOf = (record: MemberRecord): MemberAddresses => ({
  direct: record.direct,
  wireguard: record.wireguard,
  coordination: record.coordination === null ? null : encodeOnionAddress(record.coordination),
});

type Wanted = Pick<Member, 'id' | 'publicKey' | 'addresses'>;

const isRemoved = (state: ClusterState, { publicKey }: Pick<Member, 'publicKey'>): boolean =>
  memberOf(state.records, publicKey)?.state === 'removed';

/** A configured member keeps the name that this node's operator gave it; where it is found it knows best itself. */
const configured = (state: ClusterState): readonly Wanted[] =>
  state.membership.members
    .filter((member) => !isRemoved(state, member))
    .map((member) => {
      const record = memberOf(state.records, member.publicKey);
      if (record === null) return member;
      const addresses = addressesOf(record);
      return { ...member, addresses: { ...addresses, direct: addresses.direct ?? member.addresses.direct } };
    });

/** Of two members with one name the first counts: configured ones, then by node key, which is the same everywhere. */
const wantedMembers = (state: ClusterState, nowMs: number): readonly Wanted[] => {
  const { self } = state.membership;
  const known = configured(state);
  const keys = new Set(known.map(({ publicKey }) => bytesKey(publicKey)));
  if (self.publicKey !== null) keys.add(bytesKey(self.publicKey));
  const recorded = presentMembers(state.records)
    .filter(({ publicKey }) => !keys.has(bytesKey(publicKey)))
    .map((record): Wanted => ({ ...record, addresses: addressesOf(record) }));
  const names = new Set<string>([self.id]);
  return [...known, ...recorded].filter(({ id }) => {
    const isNew = !names.has(id);
    names.add(id);
    if (!isNew) {
      const detail = { field: 'id', peer: id };
      state.findings.raise(`twice:${id}`, errorData('cluster.member-twice', 'election', detail), nowMs);
    }
    return isNew;
  });
};

/** Names what the members' heartbeats must agree on: all records, and the members that have none. */
const digestOf = (state: ClusterState): SetDigest => {
  const { self, members } = state.membership;
  const named = [...members, ...(self.publicKey === null ? [] : [{ ...self, publicKey: self.publicKey }])];
  const withoutRecord = named.filter(({ publicKey }) => !state.records.has(memberKey(publicKey)));
  return rosterDigest(withoutRecord, recordsOf(state.records).map(fingerprintOf));
};

/** A removed member shall hear why nobody answers it any more; this is the last that is sent to it. */
const sayFarewell = (state: ClusterState, world: World, peer: Peer): void => {
  for (const { record, bytes } of state.records.get(memberKey(peer.member.publicKey)) ?? []) {
    if (record.kind === 'member' && record.state === 'removed')
      post(state, world, peer, { kind: 'record', bytes });
  }
};

const drop = (state: ClusterState, world: World, gone: Peer): void => {
  sayFarewell(state, world, gone);
  const { id } = gone.member;
  for (const peer of state.peers) peer.askedBy.delete(gone);
  for (const what of ['clock-skew', 'members', 'claim']) state.findings.clear(`${what}:${id}`);
  if (!state.isExpelled)
    world.log.warn(`Peer ${id} was removed from the cluster, removing ${pointCount(gone)} intro points`);
};

const meet = (state: ClusterState, world: World, wanted: Wanted, nowMs: number): Peer | null => {
  const member = state.membership.meet(wanted.id, wanted.publicKey, wanted.addresses);
  if (member === null) {
    const detail = { peer: wanted.id };
    state.findings.raise(`key:${wanted.id}`, errorData('cluster.bad-peer-key', 'election', detail), nowMs);
    return null;
  }
  if (state.isFollowing) world.log.info(`Peer ${member.id} joined the cluster`);
  return newPeer(member, nowMs);
};

const amExpelled = (state: ClusterState, nowMs: number): boolean => {
  const { publicKey } = state.membership.self;
  if (publicKey === null || !isRemoved(state, { publicKey })) return false;
  state.findings.raise('removed', errorData('cluster.removed', 'election'), nowMs);
  return true;
};

/**
 * Lets the peers follow configuration and records. A new one is probed and told everything in the step that follows,
 * without waiting for any heartbeat; one that was removed is a stranger at once. Who was there already stays as it is.
 */
export const followRoster = (state: ClusterState, world: World, nowMs: number): void => {
  state.isExpelled = amExpelled(state, nowMs);
  const wanted = state.isExpelled ? [] : wantedMembers(state, nowMs);
  const before = new Map(state.peers.map((peer) => [bytesKey(peer.member.publicKey), peer]));
  const peers: Peer[] = [];
  for (const one of wanted) {
    const key = bytesKey(one.publicKey);
    const held = before.get(key);
    before.delete(key);
    if (held !== undefined) held.member = { ...held.member, id: one.id, addresses: one.addresses };
    const peer = held ?? meet(state, world, one, nowMs);
    if (peer !== null) peers.push(peer);
  }
  const gone = [...before.values()];
  if (gone.length > 0 || peers.length !== state.peers.length) {
    state.rosterChangedMs = nowMs;
    state.findings.clear('unknown-sender');
  }
  state.peers = peers;
  for (const peer of gone) drop(state, world, peer);
  state.byTag = new Map(peers.map((peer) => [tagKey(peer.member.tag), peer]));
  state.membersDigest = digestOf(state);
  state.settings = scaledSettings(state.configured, peers.length);
  state.isFollowing = true;
};
