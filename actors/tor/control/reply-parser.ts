import { DataBody } from './data-body.js';
import { wireTextFromBytes, type WireText } from './wire-text.js';

/** One line of a reply or an event (control-spec §2.3). */
export interface ReplyLine {
  readonly status: number;
  readonly text: WireText;
  /** Body of a data line, decoded (see DataBody); null on other lines and where it was dropped. */
  readonly data: Uint8Array | null;
}

/** A whole reply, or a whole asynchronous event. */
export interface ControlMessage {
  readonly kind: 'reply' | 'event';
  /** Status of the last line. */
  readonly status: number;
  readonly lines: readonly ReplyLine[];
}

/** How the peer broke the protocol. After the first violation nothing that follows can be trusted. */
export type ReplyViolation =
  | 'line-too-long'
  | 'reply-too-large'
  | 'too-many-lines'
  | 'malformed-line'
  | 'unknown-status'
  | 'bare-line-feed'
  | 'event-inside-reply'
  | 'reply-inside-event';

export interface ReplyLimits {
  /** One line outside a data section, without its CRLF. The longest in practice is one circuit, about 1 kB. */
  readonly maxLineBytes: number;
  /** Text and data of one reply together. md/all of the public network is some 12 MB. */
  readonly maxReplyBytes: number;
  readonly maxReplyLines: number;
}

export const DEFAULT_REPLY_LIMITS: ReplyLimits = {
  maxLineBytes: 64 * 1024,
  maxReplyBytes: 64 * 1024 * 1024,
  maxReplyLines: 10_000,
};

export interface ParseOutcome {
  readonly messages: readonly ControlMessage[];
  readonly violation: ReplyViolation | null;
}

const CR = 13;
const LF = 10;

/** Every event, and nothing else, has a 6yz status (control-spec §4). */
const isAsynchronous = (status: number): boolean => status >= 600;
const isKnownStatus = (status: number): boolean => [2, 4, 5, 6].includes(Math.floor(status / 100));

/**
 * Cuts the byte stream of a control port into replies and events. It never throws, holds no more than the limits
 * allow, and gives the same messages however the stream is cut into chunks.
 */
export class ReplyParser {
  readonly #limits: ReplyLimits;
  readonly #droppedBodies: ReadonlySet<string>;
  #violation: ReplyViolation | null = null;
  #messages: ControlMessage[] = [];
  // The line that is not complete yet, in the pieces it came in.
  #partial: Buffer[] = [];
  #partialBytes = 0;
  // The message that is not complete yet.
  #lines: ReplyLine[] = [];
  #messageBytes = 0;
  // The data section that is being read, and the line that announced it.
  #body: DataBody | null = null;
  #bodyLine: { readonly status: number; readonly text: WireText } | null = null;

  /** `droppedBodies` names events whose data section is skipped unread: NEWCONSENSUS repeats the whole consensus. */
  constructor(limits: ReplyLimits = DEFAULT_REPLY_LIMITS, droppedBodies: ReadonlySet<string> = new Set()) {
    this.#limits = limits;
    this.#droppedBodies = droppedBodies;
  }

  /** Whether the stream ends in the middle of a message: an end of file here is a break, not a farewell. */
  get inMessage(): boolean {
    return this.#lines.length > 0 || this.#partialBytes > 0 || this.#body !== null;
  }

  /** Takes the next bytes; returns the messages that they completed. Bytes are not kept beyond the call. */
  push(chunk: Uint8Array): ParseOutcome {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#messages = [];
    let at = 0;
    while (at < bytes.length && this.#violation === null) {
      at = this.#body === null ? this.#readLine(bytes, at) : this.#readBody(this.#body, bytes, at);
    }
    if (this.#violation !== null) this.#forget();
    return { messages: this.#messages, violation: this.#violation };
  }

  #forget(): void {
    this.#partial = [];
    this.#partialBytes = 0;
    this.#lines = [];
    this.#body = null;
  }

  #readBody(body: DataBody, bytes: Buffer, from: number): number {
    const at = body.consume(bytes, from);
    if (body.state === 'ended') this.#endBody(body);
    else if (body.state === 'bare-line-feed') this.#violation = 'bare-line-feed';
    else if (body.state === 'too-large') this.#violation = 'reply-too-large';
    return at;
  }

  #endBody(body: DataBody): void {
    const line = this.#bodyLine;
    this.#body = null;
    this.#bodyLine = null;
    this.#messageBytes += body.length;
    if (line !== null) this.#lines.push({ ...line, data: body.take() });
  }

  #readLine(bytes: Buffer, from: number): number {
    const lineFeed = bytes.indexOf(LF, from);
    const end = lineFeed === -1 ? bytes.length : lineFeed;
    const piece = bytes.subarray(from, end);
    // One more than the limit may still be the CR of a line that just fits.
    if (this.#partialBytes + piece.length > this.#limits.maxLineBytes + 1) {
      this.#violation = 'line-too-long';
      return end;
    }
    if (lineFeed === -1) {
      this.#partial.push(Buffer.from(piece));
      this.#partialBytes += piece.length;
      return end;
    }
    const line = this.#partial.length === 0 ? piece : Buffer.concat([...this.#partial, piece]);
    this.#partial = [];
    this.#partialBytes = 0;
    if (line.length === 0 || line[line.length - 1] !== CR) this.#violation = 'bare-line-feed';
    else this.#takeLine(line.subarray(0, line.length - 1));
    return lineFeed + 1;
  }

  #takeLine(line: Buffer): void {
    const head = /^([0-9]{3})([ +-])$/.exec(line.toString('latin1', 0, 4));
    if (head === null) {
      this.#violation = 'malformed-line';
      return;
    }
    const status = Number(head[1]);
    const text = wireTextFromBytes(line.subarray(4));
    this.#messageBytes += line.length;
    this.#violation = this.#objection(status);
    if (this.#violation !== null) return;
    if (head[2] === '+') {
      this.#body = new DataBody(
        this.#limits.maxReplyBytes - this.#messageBytes,
        !this.#isDropped(status, text),
      );
      this.#bodyLine = { status, text };
      return;
    }
    this.#lines.push({ status, text, data: null });
    if (head[2] === ' ') this.#endMessage(status);
  }

  #objection(status: number): ReplyViolation | null {
    if (!isKnownStatus(status)) return 'unknown-status';
    if (this.#lines.length >= this.#limits.maxReplyLines) return 'too-many-lines';
    if (this.#messageBytes > this.#limits.maxReplyBytes) return 'reply-too-large';
    const first = this.#lines[0];
    if (first === undefined || isAsynchronous(first.status) === isAsynchronous(status)) return null;
    return isAsynchronous(status) ? 'event-inside-reply' : 'reply-inside-event';
  }

  #isDropped(status: number, text: string): boolean {
    return isAsynchronous(status) && this.#droppedBodies.has(text.split(' ', 1)[0] ?? '');
  }

  #endMessage(status: number): void {
    this.#messages.push({ kind: isAsynchronous(status) ? 'event' : 'reply', status, lines: this.#lines });
    this.#lines = [];
    this.#messageBytes = 0;
  }
}
