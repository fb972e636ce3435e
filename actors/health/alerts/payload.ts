import type { Alert } from './alerting.js';

/** Addresses of onion services are nobody's business beyond this machine; a webhook's log is beyond it. */
const withoutAddresses = (text: string): string => text.replace(/[a-z2-7]{52,56}(\.onion)?/g, '….onion');

const isoTime = (wallMs: number): string => new Date(wallMs).toISOString();

/** The alert as one JSON object, which a command gets on its standard input and a webhook as the body. */
export const alertPayload = (alert: Alert, node: string, wallMs: number): string =>
  `${JSON.stringify({
    version: 1,
    event: alert.event,
    node,
    code: alert.error.code,
    where: withoutAddresses(alert.error.where),
    what: withoutAddresses(alert.error.what),
    action: withoutAddresses(alert.error.action),
    since: isoTime(alert.sinceMs),
    at: isoTime(wallMs),
    folded: alert.folded,
    suppressed: alert.suppressed,
  })}\n`;
