import type { Origin } from './origin.js';

const DOMAIN = /^(\s*domain\s*=\s*)(\S*)(\s*)$/i;
const ADDRESS = /^\[|^[\d.]+$/;

/**
 * Whether the target may set a cookie for this domain (RFC 6265 §5.1.3): its own name, or a name that it lies
 * below. A single label is a public suffix (`onion`, `com`), for which no client takes cookies.
 */
const covers = (domain: string, host: string): boolean => {
  if (domain === host) return true;
  return domain.includes('.') && !ADDRESS.test(host) && host.endsWith(`.${domain}`);
};

/**
 * Set-Cookie (RFC 6265 §5.2): a Domain that covers the target becomes the address that the client sees, since no
 * client would take the cookie otherwise. Other domains stay.
 */
export const moveCookieDomain = (value: string, from: Origin, to: Origin): string => {
  const semicolon = value.indexOf(';');
  if (semicolon === -1) return value;
  const attributes = value
    .slice(semicolon + 1)
    .split(';')
    .map((attribute) => {
      const [, before = '', domain = '', after = ''] = DOMAIN.exec(attribute) ?? [];
      const bare = domain.replace(/^\./, '').toLowerCase();
      return bare !== '' && covers(bare, from.host) ? `${before}${to.host}${after}` : attribute;
    });
  return `${value.slice(0, semicolon)};${attributes.join(';')}`;
};
