import type { Socket } from 'node:net';
import type { JoinGate } from '../join-gate.js';
import type { SessionServices } from '../session.js';
import { TargetFailure } from '../target/target-failure.js';
import { BodyReader, type BodySink } from './body-reader.js';
import { allowedTrailers } from './connection-options.js';
import { errorPage } from './error-page.js';
import type { Field } from './field.js';
import { MessageWriter } from './message-writer.js';
import { type RequestHead, isRepeatable } from './request-head.js';
import type { ResponseHead } from './response-head.js';
import type { ResponseListener, TargetLink } from './target-link.js';
import type { TargetPool } from './target-pool.js';
import { type OriginPair, writeRequestHead, writeResponseHead, writeTrailers } from './write-head.js';

export interface HttpServices extends SessionServices {
  readonly pool: TargetPool;
  readonly origins: OriginPair;
  /** Null where no joins are taken at the master address. */
  readonly joins: JoinGate | null;
}

/** The client's side of an exchange. Each but isDraining is called once at most, as the exchange's last act. */
export interface ExchangeHost {
  readonly isDraining: boolean;
  /** The response is written; `keep`: the client may send its next request on this connection. */
  exchangeDone(keep: boolean): void;
  /**
   * The response broke off after its beginning, and the client must see that it is not whole; `delimited`: it sees that
   * from the response's own framing.
   */
  exchangeBroken(delimited: boolean): void;
  /** 101 was written: join the two connections. */
  exchangeSwitched(target: Socket, rest: Buffer): void;
}

/** One request and its response, streamed both ways at the pace of the slower side. */
export class Exchange implements ResponseListener, BodySink {
  readonly #request: RequestHead;
  readonly #client: Socket;
  readonly #host: ExchangeHost;
  readonly #services: HttpServices;
  readonly #writer: MessageWriter;
  readonly #body: BodyReader;
  readonly #giveUp = new AbortController();
  #link: TargetLink | null = null;
  /** Content that came before there was a connection to the target. */
  #early: Buffer[] = [];
  #earlyTrailers: readonly Field[] | null = null;
  #repeated = false;
  #headSeen = false;
  #chunked = false;
  /** The client can tell from the response itself where it ends. */
  #delimited = false;
  #keep = false;
  #ended = false;

  constructor(request: RequestHead, client: Socket, host: ExchangeHost, services: HttpServices) {
    this.#request = request;
    this.#client = client;
    this.#host = host;
    this.#services = services;
    this.#writer = new MessageWriter(client);
    this.#body = new BodyReader(request.framing, services.limits, this);
  }

  /** The request has come in whole. */
  get requestComplete(): boolean {
    return this.#body.complete;
  }

  /** When the target's side last moved, monotonic milliseconds. */
  get movedMs(): number {
    return this.#link?.movedMs ?? 0;
  }

