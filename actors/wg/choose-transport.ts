import type { TransportName } from './messages.js';
import type { SendOutcome, Transport } from './transport.js';

/**
 * Sends by the transport that is named, or by the first that takes it: the preferred one comes first, and one that is
 * down or knows no way to the node leaves it to the next. The outcome is that of the best that was tried.
 */
export const chooseTransport = (
  transports: readonly Transport[],
  via: TransportName | null,
  send: (transport: Transport) => SendOutcome,
): SendOutcome => {
  let worst: SendOutcome = 'no-route';
  for (const transport of transports) {
    if (via !== null && transport.name !== via) continue;
    const outcome = send(transport);
    if (outcome === 'sent' || outcome === 'too-large') return outcome;
    if (outcome === 'down') worst = 'down';
  }
  return worst;
};
