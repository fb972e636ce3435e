import { type Field, isToken, listElements } from './field.js';

/** HTTP/2 in clear text could tunnel past the rewriting, and HTTP or TLS inside the stream would too. */
const REFUSED = /^(?:h2|(?:http|tls)(?:\/|$))/;

/** The protocols that Upgrade fields list (RFC 9110 §7.8), in lower case; empty where one is none. */
const protocolsOf = (values: readonly string[]): readonly string[] => {
  const protocols = values.flatMap(listElements);
  // A target could find another list in what is none.
  return protocols.every((protocol) => protocol.split('/').every(isToken)) ? protocols : [];
};

/** Whether a client may ask for what its Upgrade field lists: the target may choose any of it. */
export const mayBeAskedFor = (upgrade: string): boolean => {
  const protocols = protocolsOf([upgrade]);
  return protocols.length > 0 && !protocols.some((protocol) => REFUSED.test(protocol));
};

/**
 * Whether a 101 changes to what was asked for and to nothing else, as RFC 9110 §7.8 demands of a target.
 *
 * @param upgrade of the request; null when it asked for no change
 */
export const isAskedFor = (fields: readonly Field[], upgrade: string | null): boolean => {
  if (upgrade === null) return false;
  const asked = protocolsOf([upgrade]);
  const chosen = protocolsOf(fields.filter(({ lower }) => lower === 'upgrade').map(({ value }) => value));
  return chosen.length > 0 && chosen.every((protocol) => asked.includes(protocol));
};
