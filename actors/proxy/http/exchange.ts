import type { Socket } from 'node:net';
import type { SelfTest } from '../../kernel/self-test-token.js';
import type { JoinGate } from '../join-gate.js';
import type { SelfTestGate } from '../self-test-gate.js';
import type { SessionServices } from '../session.js';
import { TargetFailure } from '../target/target-failure.js';
import type { TargetSlot } from '../target/target-slot.js';
import { BodyReader, type BodySink } from './body-reader.js';
import { allowedTrailers } from './connection-options.js';
import { errorPage } from './error-page.js';
import type { Field } from './field.js';
import { MessageWriter } from './message-writer.js';
import { type RequestHead, isRepeatable, isSafe } from './request-head.js';
import type { ResponseHead } from './response-head.js';
import type { ResponseListener, TargetLink } from './target-link.js';
import { isAskedFor } from './upgrade.js';
import { writeRequestHead, writeResponseHead, writeTrailers } from './write-head.js';

export interface HttpServices extends SessionServices {
  /** Null where no joins are taken at the master address. */
  readonly joins: JoinGate | null;
  /** Null where nobody could make a token. */
  readonly selfTests: SelfTestGate | null;
  /** What clients get while no target is well (latin1, each character one of its bytes); null: a page of our own. */
  readonly downPage: () => string | null;
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
  /** 101 was written: join the two connections, and leave the slot when both are closed. */
  exchangeSwitched(target: Socket, rest: Buffer, slot: TargetSlot): void;
}

/** One request and its response, streamed both ways at the pace of the slower side. */
export class Exchange implements ResponseListener, BodySink {
  readonly #request: RequestHead;
  readonly #test: SelfTest | null;
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
  #slot: TargetSlot | null = null;
  #tried: readonly TargetSlot[] = [];
  #repeated = false;
  /** Something of the request may have reached a target. */
  #sent = false;
  #headSeen = false;
  #chunked = false;
  /** The client can tell from the response itself where it ends. */
  #delimited = false;
  #keep = false;
  #ended = false;

