/** Joins a consensus with its microdescriptors to what publishing needs. */
import { compareBytes, sameBytes } from '../encoding/bytes.js';
import { type Result, failure, ok } from '../result.js';
import type { NetworkCompleteness, NetworkView, ParseNetworkInput, RelayTable } from '../task-types.js';
import { type ConsensusRelay, parseConsensus } from './consensus.js';
import { hsDirParams } from './consensus-params.js';
import { type MicrodescriptorIds, parseMicrodescriptors } from './microdescriptors.js';
import { ED25519_ID_LENGTH, FINGERPRINT_LENGTH, RELAY_FLAGS } from './relay-table.js';

const hasTwins = (sorted: readonly ConsensusRelay[]): boolean =>
  sorted.some((relay, at) => {
    const next = sorted[at + 1];
    return next !== undefined && sameBytes(relay.fingerprint, next.fingerprint);
  });

const packRelays = (sorted: readonly ConsensusRelay[], ids: MicrodescriptorIds): RelayTable => {
  const fingerprints = new Uint8Array(sorted.length * FINGERPRINT_LENGTH);
  const ed25519Ids = new Uint8Array(sorted.length * ED25519_ID_LENGTH);
  const flags = new Uint16Array(sorted.length);
  sorted.forEach((relay, row) => {
    fingerprints.set(relay.fingerprint, row * FINGERPRINT_LENGTH);
    const id = relay.microdescriptor === null ? undefined : ids.get(relay.microdescriptor);
    if (id) ed25519Ids.set(id, row * ED25519_ID_LENGTH);
    flags[row] = relay.flags | (id === undefined ? 0 : RELAY_FLAGS.hasMicrodescriptor);
  });
  return { count: sorted.length, fingerprints, ed25519Ids, flags };
};

const completenessOf = (relays: RelayTable, microdescriptors: number): NetworkCompleteness => {
  const hsDirs = relays.flags.filter((flags) => (flags & RELAY_FLAGS.hsDir) !== 0);
  return {
    relays: relays.count,
    microdescriptors,
    hsDirs: hsDirs.length,
    hsDirsWithoutMicrodescriptor: hsDirs.filter((flags) => (flags & RELAY_FLAGS.hasMicrodescriptor) === 0)
      .length,
  };
};

/** Task: the network as publishing sees it. A view with missing microdescriptors is given, and says so. */
export const parseNetwork = (input: ParseNetworkInput): Result<NetworkView> => {
  const consensus = parseConsensus(input.consensus);
  if (!consensus.ok) return consensus;
  const ids = parseMicrodescriptors(input.microdescriptors);
  if (!ids.ok) return ids;
  const { validAfter, freshUntil, validUntil, params, sharedRandomCurrent, sharedRandomPrevious } =
    consensus.value;
  const votingIntervalSeconds = freshUntil - validAfter;
  const dirParams = hsDirParams(params, votingIntervalSeconds, input.testingTorNetwork);
  if (!dirParams.ok) return dirParams;
  const sorted = [...consensus.value.relays].sort((a, b) => compareBytes(a.fingerprint, b.fingerprint));
  if (hasTwins(sorted)) return failure('network.malformed', 'consensus: one relay stands twice');
  const relays = packRelays(sorted, ids.value);
  return ok({
    validAfter,
    freshUntil,
    validUntil,
    votingIntervalSeconds,
    sharedRandomCurrent,
    sharedRandomPrevious,
    hsDirParams: dirParams.value,
    params,
    relays,
    completeness: completenessOf(relays, ids.value.size),
  });
};
