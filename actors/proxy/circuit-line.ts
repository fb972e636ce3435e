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

/** Tor writes the line when it connects: a stream without one by then is of a Tor that names no circuits yet. */
const LINE_WITHIN_MS = 1_000;

/**
 * Takes the line off a connection, if it begins with one, and puts what came behind it back. `done` is called once, and not
 * for a connection that ended before: that was nobody's stream, but a look whether somebody listens here.
 *
 * @returns the connection, as the listener keeps account of it until then
 */
export const awaitCircuitLine = (
  client: Socket,
  { clock, closed }: Pick<SessionServices, 'clock' | 'closed'>,
  done: (circuit: string | null) => void,
): Session => {
  const sinceMs = clock.monotonicMs();
  let taken: Buffer = Buffer.alloc(0);
  const finish = (circuit: string | null, rest: Buffer): void => {
    client.off('readable', onReadable);
    client.off('end', destroy);
    client.off('close', onClose);
    if (rest.length > 0) client.unshift(rest);
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
  const destroy = (): void => {
    client.destroy();
  };
  const onClose = (): void => {
    closed(session);
  };
  const session: Session = {
    check: (nowMs) => {
      if (nowMs - sinceMs > LINE_WITHIN_MS) finish(null, taken);
    },
    drain: destroy,
    retire: () => undefined,
    destroy,
  };
  client.on('readable', onReadable);
  client.on('end', destroy);
  client.on('close', onClose);
  return session;
};
