import type { Duplex } from 'node:stream';
import type { CancelTimer, Clock } from '../../kernel/clock.js';
import { rbError, type RbError } from '../../kernel/errors.js';
import { encodeCmdData } from './cmd-data.js';
import { commandWriter } from './command-writer.js';
import { DEFAULT_REPLY_LIMITS, ReplyParser, type ControlMessage, type ReplyLimits } from './reply-parser.js';
import { breaksLine, wireTextToBytes, type WireText } from './wire-text.js';

export interface SendOptions {
  /** Body of a multi-line command, before dot-stuffing; the line must begin with '+'. */
  readonly data?: Uint8Array;
  readonly deadlineMs?: number;
}

/** One control connection. Once closed it stays closed: make another. */
export interface ControlConnection {
  /** The endpoint, as errors name it. */
  readonly where: string;
  readonly isOpen: boolean;
  /**
   * Sends one command; resolves with Tor's reply of whatever status, in the order of sending. Several may be in
   * flight. Rejects with control.deadline (and the connection ends, since later replies could no longer be told
   * apart), control.closed, control.overloaded, or control.bad-argument for a line that would break the protocol.
   */
  send(line: WireText, options?: SendOptions): Promise<ControlMessage>;
  /**
   * Calls `listener` with every asynchronous event, in Tor's order; returns the way to stop that. Events run before
   * whoever awaits a reply that arrived together with them: note what is expected before sending. A listener that
   * throws ends the thread, as any uncaught error does.
   */
  onEvent(listener: (event: ControlMessage) => void): () => void;
  /** Resolves once, with why the connection ended. */
  readonly closed: Promise<RbError>;
  /** Ends the connection; commands in flight fail with control.closed and this reason. */
  close(reason: string): void;
}

export interface ControlConnectionOptions {
  readonly where: string;
  readonly clock: Clock;
  /** From sending to the whole reply, waiting behind earlier commands included. */
  readonly commandDeadlineMs?: number;
  /** How many commands may wait for their reply. */
  readonly maxInFlight?: number;
  readonly limits?: ReplyLimits;
}

/**
 * Tor answers within milliseconds, md/all of the public network within about a second; its loop stalls for seconds
 * while it computes on a small machine. Lower and a busy Tor is taken for dead, higher and a hung one is found late.
 */
export const DEFAULT_COMMAND_DEADLINE_MS = 15_000;
const DEFAULT_MAX_IN_FLIGHT = 256;

/** Tor closes the connection on a longer command, body included (MAX_COMMAND_LINE_LENGTH in Tor). */
export const MAX_COMMAND_BYTES = 1024 * 1024;

/** Repeats the whole consensus, some megabytes; as a signal STATUS_CLIENT CONSENSUS_ARRIVED says the same. */
const UNREAD_BODIES: ReadonlySet<string> = new Set(['NEWCONSENSUS', 'NS', 'NEWDESC']);

const CRLF = Uint8Array.of(13, 10);

interface InFlight {
  readonly keyword: string;
  readonly resolve: (reply: ControlMessage) => void;
  readonly reject: (error: RbError) => void;
  readonly cancelDeadline: CancelTimer;
}

/** The command's name alone: arguments may be secrets or onion addresses. */
const keywordOf = (line: string): string => line.split(' ', 1)[0]?.replace('+', '').slice(0, 40) ?? '';

const encodeCommand = (line: WireText, data: Uint8Array | undefined): Uint8Array =>
  Buffer.concat([wireTextToBytes(line), CRLF, ...(data === undefined ? [] : [encodeCmdData(data)])]);

const whyUnsendable = (line: WireText, bytes: Uint8Array, hasData: boolean): string | null => {
  if (breaksLine(line)) return 'it holds a line break or a NUL';
  if (line.startsWith('+') !== hasData) return 'a body needs a multi-line command, and the other way round';
  return bytes.length > MAX_COMMAND_BYTES ? `it is longer than ${MAX_COMMAND_BYTES} bytes` : null;
};

/** Speaks the control protocol over a stream that is connected already, and owns the stream from here on. */
export const controlConnection = (stream: Duplex, options: ControlConnectionOptions): ControlConnection => {
  const { where, clock } = options;
  const commandDeadlineMs = options.commandDeadlineMs ?? DEFAULT_COMMAND_DEADLINE_MS;
  const maxInFlight = options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT;
  const parser = new ReplyParser(options.limits ?? DEFAULT_REPLY_LIMITS, UNREAD_BODIES);
  const writer = commandWriter(stream);
  const listeners = new Set<(event: ControlMessage) => void>();
  const inFlight: InFlight[] = [];
  let ended: RbError | null = null;
  let announceEnd: (why: RbError) => void = () => undefined;
  const closed = new Promise<RbError>((resolve) => {
    announceEnd = resolve;
  });

  const end = (why: RbError): void => {
    if (ended !== null) return;
    ended = why;
    stream.destroy();
    listeners.clear();
    for (const command of inFlight.splice(0)) {
      command.cancelDeadline();
      command.reject(why);
    }
    announceEnd(why);
  };
  const closedBecause = (reason: string): RbError => rbError('control.closed', where, { reason });

  const deliver = (message: ControlMessage): void => {
    if (message.kind === 'event') {
      for (const listener of listeners) listener(message);
      return;
    }
    const command = inFlight.shift();
    if (command === undefined) {
      end(rbError('control.protocol', where, { violation: 'reply-without-command' }));
      return;
    }
    command.cancelDeadline();
    command.resolve(message);
  };

  stream.on('data', (chunk: Uint8Array) => {
    const { messages, violation } = parser.push(chunk);
    for (const message of messages) if (ended === null) deliver(message);
    if (violation !== null) end(rbError('control.protocol', where, { violation }));
  });
  stream.on('error', (error: Error) => end(closedBecause(error.message)));
  const onEndOfFile = (): void =>
    end(closedBecause(parser.inMessage ? 'Tor closed it in the middle of a reply' : 'Tor closed it'));
  stream.on('end', onEndOfFile);
  stream.on('close', onEndOfFile);

  const send = (line: WireText, sendOptions: SendOptions = {}): Promise<ControlMessage> => {
    const keyword = keywordOf(line);
    const bytes = encodeCommand(line, sendOptions.data);
    const problem = whyUnsendable(line, bytes, sendOptions.data !== undefined);
    if (ended !== null) return Promise.reject(ended);
    if (problem !== null)
      return Promise.reject(rbError('control.bad-argument', where, { command: keyword, problem }));
    if (inFlight.length >= maxInFlight) {
      return Promise.reject(rbError('control.overloaded', where, { command: keyword, limit: maxInFlight }));
    }
    const deadlineMs = sendOptions.deadlineMs ?? commandDeadlineMs;
    return new Promise((resolve, reject) => {
      const cancelDeadline = clock.after(deadlineMs, () => {
        end(rbError('control.deadline', where, { command: keyword, deadlineMs }));
      });
      inFlight.push({ keyword, resolve, reject, cancelDeadline });
      writer.write(bytes);
    });
  };

  return {
    where,
    get isOpen() {
      return ended === null;
    },
    send,
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    closed,
    close: (reason) => end(closedBecause(reason)),
  };
};
