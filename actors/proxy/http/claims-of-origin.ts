/**
 * What clients say of addresses before them: the fields that frameworks and libraries take a client's address from,
 * whichever proxy or CDN they were made for. Through Tor it can only be a lie, which a target that trusts the proxy on
 * its loopback would believe.
 */
const CLAIMS_OF_ORIGIN = new Set([
  'forwarded',
  'forwarded-for',
  'x-forwarded',
  'x-real-ip',
  'x-client-ip',
  'client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-pseudo-ipv4',
  'fastly-client-ip',
  'x-remote-ip',
  'x-remote-addr',
  'x-originating-ip',
]);

const UNUSUAL = /[^0-9a-z-]/;
const EACH_UNUSUAL = /[^0-9a-z-]/g;

/**
 * The name under which a target may know a field: CGI (RFC 3875 §4.1.18), WSGI and Rack make one variable of `X-A` and
 * `X_A`, and PHP of `X.A` as well.
 */
export const foldedName = (lower: string): string =>
  UNUSUAL.test(lower) ? lower.replaceAll(EACH_UNUSUAL, '-') : lower;

/** Whether a field, header or trailer, says where a request came from. @param folded see foldedName */
export const isClaimOfOrigin = (folded: string): boolean =>
  CLAIMS_OF_ORIGIN.has(folded) || folded.startsWith('x-forwarded-');
