import { foldedName, isClaimOfOrigin } from './claims-of-origin.js';
import { type Field, listElements } from './field.js';

/** What the Connection fields of one message say. */
export interface ConnectionOptions {
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
  /** Other names that Connection lists, in lower case: those fields end here (RFC 9110 §7.6.1). */
  readonly nominated: readonly string[];
}

const NONE: ConnectionOptions = { close: false, keepAlive: false, upgrade: false, nominated: [] };

export const connectionOptions = (fields: readonly Field[]): ConnectionOptions => {
  const options: string[] = [];
  for (const { lower, value } of fields) {
    if (lower === 'connection') options.push(...listElements(value));
  }
  if (options.length === 0) return NONE;
  return {
    close: options.includes('close'),
    keepAlive: options.includes('keep-alive'),
    upgrade: options.includes('upgrade'),
    nominated: options.filter((name) => !OPTION_NAMES.has(name)),
  };
};

const OPTION_NAMES = new Set(['close', 'keep-alive', 'upgrade']);

/** Whether a message's sender keeps the connection open after it (RFC 9112 §9.3). */
export const persists = (minor: 0 | 1, options: ConnectionOptions): boolean =>
  !options.close && (minor === 1 || options.keepAlive);

/**
 * Fields that belong to one connection only (RFC 9110 §7.6.1); framing is among them because this proxy
 * frames what it sends itself, Content-Length apart.
 */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Fields that a Connection field cannot take away, whatever it lists: they say where a message goes and ends. */
const NOT_NOMINABLE = new Set(['host', 'content-length', 'trailer']);

/** Whether a field ends at this proxy. */
export const isHopByHop = (lower: string, nominated: readonly string[]): boolean =>
  HOP_BY_HOP.has(lower) || (nominated.length > 0 && nominated.includes(lower) && !NOT_NOMINABLE.has(lower));

/**
 * Fields that must not come as trailers (RFC 9110 §6.5.1): a recipient that merges trailers into the header
 * would take framing, routing or credentials from behind the body; claims of origin, too (claims-of-origin.ts).
 */
const NEVER_TRAILERS = new Set([
  'content-length',
  'content-encoding',
  'content-type',
  'content-range',
  'trailer',
  'host',
  'origin',
  'referer',
  'authorization',
  'cookie',
  'set-cookie',
  'location',
  'cache-control',
  'expect',
  'max-forwards',
  'range',
]);

/** The trailer fields that may go on. */
export const allowedTrailers = (trailers: readonly Field[]): readonly Field[] =>
  trailers.filter(({ lower }) => {
    const folded = foldedName(lower);
    return !(
      HOP_BY_HOP.has(folded) ||
      NEVER_TRAILERS.has(folded) ||
      isClaimOfOrigin(folded) ||
      folded.startsWith('if-')
    );
  });
