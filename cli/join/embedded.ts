import { sameBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import { openEmbedded } from '@rustbalance/actors/election/join/embedded-key.js';
import type { JoinToken } from '@rustbalance/actors/election/join/token-text.js';
import type { SignedRecord } from '@rustbalance/actors/election/records/record.js';
import { openRecord } from '@rustbalance/actors/election/records/signing.js';
import { clusterSecret } from '@rustbalance/actors/kernel/cluster-keys.js';
import { rbError } from '@rustbalance/actors/kernel/errors.js';
import type { NewNode } from '../init/node-files.js';
import { knownPassphraseKey } from '../passphrase.js';
import type { PassphraseArgs } from '../passphrase.js';
import type { CliWorld } from '../world.js';

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
