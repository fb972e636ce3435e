import type { Random } from '@rustbalance/actors/kernel/random.js';

/**
 * A node id from a host name: its first label as far as an id may hold it, and four random hex digits, since two
 * machines made from one image often share a name.
 */
export const suggestNodeId = (hostName: string, random: Random): string => {
  const label = hostName
    .toLowerCase()
    .split('.', 1)
    .join('')
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 58)
    .replace(/-+$/, '');
  const suffix = Buffer.from(random.bytes(2)).toString('hex');
  return `${label === '' ? 'node' : label}-${suffix}`;
};
