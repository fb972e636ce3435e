import { errorData } from '../../kernel/errors.js';
import type { Observed } from '../observed.js';
import type { Condition } from './condition.js';

/** The WgActor looks at once when sending fails, and tries again every 30 s at the latest. */
const TUNNEL_GRACE_MS = 35_000;

/** A socket is opened again after 5 s at most. */
const SOCKET_GRACE_MS = 30_000;

/** The Tor transport is down whenever Tor is, which is a finding of its own. */
export const transportConditions = ({ transports, tor }: Observed): readonly Condition[] =>
  transports
    .filter(({ transport, state }) => state === 'down' && (transport !== 'tor' || tor?.state === 'up'))
    .map(({ transport, lastError }) => {
      const reason = lastError ?? 'unknown';
      return transport === 'wireguard'
        ? { error: errorData('health.tunnel-down', 'wireguard', { reason }), graceMs: TUNNEL_GRACE_MS }
        : {
            error: errorData('health.transport-down', `transport ${transport}`, { transport, reason }),
            graceMs: SOCKET_GRACE_MS,
          };
    });
