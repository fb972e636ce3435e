import type { Socket } from 'node:net';

/**
 * Slices up to this size are copied into one string with what stands before them, which goes out as one write; larger
 * ones go out as they are, in one vectored write. At 4 KiB both cost the same (about 3 µs).
 */
const COPY_UP_TO = 4096;

/** Held text beyond this goes out even if more is to come in this turn. */
const FLUSH_BEYOND = 16 * 1024;

/** Writes messages to a connection with as few system calls as their pieces allow. */
export class MessageWriter {
  readonly #socket: Socket;
  #held = '';
  #written = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Latin1 text: heads, chunk lines, trailers. */
  text(text: string): void {
    this.#held += text;
  }

  data(slice: Buffer): void {
    if (slice.length <= COPY_UP_TO) {
      this.#held += slice.toString('latin1');
      if (this.#held.length > FLUSH_BEYOND) this.flush();
      return;
    }
    this.#socket.cork();
    this.flush();
    this.#written = true;
    this.#socket.write(slice);
    this.#socket.uncork();
  }

  /** One chunk of the chunked coding (RFC 9112 §7.1). */
  chunk(slice: Buffer): void {
    this.#held += `${slice.length.toString(16)}\r\n`;
    this.data(slice);
    this.#held += '\r\n';
  }

  flush(): void {
    if (this.#held === '') return;
    const text = this.#held;
    this.#held = '';
    this.#written = true;
    this.#socket.write(text, 'latin1');
  }

  /** Begins a message that may still be replaced by another one until something of it has gone out. */
  begin(): void {
    this.#written = false;
  }

  /** Something of the message has gone out. */
  get hasWritten(): boolean {
    return this.#written;
  }

  /** Forgets what has not gone out. */
  discard(): void {
    this.#held = '';
  }

  /** The other side has to take some of it before more is written. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }
}
