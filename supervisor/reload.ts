import type { LoadedNode, NodeOutcome } from '@rustbalance/actors/kernel/config/load-node.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { LogLevel, Logger } from '@rustbalance/actors/kernel/logging.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { ActorSecrets } from '@rustbalance/actors/kernel/secrets.js';
import type { Notify } from './notify.js';
import { reloadPlan } from './reload-plan.js';

export interface ReloadParts {
  readonly log: Logger;
  readonly notify: Notify;
  readonly monotonicUs: () => bigint;
  /** Reads and checks the files again, as at the start. */
  readonly load: () => Promise<NodeOutcome>;
  readonly config: () => Config;
  /** Of the start: what a key file says now is for the next process. */
  readonly secrets: ActorSecrets;
  readonly setConfig: (config: Config) => void;
  readonly setLevel: (level: LogLevel) => void;
  readonly restart: (names: readonly ActorName[]) => void;
}

const sameSecrets = (before: ActorSecrets, after: ActorSecrets): boolean =>
  (Object.keys(before) as (keyof ActorSecrets)[]).every((name) => {
    const [a, b] = [before[name]?.reveal(), after[name]?.reveal()];
    return a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
  });

const take = (parts: ReloadParts, { config: next, secrets }: LoadedNode): void => {
  const { log } = parts;
  const before = parts.config();
  const plan = reloadPlan(before, next);
  const fixed = [...plan.fixed, ...(sameSecrets(parts.secrets, secrets) ? [] : ['a key or secret file'])];
  if (fixed.length > 0) {
    log.warn('some changes of the configuration wait for a restart of the daemon', { keys: fixed.join(' ') });
  }
  if (plan.taken.length === 0) {
    log.info('the configuration was read again; nothing changes now');
    return;
  }
  parts.setConfig(plan.config);
  if (plan.config.log.level !== before.log.level) parts.setLevel(plan.config.log.level);
  log.info('the configuration was read again', {
    taken_over: plan.taken.join(' '),
    restarts: plan.restart.join(' '),
  });
  parts.restart(plan.restart);
};

/** Makes what SIGHUP asks for; a request during another is served after it, once. */
export const configurationReload = (parts: ReloadParts): (() => Promise<void>) => {
  const { log, notify, load, monotonicUs } = parts;
  let running: Promise<void> | null = null;
  let again = false;
  const once = async (): Promise<void> => {
    notify({ kind: 'reloading', monotonicUs: monotonicUs() });
    const outcome = await load();
    if (outcome.ok) take(parts, outcome.node);
    else {
      const [first] = outcome.problems;
      const more = outcome.problems.length - 1;
      const problem = `${first?.where ?? ''}: ${first?.what ?? ''}${more > 0 ? ` (and ${String(more)} more)` : ''}`;
      const error = errorData('reload.refused', 'SIGHUP', { problem, remedy: first?.action ?? '' });
      log.error('the last good configuration stays', {}, error);
    }
    notify({ kind: 'ready' });
  };
  const all = async (): Promise<void> => {
    do {
      again = false;
      await once();
    } while (again);
    running = null;
  };
  return () => {
    if (running === null) running = all();
    else again = true;
    return running;
  };
};
