import type { Result } from './result.js';
import type * as T from './task-types.js';

/** Every task of the pool. */
export interface TaskTable {
  generateIdentity: (input: T.GenerateIdentityInput) => Result<T.IdentityKeys>;
  importIdentity: (input: T.ImportIdentityInput) => Result<T.ImportedIdentity>;
  hiddenServiceFiles: (input: { readonly secret: T.IdentityKeys['secret'] }) => Result<T.HiddenServiceFiles>;
  parseAddress: (input: { readonly address: string }) => Result<T.IdentityKeys['publicKey']>;
  parseNetwork: (input: T.ParseNetworkInput) => Result<T.NetworkView>;
  blindedKeys: (input: T.BlindedKeysInput) => Result<readonly T.PeriodKeys[]>;
  responsibleHsDirs: (input: T.ResponsibleHsDirsInput) => Result<T.ResponsibleHsDirs>;
  publicationPlan: (input: T.PublicationPlanInput) => Result<T.PublicationPlan>;
  mergeIntroductionPoints: (input: T.MergeInput) => Result<readonly T.MergedForPeriod[]>;
  buildDescriptors: (input: T.BuildDescriptorsInput) => Result<readonly T.BuiltDescriptor[]>;
  decodeDescriptor: (input: T.DecodeDescriptorInput) => Result<T.DecodedDescriptor>;
  findCounterInput: (input: T.FindCounterInputInput) => Result<number>;
}

export type TaskName = keyof TaskTable;
export type TaskInput<N extends TaskName> = Parameters<TaskTable[N]>[0];
export type TaskResult<N extends TaskName> = ReturnType<TaskTable[N]>;
export type TaskOutput<N extends TaskName> = Extract<TaskResult<N>, { readonly ok: true }>['value'];

/** What crosses to the pool. */
export type TaskCall = { [N in TaskName]: { readonly task: N; readonly input: TaskInput<N> } }[TaskName];
