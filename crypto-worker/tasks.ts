/**
 * What the pool can do. This table is the one declaration: names, inputs and outputs of both ends are derived
 * from it.
 */
import { blindedKeys } from './blinding/period-keys.js';
import { findCounterInputOf } from './counter/find-input.js';
import { buildDescriptors } from './descriptor/build-descriptors.js';
import { decodeDescriptor } from './descriptor/decode-descriptor.js';
import { hiddenServiceFiles } from './keys/hidden-service-files.js';
import { generateIdentity } from './keys/identity.js';
import { importIdentity } from './keys/import-identity.js';
import { parseOnionAddress } from './keys/parse-onion-address.js';
import { mergeIntroductionPoints } from './merge.js';
import { parseNetwork } from './network/network-view.js';
import {
  noiseInitiate,
  noiseOpenAnswer,
  noiseRespond,
  noiseWriteAnswer,
  pairAgreements,
} from './noise/tasks.js';
import { type Result, ok } from './result.js';
import { publicationPlan } from './ring/publication-plan.js';
import { responsibleHsDirs } from './ring/responsible-hsdirs.js';
import type { GenerateIdentityInput, HiddenServiceFiles, IdentityKeys } from './task-types.js';

export const TASKS = {
  generateIdentity: (input: GenerateIdentityInput): Result<IdentityKeys> => ok(generateIdentity(input.seed)),
  importIdentity: (input: { readonly bytes: Uint8Array }) => importIdentity(input.bytes),
  hiddenServiceFiles: (input: { readonly secret: IdentityKeys['secret'] }): Result<HiddenServiceFiles> =>
    ok(hiddenServiceFiles(input.secret)),
  parseAddress: (input: { readonly address: string }) => parseOnionAddress(input.address),
  parseNetwork,
  blindedKeys,
  responsibleHsDirs,
  publicationPlan,
  mergeIntroductionPoints,
  buildDescriptors,
  decodeDescriptor,
  findCounterInput: findCounterInputOf,
  noiseInitiate,
  noiseOpenAnswer,
  noiseRespond,
  noiseWriteAnswer,
  pairAgreements,
} as const;

export type TaskTable = typeof TASKS;
export type TaskName = keyof TaskTable;
export type TaskInput<N extends TaskName> = Parameters<TaskTable[N]>[0];
export type TaskResult<N extends TaskName> = ReturnType<TaskTable[N]>;
export type TaskOutput<N extends TaskName> = Extract<TaskResult<N>, { readonly ok: true }>['value'];

/** What crosses to the pool. */
export type TaskCall = { [N in TaskName]: { readonly task: N; readonly input: TaskInput<N> } }[TaskName];

/** Runs a task of the pool, wherever that is. */
export type RunTask = <N extends TaskName>(task: N, input: TaskInput<N>) => Promise<TaskResult<N>>;

/** In this thread: for a command line, which has no loop to keep free. */
export const runHere: RunTask = <N extends TaskName>(task: N, input: TaskInput<N>) =>
  Promise.resolve((TASKS[task] as (input: TaskInput<N>) => TaskResult<N>)(input));

export const TASK_NAMES = Object.keys(TASKS) as readonly TaskName[];

export const isTaskName = (name: string): name is TaskName => Object.hasOwn(TASKS, name);
