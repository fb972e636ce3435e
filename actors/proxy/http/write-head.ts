import { foldedName, isClaimOfOrigin } from './claims-of-origin.js';
import { isHopByHop } from './connection-options.js';
import type { Field } from './field.js';
import type { BodyFraming } from './framing.js';
import { REQUEST_MOVERS, RESPONSE_MOVERS } from './move-fields.js';
import { type Origin, authorityOf } from './origin.js';
import type { RequestHead } from './request-head.js';
import type { ResponseHead } from './response-head.js';

/** The two names of one service: where it is, and where clients find it. */
export interface OriginPair {
  readonly target: Origin;
  readonly master: Origin;
}

const acceptsTrailers = (head: RequestHead): boolean =>
  head.fields.some(({ lower, value }) => lower === 'te' && /(?:^|[,\s])trailers(?:$|[,\s;])/i.test(value));

const requestConnection = (head: RequestHead): string => {
  if (head.upgrade !== null) return `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`;
  return acceptsTrailers(head) ? 'Connection: TE\r\nTE: trailers\r\n' : '';
};

const framingLine = (framing: BodyFraming): string => {
  if (framing.kind === 'chunked') return 'Transfer-Encoding: chunked\r\n';
  return framing.kind === 'length' ? `Content-Length: ${String(framing.length)}\r\n` : '';
};

/** The request as the target gets it, up to and with the empty line; latin1. */
export const writeRequestHead = (head: RequestHead, pair: OriginPair): string => {
  let text = `${head.method} ${head.path} HTTP/1.1\r\nHost: ${authorityOf(pair.target)}\r\n`;
  let lengthWasZero = false;
  for (const { name, lower, value } of head.fields) {
    if (lower === 'host' || isHopByHop(lower, head.options.nominated)) continue;
    if (isClaimOfOrigin(foldedName(lower))) continue;
    if (lower === 'content-length') {
      lengthWasZero = head.framing.kind === 'none';
      continue;
    }
    if (lower === 'expect' && !head.expectsContinue) continue;
    const mover = REQUEST_MOVERS.get(lower);
    text += `${name}: ${mover === undefined ? value : mover(value, pair.master, pair.target)}\r\n`;
  }
  if (lengthWasZero) text += 'Content-Length: 0\r\n';
  return `${text}${framingLine(head.framing)}${requestConnection(head)}\r\n`;
};

/** How the client's side of a response is framed and what its Connection field says. */
export interface ClientFraming {
  readonly chunked: boolean;
  readonly connection: 'close' | 'keep-alive' | 'upgrade' | null;
}

/** Content-Length says nothing where there is no body by definition (RFC 9110 §8.6). */
const forbidsLength = (status: number): boolean => status < 200 || status === 204;

/** Alternative services (RFC 7838) lead clients past the onion address. */
const ENDS_HERE = new Set(['alt-svc']);

const connectionLine = (head: ResponseHead, connection: ClientFraming['connection']): string => {
  if (connection === null) return '';
  if (connection !== 'upgrade') return `Connection: ${connection}\r\n`;
  const protocols = head.fields.filter(({ lower }) => lower === 'upgrade').map(({ value }) => value);
  return `Connection: Upgrade\r\nUpgrade: ${protocols.join(', ')}\r\n`;
};

/**
 * The response as the client gets it, up to and with the empty line; latin1.
 *
 * @param extra field lines of our own, each with its line end
 */
export const writeResponseHead = (
  head: ResponseHead,
  framing: ClientFraming,
  pair: OriginPair,
  extra = '',
): string => {
  let text = `HTTP/1.1 ${String(head.status)} ${head.reason}\r\n`;
  for (const { name, lower, value } of head.fields) {
    if (isHopByHop(lower, head.options.nominated) || ENDS_HERE.has(lower)) continue;
    if (lower === 'content-length' && forbidsLength(head.status)) continue;
    const mover = RESPONSE_MOVERS.get(lower);
    text += `${name}: ${mover === undefined ? value : mover(value, pair.target, pair.master)}\r\n`;
  }
  if (framing.chunked) text += 'Transfer-Encoding: chunked\r\n';
  return `${text}${extra}${connectionLine(head, framing.connection)}\r\n`;
};

/** The head of the answer to a join, which nobody but the joiner gets to see; latin1. */
export const joinAnswerHead = (length: number, keep: boolean): string =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: ${String(length)}\r\nCache-Control: no-store\r\n${keep ? '' : 'Connection: close\r\n'}\r\n`;

/** The end of a chunked body with its trailers; latin1. */
export const writeTrailers = (trailers: readonly Field[]): string => {
  let text = '0\r\n';
  for (const { name, value } of trailers) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
};
