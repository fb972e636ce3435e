import { errorData } from '../../kernel/errors.js';
import type { Observed } from '../observed.js';
import type { Condition } from './condition.js';

/** A restart of the proxy's thread takes well below a second. */
const PROXY_GRACE_MS = 10_000;

/** One that takes leave, or has not begun, is not down. */
const DOWN = new Set(['failed', 'starting']);

export const proxyConditions = ({ proxy, examined }: Observed): readonly Condition[] => {
  if (proxy !== null && DOWN.has(proxy.state)) {
    const error = errorData('health.proxy-down', 'proxy', { state: proxy.state });
    return [{ error, graceMs: PROXY_GRACE_MS }];
  }
  return proxy?.state !== 'listening' || examined.proxyFault === null
    ? []
    : [
        {
          error: errorData('health.proxy-unreachable', 'proxy', { reason: examined.proxyFault }),
          graceMs: 0,
        },
      ];
};
