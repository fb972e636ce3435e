import type { RecordStore } from '@rustbalance/actors/election/records/store.js';
import { admission } from '@rustbalance/actors/election/records/issuing.js';
import { EMPTY_SET, recordsOf, withRecords } from '@rustbalance/actors/election/records/record-set.js';
import type { RecordSet } from '@rustbalance/actors/election/records/record-set.js';
import type { SignedRecord } from '@rustbalance/actors/election/records/record.js';
import { recordSigner } from '@rustbalance/actors/election/records/signing.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { MASTER_ADDRESS, TEST_TOKEN } from './cluster-config.js';
import type { NodeSpec } from './cluster-config.js';

/** What each node of a simulation keeps on its disk: it outlives the node's actor. */
export class RecordStores {
  readonly #sets = new Map<string, RecordSet>();

  store(node: string): RecordStore {
    return {
      load: () => Promise.resolve(recordsOf(this.held(node))),
      save: (set) => {
        this.#sets.set(node, set);
      },
      flush: () => Promise.resolve(),
    };
  }

  held(node: string): RecordSet {
    return this.#sets.get(node) ?? EMPTY_SET;
  }

  add(node: string, records: readonly SignedRecord[]): void {
    this.#sets.set(node, withRecords(this.held(node), records));
  }
}

const CLUSTER = clusterSecret(new TextEncoder().encode(TEST_TOKEN), MASTER_ADDRESS).tag;

/** The record of a node, signed by its sponsor. */
export const memberRecord = (spec: NodeSpec, sponsor: NodeSpec): SignedRecord => {
  const signed = admission(recordSigner(CLUSTER, sponsor.seed), EMPTY_SET, {
    publicKey: nodePublicKey(spec.seed),
    id: spec.id,
    priority: spec.priority,
    hasMasterKey: spec.hasMasterKey,
    coordination: null,
    wireguard: null,
    direct: spec.address,
  });
  if (signed === null) throw new Error('a new member cannot be a removed one');
  return signed;
};
