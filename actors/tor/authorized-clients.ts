import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Curve25519PublicKey } from '@rustbalance/crypto-worker/brands.js';
import { makePrivateDirectory, type FileOwner } from './private-files.js';
import { writeDiffering } from './service-files.js';

/** A client that may reach an onion service (rend-spec-v3 appendix G.1.2). */
export interface AuthorizedClient {
  /** Name of its file without `.auth`: 1-80 of a-z, 0-9 and -. */
  readonly name: string;
  readonly publicKey: Curve25519PublicKey;
}

const FOLDER = 'authorized_clients';
const SUFFIX = '.auth';
const NAME = /^[a-z0-9-]{1,80}$/;

/**
 * A descriptor of at most 50,000 bytes (HSV3MaxDescriptorSize) has room for a middle layer of 30,000: 13,700 of the
 * inner layer and 69 for each client, whose number Tor rounds up to a multiple of 16 (rend-spec-v3 §2.5.1.2).
 */
export const MOST_CLIENTS = 208;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Upper-case base32 without padding (RFC 4648 §6), for any length. */
export const base32 = (bytes: Uint8Array): string => {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((group) => ALPHABET.charAt(parseInt(group.padEnd(5, '0'), 2)))
    .join('');
};

/** The content of a client's file. */
export const clientLine = (publicKey: Curve25519PublicKey): string =>
  `descriptor:x25519:${base32(publicKey)}\n`;

/** Those whose names can be files' names; a name that comes twice counts once. */
export const usableClients = (clients: readonly AuthorizedClient[]): readonly AuthorizedClient[] => {
  const byName = new Map(
    clients.filter(({ name }) => NAME.test(name)).map((client) => [client.name, client]),
  );
  return [...byName.values()].slice(0, MOST_CLIENTS);
};

/**
 * Makes the folder authorized_clients hold these clients and no others; returns whether anything changed. New ones are
 * written before others are removed: a service without any would be open to everybody.
 *
 * @param clients at least one
 */
export const syncAuthorizedClients = async (
  serviceDirectory: string,
  clients: readonly AuthorizedClient[],
  owner: FileOwner,
): Promise<boolean> => {
  const folder = join(serviceDirectory, FOLDER);
  await makePrivateDirectory(folder, owner);
  const files = clients.map(({ name, publicKey }): readonly [string, Uint8Array] => [
    `${name}${SUFFIX}`,
    Buffer.from(clientLine(publicKey)),
  ]);
  const written = await writeDiffering(folder, files, owner);
  const wanted = new Set(files.map(([name]) => name));
  const surplus = (await readdir(folder)).filter((name) => !wanted.has(name));
  for (const name of surplus) await rm(join(folder, name), { force: true, recursive: true });
  return written.length > 0 || surplus.length > 0;
};

/** The names of the clients that Tor would find; null where the folder cannot be read. */
export const authorizedClientNames = async (serviceDirectory: string): Promise<readonly string[] | null> => {
  try {
    const files = await readdir(join(serviceDirectory, FOLDER));
    return files.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
  } catch {
    return null;
  }
};
