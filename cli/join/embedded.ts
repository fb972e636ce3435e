import { sameBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import { openEmbedded, withoutKey } from '@rustbalance/actors/election/join/embedded-key.js';
import { encodePendingJoin, removePendingJoin } from '@rustbalance/actors/election/join/pending-join-file.js';
import type { PendingJoin } from '@rustbalance/actors/election/join/pending-join.js';
import type { JoinToken } from '@rustbalance/actors/election/join/token-text.js';
import { freeNodeId } from '@rustbalance/actors/election/join/use-verdict.js';
import type { SignedRecord } from '@rustbalance/actors/election/records/record.js';
import { openRecord } from '@rustbalance/actors/election/records/signing.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import { PENDING_JOIN_FILE } from '@rustbalance/actors/kernel/config/paths.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import { nodeFiles } from '../init/node-files.js';
import type { NewNode } from '../init/node-files.js';
import { placeFiles } from '../init/place-files.js';
import { knownPassphraseKey } from '../passphrase.js';
import type { PassphraseArgs } from '../passphrase.js';
import type { CliWorld } from '../world.js';
import { draftOf, pendingJoinPath } from './pursue.js';
import type { PendingNode } from './pursue.js';

/** What a token with a key in it makes a node of. */
export interface OpenedToken {
  readonly master: NewNode['master'];
  readonly clusterToken: string;
  /** Of the members that it names. */
  readonly records: readonly SignedRecord[];
}

/**
 * Opens a token that holds the master key, with the passphrase that it was made with.
 *
 * @throws RbError join.passphrase-wrong, join.token-foreign, and those of knownPassphraseKey
 */
export const openToken = async (
  token: JoinToken,
  args: PassphraseArgs,
  world: CliWorld,
): Promise<OpenedToken | null> => {
  if (token.sealed === undefined) return null;
  const embedded = openEmbedded(token, await knownPassphraseKey(args, token.sealed.salt, world));
  if (embedded === null) throw rbError('join.passphrase-wrong', 'join token');
  const { masterKey, clusterToken } = embedded;
  const imported = importIdentity(masterKey);
  if (!imported.ok) throw rbError('join.token-foreign', 'join token');
  const { address } = imported.value;
  const { tag } = clusterSecret(Buffer.from(clusterToken, 'utf8'), address);
  if (!sameBytes(tag, token.cluster)) throw rbError('join.token-foreign', 'join token');
  const records = embedded.records.flatMap((bytes) => {
    const signed = openRecord(tag, bytes);
    return signed?.record.kind === 'member' && signed.record.state === 'present' ? [signed] : [];
  });
  return { master: { address, secret: masterKey }, clusterToken, records };
};

/** Between the priorities of nodes, as the member that admits one chooses it. */
const PRIORITY_STEP = 10;
const HIGHEST_PRIORITY = 1_000_000;

/** Behind all members that the token names, unless the operator says otherwise. */
const priorityAfter = (records: readonly SignedRecord[]): number => {
  const known = records.flatMap(({ record }) => (record.kind === 'member' ? record.priority : []));
  return Math.min(HIGHEST_PRIORITY, Math.max(0, ...known) + PRIORITY_STEP);
};

/** A name that none of them has: nobody is asked, so nobody can give another. */
const freeName = (wanted: PendingNode['nodeId'], records: readonly SignedRecord[]): PendingNode['nodeId'] => {
  const taken = new Set(records.flatMap(({ record }) => (record.kind === 'member' ? record.id : [])));
  return freeNodeId(taken, wanted);
};

/**
 * Makes the files of a node that no member knows yet, without calling anybody. The pending join beside them is what its daemon
 * completes; this node's own record comes with that, since nobody takes a record that it signed of itself.
 *
 * @throws RbError init.exists, init.write-failed
 */
export const makeUnknownNode = async (
  configDir: string,
  wanted: PendingNode,
  { master, clusterToken, records }: OpenedToken,
): Promise<NewNode & { readonly priority: number }> => {
  const priority = wanted.priority ?? priorityAfter(records);
  const nodeId = freeName(wanted.nodeId, records);
  const node = {
    ...draftOf(configDir, { ...wanted, nodeId }),
    priority,
    master: { address: master.address, secret: wanted.wantsMasterKey ? master.secret : null },
    clusterToken,
  };
  const pending: PendingJoin = {
    ...wanted,
    token: withoutKey(wanted.token),
    nodeId,
    priority,
    viaMaster: false,
    node: null,
    progress: null,
  };
  const file = { name: PENDING_JOIN_FILE, content: encodePendingJoin(pending) };
  // What an earlier run left behind has the same key, or is of another cluster.
  await removePendingJoin(pendingJoinPath(configDir));
  // First of all files that are linked: without it the node would take itself for a member.
  await placeFiles(configDir, [file, ...nodeFiles(node, records)]);
  return node;
};
