import type { Socket } from 'node:net';
import type { Clock } from '../../kernel/clock.js';
import type { ProxyLimits } from '../limits.js';
import { TargetFailure } from '../target/target-failure.js';
import { BodyReader, type BodySink } from './body-reader.js';
import type { Field } from './field.js';
import { HeadBuffer } from './head-buffer.js';
import { MessageWriter } from './message-writer.js';
import { type ResponseHead, parseResponseHead } from './response-head.js';

/** Who waits for the response on a link. Calls come one after the other, none from within another. */
export interface ResponseListener {
  /** A 1xx head other than 101. */
  interim(head: ResponseHead): void;
  responseHead(head: ResponseHead): void;
  responseData(slice: Buffer): void;
  /** The link has forgotten this listener; `reusable`: the target keeps the connection open. */
  responseComplete(trailers: readonly Field[], reusable: boolean): void;
  /** 101: from here on the connection is no longer HTTP. */
  switched(head: ResponseHead, rest: Buffer): void;
  /** All of one read was handed over. */
  readEnded(): void;
  /** The target takes more again. */
  linkDrained(): void;
  /** The link has forgotten this listener and is closed. */
  linkFailed(failure: TargetFailure): void;
}

/** More interim responses than this for one request are a fault of the target, not information. */
const MAX_INTERIM = 16;

const NO_TRAILERS: readonly Field[] = [];

/** One HTTP connection to the target: one request at a time, its response parsed strictly. */
export class TargetLink implements BodySink {
  readonly #socket: Socket;
  readonly #limits: ProxyLimits;
  readonly #clock: Clock;
  readonly #onIdleEnd: (link: TargetLink) => void;
  readonly #head = new HeadBuffer();
  readonly writer: MessageWriter;
  #listener: ResponseListener | null = null;
  #method = '';
  #body: BodyReader | null = null;
  #persists = false;
  #keepAliveSecs: number | null = null;
  #trailers: readonly Field[] = NO_TRAILERS;
  #interims = 0;
  #answered = false;
  #requests = 0;
  /** When something last moved, monotonic milliseconds. */
  movedMs: number;

  /** @param onIdleEnd called when the link ends while it serves nobody */
  constructor(socket: Socket, limits: ProxyLimits, clock: Clock, onIdleEnd: (link: TargetLink) => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#clock = clock;
    this.#onIdleEnd = onIdleEnd;
    this.writer = new MessageWriter(socket);
    this.movedMs = clock.monotonicMs();
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onClose);
    socket.on('drain', this.#onDrain);
  }

  /** The request went out on a connection that had served others, and not a byte came back. */
  get wasStale(): boolean {
    return this.#requests > 1 && !this.#answered;
  }

  /** Something of an answer has come. */
  get hasAnswered(): boolean {
    return this.#answered;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && !this.#socket.readableEnded && this.#socket.writable;
  }

  /** How long the target said that it keeps an idle connection, seconds; null when it did not say. */
  get keepAliveSecs(): number | null {
    return this.#keepAliveSecs;
  }

  /** A request goes out now; its response goes to `listener`. */
  begin(listener: ResponseListener, method: string): void {
    this.#listener = listener;
    this.#method = method;
    this.#body = null;
    this.#trailers = NO_TRAILERS;
    this.#interims = 0;
    this.#answered = false;
    this.#requests++;
    this.movedMs = this.#clock.monotonicMs();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Closes the link; its listener hears nothing of it. */
  destroy(): void {
    this.#listener = null;
    this.#socket.destroy();
  }

  /** Hands the connection over to somebody who speaks another protocol on it. */
  release(): Socket {
    this.#listener = null;
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onClose);
    this.#socket.off('drain', this.#onDrain);
    return this.#socket;
  }

  bodyData(slice: Buffer): void {
    this.#listener?.responseData(slice);
  }

  bodyEnd(trailers: readonly Field[]): void {
    this.#trailers = trailers;
  }

  readonly #onData = (chunk: Buffer): void => {
    this.movedMs = this.#clock.monotonicMs();
    // Bytes that nobody asked for would be taken for the answer to the next request.
    if (this.#listener === null) {
      this.#endIdle();
      return;
    }
    this.#answered = true;
    if (this.#body === null) this.#readHeads(chunk);
    else this.#readBody(this.#body, chunk);
    this.#listener?.readEnded();
  };

  readonly #onEnd = (): void => {
    if (this.#listener === null) this.#endIdle();
    else if (this.#body?.senderClosed() === true) this.#complete(false);
    else this.#fail(new TargetFailure('broken', 'closed before the end of its answer'));
  };

  readonly #onClose = (): void => {
    if (this.#listener === null) this.#onIdleEnd(this);
    else this.#fail(new TargetFailure('broken', 'connection reset'));
  };

  readonly #onDrain = (): void => {
    this.movedMs = this.#clock.monotonicMs();
    this.#listener?.linkDrained();
  };

  #readHeads(chunk: Buffer): void {
    this.#head.append(chunk);
    for (;;) {
      const cut = this.#head.cut(this.#limits.maxHeaderBytes);
      if (cut === null) return;
      const head =
        typeof cut === 'string' ? cut : parseResponseHead(cut.text, this.#method, this.#limits.maxFields);
      if (typeof head === 'string' || typeof cut === 'string') {
        this.#fail(new TargetFailure('broken', `bad answer: ${String(head)}`));
        return;
      }
      if (head.status >= 200) {
        this.#readResponse(head, cut.rest);
        return;
      }
      if (head.status === 101) {
        this.#listener?.switched(head, cut.rest);
        return;
      }
      this.#interims++;
      if (this.#interims > MAX_INTERIM) {
        this.#fail(new TargetFailure('broken', 'bad answer: too many interim responses'));
        return;
      }
      this.#listener?.interim(head);
      this.#head.append(cut.rest);
    }
  }

  #readResponse(head: ResponseHead, rest: Buffer): void {
    this.#persists = head.persists;
    this.#keepAliveSecs = head.keepAliveSecs;
    const body = new BodyReader(head.framing, this.#limits, this);
    this.#body = body;
    this.#listener?.responseHead(head);
    this.#readBody(body, rest);
  }

  #readBody(body: BodyReader, chunk: Buffer): void {
    const used = body.push(chunk);
    if (this.#listener === null) return;
    if (used === null) this.#fail(new TargetFailure('broken', 'bad answer: malformed chunked coding'));
    else if (body.complete) this.#complete(this.#persists && used === chunk.length);
  }

  #complete(reusable: boolean): void {
    const listener = this.#listener;
    this.#listener = null;
    listener?.responseComplete(this.#trailers, reusable);
  }

  #fail(failure: TargetFailure): void {
    const listener = this.#listener;
    this.destroy();
    listener?.linkFailed(failure);
  }

  #endIdle(): void {
    this.#socket.destroy();
    this.#onIdleEnd(this);
  }
}
