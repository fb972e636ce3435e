import type { Ed25519PublicKey, Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import { encodeBody } from '@rustbalance/actors/election/wire/encode-message.js';
import { MESSAGE_TYPE } from '@rustbalance/actors/election/wire/message-types.js';
import type { Message } from '@rustbalance/actors/election/wire/message-types.js';
import { nodeTag, pairKeys } from '@rustbalance/actors/election/wire/pair-keys.js';
import { sealDatagram } from '@rustbalance/actors/election/wire/seal.js';
import type { ClusterSecret, ClusterTag } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { systemRandom } from '@rustbalance/actors/kernel/random.js';

export interface Forgery {
  /** Whom it names as its recipient, where that is another than can open it. */
  readonly recipient?: Ed25519PublicKey;
  readonly cluster?: ClusterTag;
  readonly type?: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly sentAtMs: number;
  readonly message: Message;
}

/**
 * Makes datagrams whose seal is good, whatever else is wrong with them.
 *
 * @param seed whose key seals them, and whom they name as their sender
 * @param to who can open them
 */
export const forger = (
  secret: ClusterSecret,
  seed: Ed25519Seed,
  to: Ed25519PublicKey,
): ((forgery: Forgery) => Uint8Array) => {
  const keys = pairKeys(secret, seed, to);
  if (keys === null) throw new Error('no usable key');
  const sender = nodeTag(secret, nodePublicKey(seed));
  return ({ recipient = to, cluster = secret.tag, message, epoch, sequence, ...forgery }) => {
    const type = forgery.type ?? MESSAGE_TYPE[message.kind];
    const header = { type, cluster, sender, recipient: nodeTag(secret, recipient), epoch, sequence };
    const body = encodeBody({ sentAtMs: forgery.sentAtMs, message });
    return sealDatagram(keys.sending, header, body, systemRandom);
  };
};
