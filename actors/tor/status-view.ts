import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { ErrorData } from '../kernel/errors.js';
import type { TorStatus, TorTrouble } from './messages.js';

/** States of the life machine, the nested one dotted. */
export type LifeState =
  | 'idle'
  | 'launching'
  | 'reconnecting'
  | 'connecting'
  | 'authenticating'
  | 'unanswered'
  | 'ending'
  | 'backoff'
  | 'online.configuring'
  | 'online.bootstrapping'
  | 'online.up';

const SHOWN: Readonly<Record<LifeState, TorStatus['state']>> = {
  idle: 'down',
  launching: 'launching',
  reconnecting: 'connecting',
  connecting: 'connecting',
  authenticating: 'connecting',
  unanswered: 'down',
  ending: 'down',
  backoff: 'down',
  'online.configuring': 'configuring',
  'online.bootstrapping': 'bootstrapping',
  'online.up': 'up',
};

/** The machine's state value as one dotted word. */
export const lifeState = (value: string | Readonly<Record<string, unknown>>): LifeState => {
  if (typeof value === 'string') return value as LifeState;
  const [[outer, inner] = ['idle', '']] = Object.entries(value);
  return `${outer}.${String(inner)}` as LifeState;
};

export interface StatusInput {
  readonly life: LifeState;
  readonly version: string | null;
  readonly bootstrap: number;
  readonly instanceAddress: OnionAddress | null;
  readonly socks: string | null;
  readonly deaths: number;
  readonly lastError: ErrorData | null;
  readonly trouble: TorTrouble | null;
}

export const torStatus = ({ life, lastError, ...rest }: StatusInput): TorStatus => ({
  ...rest,
  // Nothing can be done with it, as long as it does not answer.
  state: rest.trouble === 'unanswered' && life.startsWith('online') ? 'connecting' : SHOWN[life],
  lastError: lastError === null ? null : lastError.what,
  redundancy: null,
});
