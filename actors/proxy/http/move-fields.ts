import { type Origin, moveOrigin, moveUrl } from './origin.js';
import { movePolicy } from './security-policy.js';
import { moveCookieDomain } from './set-cookie.js';

/** Moves what a field's value says of one origin to another. */
export type FieldMover = (value: string, from: Origin, to: Origin) => string;

const REFRESH = /^(\s*[\d.]*\s*[;,]\s*(?:url\s*=\s*)?["']?)(.*)$/is;

/** `Refresh: 5; url=http://…` (HTML §4.2.5.3). */
const moveRefresh: FieldMover = (value, from, to) => {
  const parts = REFRESH.exec(value);
  return parts === null ? value : `${parts[1] ?? ''}${moveUrl(parts[2] ?? '', from, to)}`;
};

/** The `<…>` of Link (RFC 8288 §3), those inside quoted strings passed over. */
const moveLink: FieldMover = (value, from, to) =>
  value.replace(/"(?:[^"\\]|\\.)*"|<[^<>]*>/gs, (part) =>
    part.startsWith('<') ? `<${moveUrl(part.slice(1, -1).trim(), from, to)}>` : part,
  );

const moveOriginList: FieldMover = (value, from, to) =>
  value.replace(/[^\s,]+/g, (origin) => moveOrigin(origin, from, to));

/** Response fields in which the target's origin becomes the one that the client sees. */
export const RESPONSE_MOVERS: ReadonlyMap<string, FieldMover> = new Map([
  ['location', moveUrl],
  ['content-location', moveUrl],
  ['refresh', moveRefresh],
  ['link', moveLink],
  ['set-cookie', moveCookieDomain],
  ['content-security-policy', movePolicy],
  ['content-security-policy-report-only', movePolicy],
  ['access-control-allow-origin', moveOrigin],
  ['timing-allow-origin', moveOriginList],
]);

/** Request fields in which the origin that the client sees becomes the target's. Destination is WebDAV's. */
export const REQUEST_MOVERS: ReadonlyMap<string, FieldMover> = new Map([
  ['origin', moveOrigin],
  ['referer', moveUrl],
  ['destination', moveUrl],
]);
