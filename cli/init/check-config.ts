import { parseConfig } from '@rustbalance/actors/kernel/config/load.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { UsageError } from '../failure.js';
import { NODE_FILES, newConfig } from './node-files.js';
import type { NewNode } from './node-files.js';

/** Which argument a wrong key of the new configuration came from. */
const FLAGS: Readonly<Record<string, string>> = {
  'node.id': '--node-id',
  'node.priority': '--priority',
  'node.state_dir': '--state-dir',
  'node.run_dir': '--run-dir',
  'node.key_path': '--config-dir',
  'target.url': '--target',
  'direct.listen': '--listen',
  'wireguard.endpoint': '--endpoint',
  'wireguard.listen_port': '--endpoint',
};

/** Nothing is ever written that run would refuse, whatever the address will be. @throws UsageError with all that is wrong */
export const refuseWhatRunWould = (node: NewNode): void => {
  const checked = parseConfig(newConfig(node), NODE_FILES.config);
  if (checked.ok) return;
  throw new UsageError(
    checked.problems.map((found): ErrorData => ({
      ...found,
      where: FLAGS[String(found.detail['key'])] ?? found.where,
    })),
  );
};
