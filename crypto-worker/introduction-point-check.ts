import type { UnixSeconds } from './brands.js';
import { isAllZero, sameBytes } from './encoding/bytes.js';
import type { IntroductionPoint } from './introduction-point.js';
import { encodeLinkSpecifiers, relayIdentity } from './link-specifiers.js';
import { relayByFingerprint } from './network/relay-table.js';
import { type Failure, failure } from './result.js';
import type { RelayTable } from './task-types.js';

export interface IntroductionPointContext {
  readonly relays: RelayTable;
  readonly now: UnixSeconds;
}

const isKey = (key: Uint8Array): boolean => key.length === 32 && !isAllZero(key);

/**
 * What is wrong with a peer's introduction point, or null: keys well-formed, not expired, its relay in the
 * consensus and running, and the relay's two identities belong together. Cheap enough for any thread.
 */
export const introductionPointProblem = (
  point: IntroductionPoint,
  { relays, now }: IntroductionPointContext,
): Failure | null => {
  if (![point.onionKey, point.authKey, point.encKey].every(isKey)) {
    return failure('introduction-point.bad-key', 'a key is not 32 bytes or all zero');
  }
  const encoded = encodeLinkSpecifiers(point.linkSpecifiers);
  if (!encoded.ok) return encoded;
  if (point.expires <= now) return failure('introduction-point.expired', `it ran out at ${point.expires}`);
  const relay = relayIdentity(point.linkSpecifiers);
  const listed = relay && relayByFingerprint(relays, relay.fingerprint);
  if (!relay || !listed?.running) {
    return failure('introduction-point.unknown-relay', 'its relay is not running in the consensus');
  }
  return relay.ed25519Id && listed.ed25519Id && !sameBytes(relay.ed25519Id, listed.ed25519Id)
    ? failure('introduction-point.unknown-relay', "its relay's two identities do not belong together")
    : null;
};
