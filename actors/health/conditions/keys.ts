import type { Config } from '../../kernel/config/schema.js';
import { errorData } from '../../kernel/errors.js';
import type { Observed } from '../observed.js';
import { atOnce } from './condition.js';
import type { Condition } from './condition.js';

const backupCondition = (reason: string, { master }: Config): Condition => {
  const detail = { file: master.backup_key_path, reason };
  return atOnce(errorData('health.key-backup', 'master.backup_key_path', detail));
};

/** The next start fails without its key, and nobody would expect it: so at once, long before. */
export const keyConditions = ({ keyFile }: Observed, config: Config): readonly Condition[] => {
  if (keyFile === null) return [];
  const backup = keyFile.backupFault === null ? [] : [backupCondition(keyFile.backupFault, config)];
  if (keyFile.state === 'none' || keyFile.state === 'good') return backup;
  const { state, reason } = keyFile;
  const file = config.master.identity_key_path;
  const detail = {
    file,
    state: state === 'foreign' ? 'that of another address' : state,
    reason: reason ?? 'a valid key',
    mendable: state === 'missing' || state === 'damaged',
  };
  return [atOnce(errorData('health.master-key-file', 'master.identity_key_path', detail))];
};
