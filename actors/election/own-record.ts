import type { Config } from '../kernel/config/schema.js';
import type { ElectionSettings } from './settings.js';
import { isIpPort } from './records/ip-port.js';
import { admission } from './records/issuing.js';
import type { MemberFields } from './records/issuing.js';
import type { RecordSet } from './records/record-set.js';
import type { MemberRecord, SignedRecord } from './records/record.js';
import type { RecordSigner } from './records/signing.js';
import { memberOf } from './records/views.js';

/** What of the configuration this node tells the others in its own record. */
export interface OwnAddresses {
  /** `IP:port` where others reach it directly; undefined where the configuration does not say. */
  readonly direct: string | null | undefined;
  readonly endpoint: string | null | undefined;
}

const ANY_ADDRESS = /^(0\.0\.0\.0|\[::\]):/;

const reachable = (address: string): string | null =>
  isIpPort(address) && !ANY_ADDRESS.test(address) ? address : null;

export const ownAddresses = ({ coordination, direct, wireguard }: Config): OwnAddresses => ({
  direct:
    coordination.mode === 'direct' && direct.listen !== ''
      ? (reachable(direct.listen) ?? undefined)
      : undefined,
  endpoint: coordination.mode === 'wireguard' ? reachable(wireguard.endpoint) : undefined,
});

const fieldsNow = (
  held: MemberRecord,
  settings: ElectionSettings,
  hasKey: boolean,
  { direct, endpoint }: OwnAddresses,
): MemberFields => ({
  publicKey: held.publicKey,
  id: settings.nodeId,
  priority: settings.priority,
  hasMasterKey: hasKey,
  coordination: held.coordination,
  wireguard:
    held.wireguard === null
      ? null
      : { ...held.wireguard, endpoint: endpoint === undefined ? held.wireguard.endpoint : endpoint },
  direct: direct === undefined ? held.direct : direct,
});

const says = (record: MemberFields): string =>
  [
    record.id,
    record.priority,
    record.hasMasterKey,
    record.wireguard?.endpoint ?? '-',
    record.direct ?? '-',
  ].join();

/**
 * This node's record as its configuration is now, signed anew; null when it is right already, when there is none (then
 * nothing is said of this node), or when it was removed.
 */
export const renewedOwnRecord = (
  signer: RecordSigner,
  records: RecordSet,
  settings: ElectionSettings,
  hasKey: boolean,
  addresses: OwnAddresses,
): SignedRecord | null => {
  const held = memberOf(records, signer.key.publicKey);
  if (held === null) return null;
  const fields = fieldsNow(held, settings, hasKey, addresses);
  return says(fields) === says(held) ? null : admission(signer, records, fields);
};
