import type {
  Ed25519Seed,
  ExpandedSecretKey,
  MasterPublicKey,
  OnionAddress,
} from '@rustbalance/crypto-worker/brands.js';
import { decodeOnionAddress, normalizeOnionAddress } from '@rustbalance/crypto-worker/keys/onion-address.js';
import type { ActorContext } from '../kernel/actor.js';
import type { NodeId } from '../kernel/brands.js';
import { rbError } from '../kernel/errors.js';
import type { ClusterState, World } from './cluster-state.js';
import { takeRecords } from './gossip.js';
import { JoinDesk } from './join/join-desk.js';
import type { DeskWorld } from './join/join-desk.js';
import { commandTokens } from './join/token-desk.js';
import type { UseBook } from './join/use-verdict.js';
import type { TokenAnswer, TokenCommand } from './messages.js';
import { isLive } from './peer.js';
import { post } from './post.js';
import type { SignedRecord } from './records/record.js';
import { memberOf } from './records/views.js';

/** How others come in, on a node that keeps records of members. */
export interface Joining {
  readonly desk: JoinDesk;
  /** @throws RbError token.no-address, token.unknown */
  tokens(command: TokenCommand): TokenAnswer;
}

const secretBytes = (context: ActorContext<'election'>) => {
  const { nodeKey, clusterToken, masterKey } = context.secrets;
  if (nodeKey === null || clusterToken === null) return null;
  return {
    seed: nodeKey.reveal() as Ed25519Seed,
    clusterToken: Buffer.from(clusterToken.reveal()).toString('utf8'),
    masterKey: (masterKey?.reveal() ?? null) as ExpandedSecretKey | null,
  };
};

/** Everybody who belongs to the cluster, with the priorities that are known. */
const membersOf = (state: ClusterState): UseBook['members'] => {
  const { self } = state.membership;
  const others = state.peers.map(({ member: { id, publicKey }, statement }) => ({
    id,
    publicKey,
    priority: memberOf(state.records, publicKey)?.priority ?? statement?.priority ?? 0,
  }));
  const own = { id: self.id, priority: state.settings.priority };
  return self.publicKey === null ? others : [{ ...own, publicKey: self.publicKey }, ...others];
};

/**
 * Who counts the uses of join tokens: the lease holder, and while there is none, e.g. because no Tor is up yet, the live
 * node that comes first.
 */
const deciderOf = (state: ClusterState): NodeId => {
  if (state.holder !== null) return state.holder;
  const live = state.peers.flatMap((peer) =>
    peer.statement !== null && isLive(peer)
      ? [{ id: peer.member.id, priority: peer.statement.priority }]
      : [],
  );
  const own = { id: state.membership.self.id, priority: state.settings.priority };
  const [first] = [own, ...live].sort((a, b) => a.priority - b.priority || (a.id < b.id ? -1 : 1));
  return first?.id ?? own.id;
};

/** Null on a node that keeps no records, or has no master address. `changed` is called when records were taken. */
export const openJoining = (
  context: ActorContext<'election'>,
  state: ClusterState,
  world: World,
  changed: () => void,
): Joining | null => {
  const { config, clock, random, log } = context;
  const { secret, signer, self } = state.membership;
  const secrets = secretBytes(context);
  const address = normalizeOnionAddress(config.master.onion_address);
  const master = decodeOnionAddress(address);
  if (config.coordination.members_dir === '' || !master.ok) return null;
  if (secret === null || signer === null || secrets === null) return null;
  const { mode } = config.coordination;
  const learn = (records: readonly SignedRecord[]): void => {
    takeRecords(state, world, records, null, clock.monotonicMs());
    changed();
  };
  const deskWorld: DeskWorld = {
    clock,
    random,
    log,
    run: (task, input) => context.crypto(task, input),
    learn,
    records: () => state.records,
    members: () => membersOf(state),
    decider: () => deciderOf(state),
    publisher: () => state.holder,
    send: (to, message) => {
      const peer = state.peers.find(({ member }) => member.id === to);
      if (peer !== undefined) post(state, world, peer, message);
    },
  };
  const desk = new JoinDesk(
    { ...secrets, id: self.id, secret, signer, master: master.value as MasterPublicKey },
    { mode, maxJoins: config.join.max_joins, windowMs: config.join.window_secs * 1000 },
    deskWorld,
  );
  return {
    desk,
    tokens: (command) =>
      commandTokens(
        {
          clock,
          random,
          secret,
          signer,
          mode,
          clusterToken: secrets.clusterToken,
          viaMaster: config.join.via_master
            ? { address: address as OnionAddress, port: config.proxy.virtual_port }
            : null,
          masterKey: secrets.masterKey,
          learn,
          records: () => state.records,
          isLive: (id) => state.peers.some((peer) => peer.member.id === id && isLive(peer)),
        },
        command,
      ),
  };
};

/** For a node that cannot take anybody in. */
export const refuseTokens = (): never => {
  throw rbError('token.no-records', 'join tokens');
};
