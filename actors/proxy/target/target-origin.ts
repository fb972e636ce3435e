import { isIPv6 } from 'node:net';
import type { Target } from '../../kernel/config/target.js';
import type { Origin } from '../http/origin.js';

/** The origin by which the target knows itself. */
export const targetOrigin = (target: Target): Origin => ({
  scheme: target.tls === null ? 'http' : 'https',
  host: isIPv6(target.host) ? `[${target.host}]` : target.host,
  port: target.port,
});
