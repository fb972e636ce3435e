import type { Socket } from 'node:net';
import { BytePipe } from '../byte-pipe.js';
import { resetSocket } from '../reset-socket.js';
import type { Session } from '../session.js';
import type { TargetSlot } from '../target/target-slot.js';
import { errorPage } from './error-page.js';
import { Exchange, type ExchangeHost, type HttpServices } from './exchange.js';
import { HeadBuffer } from './head-buffer.js';
import { HeldRequest } from './held-request.js';
import { FAULT_STATUS, type RequestFault, type RequestHead, parseRequestHead } from './request-head.js';
import { joinAnswerHead } from './write-head.js';

/**
 * How long a closed connection is still read from, so that the last response is not lost to the reset that
 * unread bytes would cause (RFC 9112 §9.6).
 */
const LINGER_MS = 2000;

/**
 * A client that has closed its side is either a tool that sends and then waits, or gone for good (what Tor hands on
 * when a client leaves looks the same): its answer is waited for, but not for long.
 */
const HALF_CLOSED_IDLE_MS = 30_000;

type Phase = 'head' | 'held' | 'exchange' | 'tunnel' | 'closing';

/** A body that has not come by then goes to the target as far as it is there: whoever joins sends it at once. */
const HELD_BODY_WITHIN_MS = 10_000;

/**
 * One client connection in HTTP mode: requests in their order, one exchange at a time.
 *
 * It parses for itself instead of standing on node:http and undici. Those (Node 20.20, undici 7.30) did 16,000 small
 * requests in a second of processor time where this does 27,000; undici sends no request trailers; and node:http takes
 * two Host fields, `Transfer-Encoding: gzip, chunked`, chunked in HTTP/1.0 and a bare LF in a chunk extension, each of
 * which the target might read in another way.
 */
export class HttpSession implements Session, ExchangeHost {
  readonly #client: Socket;
  readonly #services: HttpServices;
  readonly #input = new HeadBuffer();
  #phase: Phase = 'head';
  #held: HeldRequest | null = null;
  #exchange: Exchange | null = null;
  #tunnel: BytePipe | null = null;
  #movedMs: number;
  /** When the request that is being read began; null between requests. */
  #headSinceMs: number | null;
  /** When the last response had gone out on a connection that is being closed. */
  #closedSinceMs: number | null = null;
  #emptyLineSkipped = false;
  #draining = false;