  /** Something of the final response has gone out: nothing else can be said any more. */
  get #committed(): boolean {
    return this.#headSeen && this.#writer.hasWritten;
  }

  start(): void {
    const link = this.#services.pool.take();
    if (link === null) this.#connect();
    else this.#send(link);
  }

  /** Content of the request. @returns how many bytes belong to it, or null when its coding is malformed. */
  requestData(chunk: Buffer): number | null {
    const used = this.#body.push(chunk);
    this.#link?.writer.flush();
    if (this.#link === null ? this.#early.length > 0 : this.#link.writer.isFull) this.#client.pause();
    return used;
  }

  /** The client takes more again. */
  clientDrained(): void {
    this.#link?.resume();
  }

  /** Nothing has moved for too long. */
  timedOut(): void {
    const stalledClient = !this.requestComplete && this.#link?.writer.isFull === false;
    this.abandon();
    if (this.#committed) this.#host.exchangeBroken(this.#delimited);
    else if (stalledClient) this.#answer(408);
    else this.#answerFailure(new TargetFailure('timeout', 'no answer'));
  }

  /** The client broke the rules in its body, or is gone. @returns whether a response can still be given. */
  abandon(): boolean {
    this.#ended = true;
    this.#giveUp.abort();
    this.#link?.destroy();
    this.#link = null;
    this.#early = [];
    this.#writer.discard();
    return !this.#committed;
  }

  bodyData(slice: Buffer): void {
    if (this.#link === null) this.#early.push(slice);
    else this.#sendData(this.#link, slice);
  }

  bodyEnd(trailers: readonly Field[]): void {
    if (this.#link === null) this.#earlyTrailers = trailers;
    else this.#sendEnd(this.#link, trailers);
  }

  interim(head: ResponseHead): void {
    if (this.#request.minor === 0) return;
    this.#writer.text(writeResponseHead(head, { chunked: false, connection: null }, this.#services.origins));
    this.#writer.flush();
  }

  responseHead(head: ResponseHead): void {
    const { minor, persists } = this.#request;
    const { kind } = head.framing;
    this.#services.traffic.targetAnswers++;
    this.#headSeen = true;
    this.#writer.begin();
    this.#delimited = minor === 1 || kind === 'none' || kind === 'length';
    this.#chunked = minor === 1 && (kind === 'chunked' || kind === 'until-close');
    this.#keep = persists && this.requestComplete && this.#delimited && !this.#host.isDraining;
    const connection = !this.#keep ? 'close' : minor === 0 ? 'keep-alive' : null;
    this.#writer.text(
      writeResponseHead(head, { chunked: this.#chunked, connection }, this.#services.origins),
    );
  }

  responseData(slice: Buffer): void {
    this.#services.traffic.bytesOut += slice.length;
    if (this.#chunked) this.#writer.chunk(slice);
    else this.#writer.data(slice);
  }

  readEnded(): void {
    this.#writer.flush();
    if (this.#writer.isFull) this.#link?.pause();
  }

  responseComplete(trailers: readonly Field[], reusable: boolean): void {
    if (this.#chunked) this.#writer.text(writeTrailers(allowedTrailers(trailers)));
    this.#writer.flush();
    const link = this.#link;
    this.#link = null;
    this.#ended = true;
    if (link !== null && reusable && this.requestComplete) this.#services.pool.give(link);
    else link?.destroy();
    this.#host.exchangeDone(this.#keep && this.requestComplete);
  }

  switched(head: ResponseHead, rest: Buffer): void {
    const link = this.#link;
    if (link === null) return;
    if (this.#request.upgrade === null) {
      link.destroy();
      this.linkFailed(new TargetFailure('broken', 'bad answer: a change of protocol that nobody asked for'));
      return;
    }
    this.#services.traffic.targetAnswers++;
    this.#writer.text(
      writeResponseHead(head, { chunked: false, connection: 'upgrade' }, this.#services.origins),
    );
    this.#writer.flush();
    this.#link = null;
    this.#ended = true;
    this.#host.exchangeSwitched(link.release(), rest);
  }

  linkDrained(): void {
    if (!this.requestComplete) this.#client.resume();
  }

  linkFailed(failure: TargetFailure): void {
    const link = this.#link;
    this.#link = null;
    if (this.#committed) {
      this.#services.traffic.targetFailed(failure);
      this.#ended = true;
      this.#host.exchangeBroken(this.#delimited);
    } else if (link?.wasStale === true && !this.#repeated && isRepeatable(this.#request)) {
      this.#repeated = true;
      this.#connect();
    } else {
      this.#answerFailure(failure);
    }
  }

  #connect(): void {
    this.#services.pool.connect(this.#giveUp.signal).then(
      (link) => {
        if (this.#ended) link.destroy();
        else this.#send(link);
      },
      (error: unknown) => {
        if (this.#ended) return;
        if (!(error instanceof TargetFailure)) throw error;
        this.#answerFailure(error);
      },
    );
  }

  #send(link: TargetLink): void {
    this.#link = link;
    link.begin(this, this.#request.method);
    link.writer.text(writeRequestHead(this.#request, this.#services.origins));
    for (const slice of this.#early.splice(0)) this.#sendData(link, slice);
    if (this.#earlyTrailers !== null) this.#sendEnd(link, this.#earlyTrailers);
    link.writer.flush();
    if (!this.requestComplete && !link.writer.isFull) this.#client.resume();
  }

  #sendData(link: TargetLink, slice: Buffer): void {
    if (this.#request.framing.kind === 'chunked') link.writer.chunk(slice);
    else link.writer.data(slice);
  }

  #sendEnd(link: TargetLink, trailers: readonly Field[]): void {
    if (this.#request.framing.kind === 'chunked') link.writer.text(writeTrailers(allowedTrailers(trailers)));
  }

  #answerFailure(failure: TargetFailure): void {
    this.#services.traffic.targetFailed(failure);
    this.#answer(failure.status);
  }

  #answer(status: number): void {
    this.abandon();
    const { minor, persists, method } = this.#request;
    const keep = minor === 1 && persists && this.requestComplete && !this.#host.isDraining;
    this.#writer.text(errorPage(status, { withBody: method !== 'HEAD', close: !keep }));
    this.#writer.flush();
    this.#host.exchangeDone(keep);
  }
}
