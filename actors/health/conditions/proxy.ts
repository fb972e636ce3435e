import { errorData } from '../../kernel/errors.js';
import type { Observed } from '../observed.js';
import type { Condition } from './condition.js';

/** A restart of the proxy's thread takes well below a second. */
const PROXY_GRACE_MS = 10_000;

export const proxyConditions = ({ proxy }: Observed): readonly Condition[] =>
  proxy === null || proxy.state === 'listening' || proxy.drain !== 'serving'
    ? []
    : [{ error: errorData('health.proxy-down', 'proxy', { state: proxy.state }), graceMs: PROXY_GRACE_MS }];
