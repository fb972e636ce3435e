import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { Random } from '../kernel/random.js';
import { socksReply } from '../kernel/socks-reply.js';
import { MalformedReplyError, openSocksStream } from '../kernel/socks-stream.js';
import { parseStreamAddress } from '../kernel/stream-address.js';
import type { PublisherEffects } from './effects.js';
import { VISIT_DEADLINE_MS } from './pace.js';

/** What a stream that was not made says of the other end: something only where Tor itself said that it is not there. */
const saysSilent = (error: unknown): boolean =>
  (error instanceof Error && error.name === 'TimeoutError') ||
  (socksReply(error) !== null && !(error instanceof MalformedReplyError));

/**
 * Goes to the master address as a client does. A stream proves that a node's Tor and its daemon serve there; nothing is
 * said on it. Each visit has circuits of its own (IsolateSOCKSAuth): one that is old proves nothing.
 */
export const visitor =
  (host: string, port: number, random: Random): PublisherEffects['visit'] =>
  async (socksAddress, signal) => {
    const socks = socksAddress === null ? null : parseStreamAddress(socksAddress);
    if (socks === null) return 'unknown';
    const isolation = `visit ${bytesKey(random.bytes(8))}`;
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(VISIT_DEADLINE_MS)]);
    try {
      const way = { socks, host, port, isolation, timeoutMs: VISIT_DEADLINE_MS + 1_000 };
      (await openSocksStream(way, deadline)).destroy();
      return 'answers';
    } catch (error) {
      return saysSilent(error) ? 'silent' : 'unknown';
    }
  };
