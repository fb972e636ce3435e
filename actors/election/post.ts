import type { ClusterState, World } from './cluster-state.js';
import type { Peer } from './peer.js';
import { encodeBody } from './wire/encode-message.js';
import { MESSAGE_TYPE } from './wire/message-types.js';
import type { Message } from './wire/message-types.js';
import { sealDatagram } from './wire/seal.js';

/** Seals a message for one peer and hands it to the transports. Whether it arrives, nobody knows. */
export const post = (state: ClusterState, world: World, peer: Peer, message: Message): void => {
  const { secret, self } = state.membership;
  if (secret === null) return;
  const header = {
    type: MESSAGE_TYPE[message.kind],
    cluster: secret.tag,
    sender: self.tag,
    recipient: peer.member.tag,
    epoch: state.epoch,
    sequence: peer.nextSequence++,
  };
  const body = encodeBody({ sentAtMs: Math.max(0, Math.floor(world.clock.wallMs())), message });
  world.send(peer.member.id, sealDatagram(peer.member.keys.sending, header, body, world.random));
};
