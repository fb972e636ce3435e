import type { Socket } from 'node:net';
import type { Session, SessionServices } from './session.js';

/**
 * The line that Tor writes before each stream with HiddenServiceExportCircuitID haproxy (connection_edge.c
 * export_hs_client_circuit_id): the circuit's global identifier stands in the last 32 bits of the source address. It is
 * the id that the control port shows.
 */
const LINE = /^PROXY TCP6 fc00:dead:beef:4dad::([0-9a-f]{1,4}):([0-9a-f]{1,4}) ::1 \d{1,5} \d{1,5}\r\n/;
const BEGINNING = Buffer.from('PROXY TCP6 fc00:dead:beef:4dad::');
/** The longest line has 76 bytes. */
const LONGEST = 100;

/** Circuit and length of the line; null where there is none, `undecided` where more bytes must tell. */
export const readCircuitLine = (
  bytes: Buffer,
): { readonly circuit: string; readonly length: number } | 'undecided' | null => {
  const shared = Math.min(bytes.length, BEGINNING.length);
  if (!bytes.subarray(0, shared).equals(BEGINNING.subarray(0, shared))) return null;
  const text = bytes.subarray(0, LONGEST).toString('latin1');
  const [line, high, low] = LINE.exec(text) ?? [];
  if (line === undefined || high === undefined || low === undefined) {
    return bytes.length < LONGEST && !text.includes('\n') ? 'undecided' : null;
  }
  return {
    circuit: String(Number.parseInt(high, 16) * 0x1_0000 + Number.parseInt(low, 16)),
    length: line.length,
  };
};

/**
 * Takes the line off a connection, if it begins with one, and puts what came behind it back. `done` is called once, and
 * not for a connection that broke before. Tor writes the line when it connects: nobody waits for a client here.
 */
export const takeCircuitLine = (client: Socket, done: (circuit: string | null) => void): void => {
  let taken: Buffer = Buffer.alloc(0);
  const finish = (circuit: string | null, rest: Buffer): void => {
    client.off('readable', onReadable);
    client.off('end', onEnd);
    if (rest.length > 0 && !client.readableEnded) client.unshift(rest);
    done(circuit);
  };
  const onReadable = (): void => {
    const chunk = client.read() as Buffer | null;
    if (chunk === null) return;
    taken = Buffer.concat([taken, chunk]);
    const found = readCircuitLine(taken);
    if (found === 'undecided') return;
    if (found === null) finish(null, taken);
    else finish(found.circuit, taken.subarray(found.length));
  };
  const onEnd = (): void => {
    finish(null, taken);
  };
  client.on('readable', onReadable);
  client.on('end', onEnd);
};

/** A connection whose line has not come, as the listener keeps account of it. */
export const arriving = (
  client: Socket,
  { limits, clock, closed }: Pick<SessionServices, 'limits' | 'clock' | 'closed'>,
): Session => {
  const sinceMs = clock.monotonicMs();
  const destroy = (): void => {
    client.destroy();
  };
  const session: Session = {
    check: (nowMs) => {
      if (nowMs - sinceMs > limits.headerTimeoutMs) destroy();
    },
    drain: destroy,
    retire: () => undefined,
    destroy,
  };
  client.once('close', () => {
    closed(session);
  });
  return session;
};
