import { once } from 'node:events';
import type { Socket } from 'node:net';
import { openSocket } from '../../kernel/open-socket.js';
import { askSocks } from '../../kernel/socks-stream.js';
import type { SocksWay } from '../../kernel/socks-stream.js';
import type { CanaryStep } from './canary-record.js';

interface Meaning {
  readonly step: CanaryStep;
  readonly reason: string;
}

/** Tor's extended SOCKS5 replies (socks-extensions, "extended error codes"; proposal 304). */
const MEANINGS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0xf0, { step: 'descriptor', reason: 'no HSDir has it' }],
  [0xf1, { step: 'descriptor', reason: 'it cannot be read' }],
  [0xf2, { step: 'introduction', reason: 'refused at every introduction point' }],
  [0xf3, { step: 'rendezvous', reason: 'nobody came to the rendezvous point' }],
  [0xf4, { step: 'descriptor', reason: 'it asks for client authorization' }],
  [0xf5, { step: 'descriptor', reason: 'it asks for another client authorization' }],
  [0xf6, { step: 'descriptor', reason: 'the address is none' }],
  [0xf7, { step: 'introduction', reason: 'no introduction point answers in time' }],
]);

/** Greeting (2 bytes) and password (2) are answered before the reply, of which the second byte says it (RFC 1928 §6). */
const REPLY_AT = 5;

const recorded = (socket: Socket): (() => Buffer) => {
  let heard = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    if (heard.length <= REPLY_AT) heard = Buffer.concat([heard, chunk]).subarray(0, REPLY_AT + 1);
  });
  return () => heard;
};

/** What Tor says of an onion service that cannot be reached; null when it names nothing that we know. */
export const meaningOf = (reply: number | undefined): Meaning | null => MEANINGS.get(reply ?? 0) ?? null;

/**
 * Asks for the stream again where Tor says more about why it fails. Such a port is for nothing else: a code stays on the
 * stream once one introduction point has failed, and Tor (0.4.9, connection_ap_handshake_socks_reply) then answers with it
 * even when the next one has led to the service. The socks library reads these codes, and tells none of them.
 *
 * @param way with a name for the isolation, so that the handshake has a password
 */
export const extendedReply = async (way: SocksWay, signal: AbortSignal): Promise<Meaning | null> => {
  try {
    const socket = await openSocket(way.socks, signal);
    const heard = recorded(socket);
    try {
      (await askSocks(socket, way, signal)).destroy();
    } catch {
      if (!socket.closed) await once(socket, 'close');
    }
    return meaningOf(heard()[REPLY_AT]);
  } catch {
    return null;
  }
};