  constructor(request: RequestHead, client: Socket, host: ExchangeHost, services: HttpServices) {
    const sorted = services.selfTests?.sort(request) ?? { head: request, test: null };
    this.#request = sorted.head;
    this.#test = sorted.test;
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
    const { targets } = this.#services;
    const slot = typeof this.#test === 'number' ? (targets.slots[this.#test] ?? null) : targets.choose([]);
    if (slot !== null) this.#ask(slot);
    else {
      // Later, since whoever starts us still holds what came behind the head.
      queueMicrotask(() => {
        if (!this.#ended) this.#answerUnavailable();
      });
    }
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
    const slot = this.#slot;
    this.abandon();
    if (this.#committed) this.#host.exchangeBroken(this.#delimited);
    else if (stalledClient) this.#answer(408);
    else this.#answerFailure(new TargetFailure('timeout', 'no answer'), slot);
  }

  /** Its target was found down while it waits for the first byte of an answer: it need not wait for the time-out. */
  reconsider(): void {
    const link = this.#link;
    if (this.#slot?.isDown !== true || link?.hasAnswered !== false || this.#test !== null) return;
    if (!isSafe(this.#request)) return;
    this.#link = null;
    link.destroy();
    this.#askAnother(new TargetFailure('timeout', 'found down'));
  }

  /** The client broke the rules in its body, or is gone. @returns whether a response can still be given. */
  abandon(): boolean {
    this.#ended = true;
    this.#giveUp.abort();
    this.#link?.destroy();
    this.#link = null;
    this.#leave();
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
    const slot = this.#slot;
    if (this.#request.minor === 0 || slot === null) return;
    this.#writer.text(writeResponseHead(head, { chunked: false, connection: null }, slot.origins));
    this.#writer.flush();
  }

  responseHead(head: ResponseHead): void {
    const slot = this.#slot;
    if (slot === null) return;
    const { minor, persists } = this.#request;
    const { kind } = head.framing;
    slot.answered();
    this.#headSeen = true;
    this.#writer.begin();
    this.#delimited = minor === 1 || kind === 'none' || kind === 'length';
    this.#chunked = minor === 1 && (kind === 'chunked' || kind === 'until-close');
    this.#keep = persists && this.requestComplete && this.#delimited && !this.#host.isDraining;
    const connection = !this.#keep ? 'close' : minor === 0 ? 'keep-alive' : null;
    const extra = this.#testFields(slot);
    this.#writer.text(writeResponseHead(head, { chunked: this.#chunked, connection }, slot.origins, extra));
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
    if (link !== null && reusable && this.requestComplete) this.#slot?.pool.give(link);
    else link?.destroy();
    this.#leave();
    this.#host.exchangeDone(this.#keep && this.requestComplete);
  }

  switched(head: ResponseHead, rest: Buffer): void {
    const link = this.#link;
    const slot = this.#slot;
    if (link === null || slot === null) return;
    if (!isAskedFor(head.fields, this.#request.upgrade)) {
      link.destroy();
      this.linkFailed(new TargetFailure('broken', 'bad answer: a change of protocol that nobody asked for'));
      return;
    }
    slot.answered();
    this.#writer.text(writeResponseHead(head, { chunked: false, connection: 'upgrade' }, slot.origins));
    this.#writer.flush();
    this.#link = null;
    this.#slot = null;
    this.#ended = true;
    this.#host.exchangeSwitched(link.release(), rest, slot);
  }

  linkDrained(): void {
    if (!this.requestComplete) this.#client.resume();
  }

  linkFailed(failure: TargetFailure): void {
    const link = this.#link;
    this.#link = null;
    if (this.#committed) {
      this.#slot?.failed(failure);
      this.#leave();
      this.#ended = true;
      this.#host.exchangeBroken(this.#delimited);
    } else if (link?.wasStale === true && !this.#repeated && isRepeatable(this.#request)) {
      this.#repeated = true;
      if (this.#slot !== null) this.#connect(this.#slot);
    } else if (link?.hasAnswered === true) {
      this.#answerFailure(failure, this.#slot);
    } else {
      this.#askAnother(failure);
    }
  }

  #ask(slot: TargetSlot): void {
    this.#slot = slot;
    slot.enter();
    const link = slot.pool.take();
    if (link === null) this.#connect(slot);
    else this.#send(link, slot);
  }

  #connect(slot: TargetSlot): void {
    slot.pool.connect(this.#giveUp.signal).then(
      (link) => {
        if (this.#ended) link.destroy();
        else this.#send(link, slot);
      },
      (error: unknown) => {
        if (this.#ended) return;
        if (!(error instanceof TargetFailure)) throw error;
        this.#askAnother(error);
      },
    );
  }

  /** No byte of an answer has come. A request that may do something twice goes on only if it has gone nowhere yet. */
  #askAnother(failure: TargetFailure): void {
    const failed = this.#slot;
    const mayGoOn = typeof this.#test !== 'number' && (!this.#sent || isSafe(this.#request));
    if (failed === null || !mayGoOn) {
      this.#answerFailure(failure, failed);
      return;
    }
    this.#tried = [...this.#tried, failed];
    const next = this.#services.targets.choose(this.#tried);
    if (next === null) {
      this.#answerFailure(failure, failed);
      return;
    }
    failed.failed(failure);
    this.#services.traffic.retriesTotal++;
    this.#leave();
    this.#ask(next);
  }

  #send(link: TargetLink, slot: TargetSlot): void {
    this.#link = link;
    this.#sent = true;
    link.begin(this, this.#request.method);
    link.writer.text(writeRequestHead(this.#request, slot.origins));
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

  #answerFailure(failure: TargetFailure, slot: TargetSlot | null): void {
    slot?.failed(failure);
    this.#answer(failure.status, this.#testFields(slot));
  }

  #answerUnavailable(): void {
    this.#services.traffic.unavailableTotal++;
    this.#answer(503, this.#testFields(null), this.#services.downPage());
  }

  /** @param fields further field lines */
  #answer(status: number, fields = '', page: string | null = null): void {
    this.abandon();
    const { minor, persists, method } = this.#request;
    const keep = minor === 1 && persists && this.requestComplete && !this.#host.isDraining;
    this.#writer.text(errorPage(status, { withBody: method !== 'HEAD', close: !keep, page, fields }));
    this.#writer.flush();
    this.#host.exchangeDone(keep);
  }

  /** Who answers, for those who test the way here. */
  #testFields(slot: TargetSlot | null): string {
    return this.#test === 'canary' ? (this.#services.selfTests?.answerFields(slot?.index ?? null) ?? '') : '';
  }

  #leave(): void {
    this.#slot?.leave(this.#headSeen);
    this.#slot = null;
  }
}
