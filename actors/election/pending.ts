import { access } from 'node:fs/promises';
import type { Ed25519PublicKey } from '@rustbalance/crypto-worker/brands.js';
import { sameBytes } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { ActorContext } from '../kernel/actor.js';
import { nodePaths } from '../kernel/config/paths.js';
import { RbError, errorData, toErrorData } from '../kernel/errors.js';
import { nodePublicKey } from '../kernel/node-key.js';
import type { ClusterState, World } from './cluster-state.js';
import { takeRecords } from './gossip.js';
import { checkAdmission } from './join/admitted.js';
import { progressText } from './join/attempts.js';
import { completeJoin } from './join/complete.js';
import type { FailedAttempt, JoinWay } from './join/complete.js';
import type { PendingJoin } from './join/pending-join.js';
import { renewOwnRecord } from './own-record-renewal.js';
import { memberKey } from './records/record-set.js';

/** Dialling through Tor, then waiting for an answer, each at its slowest. */
const CALL_DEADLINE_MS = 150_000;
const FINDING = 'pending-join';

/** Nobody but this node itself has ever spoken for it. */
const isUnknown = (state: ClusterState): boolean => {
  const { signer } = state.membership;
  if (signer === null) return true;
  const own = signer.key.publicKey;
  const held = state.records.get(memberKey(own))?.at(-1);
  return held === undefined || (sameBytes(held.signer, own) && held.record.version === 1);
};

const exchangeBy =
  (context: ActorContext<'election'>, { token }: PendingJoin): JoinWay['exchange'] =>
  async ({ coordination, direct }, frame, attempt) => {
    const { clientAuthorization } = token;
    const call = { coordination, direct, clientAuthorization, frame, attempt };
    const answer = await context.request('wg.call-join', call, CALL_DEADLINE_MS).catch((error: unknown) => {
      // That the WgActor is being restarted is no reason to give up.
      throw new Error(toErrorData(error, 'wg').code);
    });
    if (answer.frame === null) throw new Error(answer.problem);
    return answer.frame;
  };

/** The pending join of this node; null where there is none, or none that can be used. zod is loaded only where there is one. */
export type ReadPending = (
  context: ActorContext<'election'>,
  own: Ed25519PublicKey | null,
) => Promise<PendingJoin | null>;

export const readPendingFile: ReadPending = async (context, own) => {
  const path = nodePaths(context.config).pendingJoin;
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return null;
  const { readPendingJoin } = await import('./join/pending-join-file.js');
  const reading = await readPendingJoin(path);
  if (reading.kind === 'none') return null;
  if (reading.kind === 'pending' && own !== null && sameBytes(nodePublicKey(reading.pending.nodeSeed), own)) {
    return reading.pending;
  }
  const reason = reading.kind === 'unusable' ? reading.problem : 'it is of another node key';
  const error = errorData('join.pending-unusable', path, { reason });
  context.log.warn(error.what, {}, error);
  return null;
};

/** Learns what the members say, puts right what they say of this node, and forgets that it asked. */
export const comeIn = async (
  context: Pick<ActorContext<'election'>, 'log' | 'clock' | 'config'>,
  state: ClusterState,
  world: World,
  pending: PendingJoin,
  admission: Awaited<ReturnType<typeof completeJoin>>,
): Promise<void> => {
  const { log, clock, config } = context;
  const { records } = checkAdmission(admission, pending.token, nodePublicKey(pending.nodeSeed));
  state.isPending = false;
  state.findings.clear(FINDING);
  takeRecords(state, world, records, null, clock.monotonicMs());
  // Whoever took it in may not know that it holds the key; a name that they changed stays theirs until the configuration follows.
  renewOwnRecord(state, world, config, admission.nodeId);
  log.info('The cluster knows this node now', { members: admission.clusterSize });
  const { id } = config.node;
  if (admission.nodeId !== id) {
    const error = errorData('join.renamed', 'node.id', { id: admission.nodeId, configured: id });
    log.warn(error.what, {}, error);
  }
  const path = nodePaths(config).pendingJoin;
  const { removePendingJoin } = await import('./join/pending-join-file.js');
  await removePendingJoin(path).catch((thrown: unknown) => {
    const reason = toErrorData(thrown, path).what;
    const error = errorData('join.pending-kept', path, { reason });
    log.warn(error.what, {}, error);
  });
};

/**
 * Makes this node known to its cluster where `join` has left that to the daemon: asks the members while everything else
 * runs. A node that nobody knows publishes nothing, since its descriptor would drive out that of the cluster.
 *
 * @param pending null where it is known, or was never meant to be
 * @param changed is called when there is something new to act on
 * @returns what ends it
 */
export const startPendingJoin = (
  context: ActorContext<'election'>,
  state: ClusterState,
  world: World,
  pending: PendingJoin | null,
  changed: () => void,
): (() => void) => {
  if (pending === null) return () => undefined;
  const ended = new AbortController();
  state.isPending = isUnknown(state);
  const { clock, random } = context;
  const path = nodePaths(context.config).pendingJoin;
  const raise = (failed: FailedAttempt): void => {
    const progress = progressText(failed.attempt, failed.member.nodeId, failed.problem);
    state.findings.raise(FINDING, errorData('join.pending', path, { progress }), clock.monotonicMs());
  };
  const way: JoinWay = {
    clock,
    random,
    run: (task, input) => context.crypto(task, input),
    exchange: exchangeBy(context, pending),
    interrupted: ended.signal,
    isPatient: true,
    failed: raise,
  };
  const pursue = async (): Promise<void> => {
    try {
      const admission = await completeJoin(pending, way);
      if (!ended.signal.aborted) await comeIn(context, state, world, pending, admission);
    } catch (thrown) {
      if (ended.signal.aborted) return;
      // It is settled, and the file stays: whatever a member refused must not publish after the next start either.
      const error = thrown instanceof RbError ? thrown.data : toErrorData(thrown, 'election');
      state.findings.raise(FINDING, error, clock.monotonicMs());
    }
    changed();
  };
  void pursue();
  return () => {
    ended.abort();
  };
};
