import type { Socket } from 'node:net';
import { resetSocket } from './reset-socket.js';

export interface PipeObserver {
  /** Bytes went from the client to the target; 0 when the target has taken what it could not take before. */
  sent(bytes: number): void;
  /** The same the other way. */
  received(bytes: number): void;
  /** Both connections are closed; called once. */
  pipeClosed(): void;
}

/**
 * Joins two connections byte for byte: back-pressure (whoever sends waits while the other cannot take more),
 * half-close (an end goes through, the way back stays open), and a break of one side breaks the other.
 */
export class BytePipe {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #observer: PipeObserver;
  #open = 2;

  constructor(client: Socket, target: Socket, observer: PipeObserver) {
    this.#client = client;
    this.#target = target;
    this.#observer = observer;
  }

  /** Begins; what was read from either side before goes first. */
  start(fromClient: Buffer | null, fromTarget: Buffer | null): void {
    const observer = this.#observer;
    const toTarget = this.#join(this.#client, this.#target, (bytes) => {
      observer.sent(bytes);
    });
    const toClient = this.#join(this.#target, this.#client, (bytes) => {
      observer.received(bytes);
    });
    this.#client.resume();
    this.#target.resume();
    if (fromClient !== null) toTarget(fromClient);
    if (fromTarget !== null) toClient(fromTarget);
  }

  destroy(): void {
    resetSocket(this.#client);
    resetSocket(this.#target);
  }

  #join(from: Socket, to: Socket, moved: (bytes: number) => void): (chunk: Buffer) => void {
    const pass = (chunk: Buffer): void => {
      moved(chunk.length);
      if (!to.write(chunk)) from.pause();
    };
    from.on('data', pass);
    // An end that somebody else has heard already is not told again.
    if (from.readableEnded) to.end();
    from.on('end', () => {
      to.end();
    });
    from.on('close', (hadError) => {
      if (hadError || !from.readableEnded) resetSocket(to);
      else to.destroySoon();
      this.#open--;
      if (this.#open === 0) this.#observer.pipeClosed();
    });
    to.on('drain', () => {
      moved(0);
      from.resume();
    });
    return pass;
  }
}
