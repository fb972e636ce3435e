import type { ClusterState, World } from './cluster-state.js';
import type { TransportName } from '../wg/messages.js';
import { pathsFor } from './paths.js';
import type { Peer } from './peer.js';
import { encodeBody } from './wire/encode-message.js';
import { MESSAGE_TYPE } from './wire/message-types.js';
import type { Message } from './wire/message-types.js';
import { sealDatagram } from './wire/seal.js';

/**
 * Seals a message for one peer and hands it to the transports. Whether it arrives, nobody knows. Where it goes by two,
 * each has a sequence number of its own: both that arrive are heard, so that each way is known to work.
 *
 * @param vias where it shall go, when not by the ways that the peer's silence or questions ask for
 */
export const post = (
  state: ClusterState,
  world: World,
  peer: Peer,
  message: Message,
  vias?: readonly (TransportName | null)[],
): void => {
  const { secret, self } = state.membership;
  if (secret === null) return;
  const { fallback, probeMs } = state.settings;
  const isProbe = message.kind === 'probe';
  const body = encodeBody({ sentAtMs: Math.max(0, Math.floor(world.clock.wallMs())), message });
  for (const via of vias ?? pathsFor(peer.paths, fallback, isProbe, probeMs, world.clock.monotonicMs())) {
    const header = {
      type: MESSAGE_TYPE[message.kind],
      cluster: secret.tag,
      sender: self.tag,
      recipient: peer.member.tag,
      epoch: state.epoch,
      sequence: peer.nextSequence++,
    };
    world.send(peer.member.id, sealDatagram(peer.member.keys.sending, header, body, world.random), via);
  }
};