  constructor(client: Socket, services: HttpServices) {
    this.#client = client;
    this.#services = services;
    this.#movedMs = services.clock.monotonicMs();
    this.#headSinceMs = this.#movedMs;
    client.on('data', this.#onData);
    client.on('end', this.#onEnd);
    client.on('drain', this.#onDrain);
    client.on('close', this.#onClose);
  }

  get isDraining(): boolean {
    return this.#draining || this.#services.isLeaving();
  }

  check(nowMs: number): void {
    const { headerTimeoutMs, idleTimeoutMs } = this.#services.limits;
    const stillMs = nowMs - Math.max(this.#movedMs, this.#exchange?.movedMs ?? 0);
    switch (this.#phase) {
      case 'head':
        if (this.#headSinceMs === null) {
          if (stillMs > idleTimeoutMs) this.#close();
        } else if (nowMs - this.#headSinceMs > headerTimeoutMs) this.#headTimedOut();
        return;
      case 'held':
        if (this.#held?.isWhole === false && nowMs - this.#held.sinceMs > HELD_BODY_WITHIN_MS)
          this.#release();
        return;
      case 'exchange': {
        const patience = this.#client.readableEnded
          ? Math.min(idleTimeoutMs, HALF_CLOSED_IDLE_MS)
          : idleTimeoutMs;
        if (stillMs > patience) this.#exchange?.timedOut();
        else this.#exchange?.reconsider();
        return;
      }
      case 'tunnel':
        if (stillMs > idleTimeoutMs) this.#tunnel?.destroy();
        return;
      case 'closing':
        this.#checkClosing(nowMs, stillMs);
    }
  }

  /** A client that has not had anything yet is about to ask: its request is waited for. */
  drain(): void {
    this.#draining = true;
    if (this.#phase === 'head' && this.#headSinceMs === null) this.#close();
  }

  retire(stillMs: number): void {
    this.#draining = true;
    const stillSinceMs = this.#services.clock.monotonicMs() - stillMs;
    if (this.#phase === 'head' && this.#input.isEmpty && this.#movedMs <= stillSinceMs) this.#close();
  }

  destroy(): void {
    if (this.#tunnel === null) this.#client.destroy();
    else this.#tunnel.destroy();
  }

  exchangeDone(keep: boolean): void {
    this.#exchange = null;
    this.#moved();
    if (!keep || this.isDraining) {
      this.#close();
      return;
    }
    this.#phase = 'head';
    this.#headSinceMs = this.#input.isEmpty ? null : this.#movedMs;
    this.#emptyLineSkipped = false;
    this.#readHead();
    this.#client.resume();
  }

  exchangeBroken(delimited: boolean): void {
    this.#exchange = null;
    if (delimited) this.#client.destroy();
    else resetSocket(this.#client);
  }

  exchangeSwitched(target: Socket, rest: Buffer, slot: TargetSlot): void {
    const { traffic, clock } = this.#services;
    const moved = (): void => {
      this.#movedMs = clock.monotonicMs();
    };
    this.#exchange = null;
    this.#phase = 'tunnel';
    this.#client.off('data', this.#onData);
    this.#client.off('end', this.#onEnd);
    this.#client.off('drain', this.#onDrain);
    this.#client.off('close', this.#onClose);
    this.#tunnel = new BytePipe(this.#client, target, {
      sent: (bytes) => {
        traffic.bytesIn += bytes;
        moved();
      },
      received: (bytes) => {
        traffic.bytesOut += bytes;
        moved();
      },
      pipeClosed: () => {
        slot.leave(true);
        this.#services.closed(this);
      },
    });
    this.#tunnel.start(this.#input.takeAll(), rest.length === 0 ? null : rest);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#moved();
    this.#services.traffic.bytesIn += chunk.length;
    switch (this.#phase) {
      case 'head':
        this.#headSinceMs ??= this.#movedMs;
        this.#input.append(chunk);
        this.#readHead();
        return;
      case 'held':
        this.#hold(chunk);
        return;
      case 'exchange':
        this.#feed(chunk);
        return;
      case 'tunnel':
      case 'closing':
        return;
    }
  };

  readonly #onEnd = (): void => {
    if (this.#phase === 'exchange' && this.#exchange?.requestComplete === true) return;
    if (this.#held?.isWhole === true) return;
    this.#held = null;
    this.#exchange?.abandon();
    this.#exchange = null;
    this.#close();
  };

  readonly #onDrain = (): void => {
    this.#moved();
    this.#exchange?.clientDrained();
  };

  readonly #onClose = (): void => {
    this.#held = null;
    this.#exchange?.abandon();
    this.#exchange = null;
    this.#services.closed(this);
  };

  #readHead(): void {
    const { limits, traffic } = this.#services;
    if (!this.#emptyLineSkipped && this.#input.length >= 2) {
      this.#input.skipEmptyLine();
      this.#emptyLineSkipped = true;
    }
    const cut = this.#input.cut(limits.maxHeaderBytes);
    if (cut === null) {
      if (this.#client.readableEnded) this.#close();
      return;
    }
    if (cut === 'too-large' || cut === 'malformed') {
      this.#refuse(cut === 'too-large' ? 'head-too-large' : 'bad-request-line');
      return;
    }
    const head = parseRequestHead(cut.text, limits.maxFields);
    if (typeof head === 'string') {
      this.#refuse(head);
      return;
    }
    traffic.requestsTotal++;
    const bodyBytes = this.#services.joins?.bodyBytesOf(head) ?? null;
    if (bodyBytes === null) {
      this.#begin(head, cut.rest);
      return;
    }
    this.#phase = 'held';
    this.#held = new HeldRequest(head, bodyBytes, this.#movedMs);
    this.#hold(cut.rest);
  }

  /** @param rest what came behind the head */
  #begin(head: RequestHead, rest: Buffer): void {
    this.#phase = 'exchange';
    this.#exchange = new Exchange(head, this.#client, this, this.#services);
    this.#exchange.start();
    if (rest.length > 0) this.#feed(rest);
  }

  #hold(chunk: Buffer): void {
    const held = this.#held;
    if (held === null) return;
    const wasWhole = held.isWhole;
    held.append(chunk);
    if (held.length > this.#services.limits.maxHeaderBytes) this.#client.pause();
    if (!held.isWhole || wasWhole) return;
    void this.#services.joins?.answer(held.body()).then((answer) => {
      if (this.#held !== held) return;
      if (answer === null) this.#release();
      else this.#answerHeld(held, answer);
    });
  }

  /** Lets the target have what was held back, as if it had come just now. */
  #release(): void {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    this.#moved();
    this.#client.resume();
    this.#begin(held.head, held.everything());
  }

  #answerHeld(held: HeldRequest, answer: Uint8Array): void {
    const { persists, minor } = held.head;
    const keep = persists && minor === 1 && !this.isDraining && !this.#client.readableEnded;
    this.#held = null;
    this.#input.append(held.ahead());
    this.#client.write(joinAnswerHead(answer.length, keep), 'latin1');
    this.#client.write(answer);
    this.#services.traffic.bytesOut += answer.length;
    this.exchangeDone(keep);
  }

  /** Bytes during an exchange: its request's body, and behind it requests that are sent ahead. */
  #feed(chunk: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    const used = exchange.requestComplete ? 0 : exchange.requestData(chunk);
    if (used === null) {
      this.#exchange = null;
      if (exchange.abandon()) this.#refuse('bad-transfer-coding');
      else resetSocket(this.#client);
      return;
    }
    if (used === chunk.length) return;
    this.#input.append(used === 0 ? chunk : chunk.subarray(used));
    if (this.#input.length > this.#services.limits.maxHeaderBytes) this.#client.pause();
  }

  #refuse(fault: RequestFault): void {
    this.#services.traffic.requestsRefused++;
    this.#client.write(errorPage(FAULT_STATUS[fault], { withBody: true, close: true }), 'latin1');
    this.#close();
  }

  #headTimedOut(): void {
    if (this.#input.isEmpty) this.#client.destroy();
    else {
      this.#client.write(errorPage(408, { withBody: true, close: true }), 'latin1');
      this.#close();
    }
  }

  /** Ends our side, then reads on for a while without looking. */
  #close(): void {
    this.#phase = 'closing';
    this.#input.takeAll();
    this.#client.end();
    this.#client.resume();
  }

  #checkClosing(nowMs: number, stillMs: number): void {
    if (!this.#client.writableFinished) {
      if (stillMs > this.#services.limits.idleTimeoutMs) this.#client.destroy();
      return;
    }
    this.#closedSinceMs ??= nowMs;
    if (nowMs - this.#closedSinceMs > LINGER_MS) this.#client.destroy();
  }

  #moved(): void {
    this.#movedMs = this.#services.clock.monotonicMs();
  }
}
