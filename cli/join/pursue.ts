import { dirname, join } from 'node:path';
import { PENDING_JOIN_FILE } from '@rustbalance/actors/kernel/config/paths.js';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import { runHere } from '@rustbalance/crypto-worker/tasks.js';
import { checkAdmission } from '@rustbalance/actors/election/join/admitted.js';
import type { JoinAdmission } from '@rustbalance/actors/election/join/answer-codec.js';
import { ATTEMPTS, isHopeless } from '@rustbalance/actors/election/join/attempts.js';
import { completeJoin } from '@rustbalance/actors/election/join/complete.js';
import type { FailedAttempt } from '@rustbalance/actors/election/join/complete.js';
import { removePendingJoin, writePendingJoin } from '@rustbalance/actors/election/join/pending-join-file.js';
import type { NodeToMake, PendingJoin } from '@rustbalance/actors/election/join/pending-join.js';
import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { NODE_FILES, nodeFiles } from '../init/node-files.js';
import type { NewNode } from '../init/node-files.js';
import { makeParents, placeFiles, refuseExisting, removeEmpty } from '../init/place-files.js';
import type { CliWorld } from '../world.js';
import { callingWay } from './ways.js';

/** A join that will make the files of its node. */
export type PendingNode = PendingJoin & { readonly node: NodeToMake };

export interface Joined {
  readonly node: NewNode;
  readonly admission: JoinAdmission;
}

export interface Pursuit {
  /** Goes on until the token has ended. */
  readonly isPatient: boolean;
  readonly interrupted: AbortSignal;
  /** Says how it goes, in one line. */
  readonly tell: (line: string) => void;
}

export const pendingJoinPath = (configDir: string): string => join(configDir, PENDING_JOIN_FILE);

/** The node as far as it is known before anybody was asked, with an address and a secret that stand for any. */
export const draftOf = (configDir: string, pending: PendingNode): NewNode => ({
  configDir,
  id: pending.nodeId,
  priority: pending.priority ?? undefined,
  target: pending.node.target,
  transport: pending.transport,
  keepsMembers: true,
  stateDir: pending.node.stateDir,
  runDir: pending.node.runDir,
  master: generateIdentity(new Uint8Array(32).fill(1)),
  nodeSeed: pending.nodeSeed,
  clusterToken: 'not known yet',
});

/** Directories above the file that a join waits in; what it made goes again if nothing comes of it. */
export const makeConfigDirectory = async (configDir: string): Promise<readonly string[]> => {
  const above = await makeParents(dirname(configDir));
  return [...(await makeParents(configDir, 0o700)), ...above];
};

const inTime = (ms: number): string =>
  ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;

const lineOf = (failed: FailedAttempt, { isPatient }: Pursuit, { token }: PendingJoin): string => {
  const { attempt, member, problem, againInMs } = failed;
  if (isPatient && attempt === ATTEMPTS) {
    const until = new Date(token.notAfter * 1000).toISOString();
    return `${String(ATTEMPTS)} attempts failed, the last at ${member.nodeId}: ${problem}. Goes on trying until ${until}, when the token ends; again in ${inTime(againInMs)}`;
  }
  const of = attempt <= ATTEMPTS ? ` of ${String(ATTEMPTS)}` : '';
  return `Attempt ${String(attempt)}${of} at ${member.nodeId}: ${problem}; again in ${inTime(againInMs)}`;
};

/** The first attempts, whatever is new, and sometimes that it is still so. */
const STILL_SO_EVERY = 20;

const worthTelling = ({ attempt, problem }: FailedAttempt, before: string): boolean =>
  attempt <= ATTEMPTS || problem !== before || attempt % STILL_SO_EVERY === 0;

const ask = async (
  file: string,
  pending: PendingNode,
  world: CliWorld,
  pursuit: Pursuit,
): Promise<JoinAdmission> => {
  const { clock, random } = world;
  const { interrupted, isPatient, tell } = pursuit;
  const way = callingWay(pending, { clock, interrupted, tell });
  let before = '';
  try {
    return await completeJoin(pending, {
      clock,
      random,
      run: runHere,
      interrupted,
      isPatient,
      exchange: (member, frame, attempt) => way.exchange(member, frame, attempt),
      failed: async (failed) => {
        if (worthTelling(failed, before)) tell(lineOf(failed, pursuit, pending));
        before = failed.problem;
        // Somebody else may have done it meanwhile, e.g. the daemon beside the command.
        await refuseExisting(dirname(file), [NODE_FILES.config]);
        const { attempt, member, problem } = failed;
        const atSecs = Math.floor(clock.wallMs() / 1000);
        const progress = { attempts: attempt, member: member.nodeId, problem, atSecs };
        await writePendingJoin(file, { ...pending, progress });
      },
    });
  } finally {
    await way.close();
  }
};

/** A join that can never be done is pending no more: the file goes, and the directories that were made for it. */
export const abandonJoin = async (configDir: string, { node }: PendingNode): Promise<void> => {
  await removePendingJoin(pendingJoinPath(configDir));
  await removeEmpty(node.madeDirectories);
};

/**
 * Pursues a join of this machine to its end: keeps it on disk, asks the members, and puts the node's files in place.
 *
 * @throws RbError what completeJoin and checkAdmission throw; init.exists, init.write-failed, join.pending-unwritable
 */
export const pursueJoin = async (
  configDir: string,
  pending: PendingNode,
  world: CliWorld,
  pursuit: Pursuit,
): Promise<Joined> => {
  const file = pendingJoinPath(configDir);
  await writePendingJoin(file, pending);
  try {
    const admission = await ask(file, pending, world, pursuit);
    const { master, records } = checkAdmission(admission, pending.token, nodePublicKey(pending.nodeSeed));
    const node: NewNode = {
      ...draftOf(configDir, pending),
      id: admission.nodeId,
      priority: admission.priority,
      master,
      clusterToken: admission.clusterToken,
    };
    await placeFiles(configDir, nodeFiles(node, records));
    await removePendingJoin(file);
    return { node, admission };
  } catch (error) {
    if (error instanceof RbError && isHopeless(error.code)) await abandonJoin(configDir, pending);
    throw error;
  }
};
