import { CLUSTER_ERRORS } from './errors-by-area/cluster.js';
import { COMMANDS_ERRORS } from './errors-by-area/commands.js';
import { CONFIG_ERRORS } from './errors-by-area/config.js';
import { CONTROL_ERRORS } from './errors-by-area/control.js';
import { HEALTH_ERRORS } from './errors-by-area/health.js';
import { JOINING_ERRORS } from './errors-by-area/joining.js';
import { KERNEL_ERRORS } from './errors-by-area/kernel.js';
import { PROXY_ERRORS } from './errors-by-area/proxy.js';
import { TOR_ERRORS } from './errors-by-area/tor.js';
import { TRANSPORTS_ERRORS } from './errors-by-area/transports.js';

/**
 * Every error that RustBalance can report. docs/errors.md is generated from this table and a test holds both together.
 */
export const CATALOGUE = {
  ...KERNEL_ERRORS,
  ...CONTROL_ERRORS,
  ...CONFIG_ERRORS,
  ...TOR_ERRORS,
  ...COMMANDS_ERRORS,
  ...HEALTH_ERRORS,
  ...PROXY_ERRORS,
  ...TRANSPORTS_ERRORS,
  ...CLUSTER_ERRORS,
  ...JOINING_ERRORS,
};
