import type { OnionAddress, RelayFingerprint } from '@rustbalance/crypto-worker/brands.js';
import type { ConfLine } from './conf-line.js';
import { encodeQuoted } from './quoting.js';
import { toWireText, type WireText } from './wire-text.js';

/** A command line, or why there is none. */
export type CommandLine =
  { readonly ok: true; readonly line: WireText } | { readonly ok: false; readonly problem: string };

const line = (text: string): CommandLine => ({ ok: true, line: text as WireText });
const refuse = (problem: string): CommandLine => ({ ok: false, problem });

const OPTION_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/;
const EVENT_NAME = /^[A-Z][A-Z0-9_]{0,39}$/;
const INFO_KEY = /^[\x21-\x3c\x3e-\x7e]{1,300}$/;
const FINGERPRINT = /^[0-9A-F]{40}$/i;
const ADDRESS = /^[a-z2-7]{56}$/;

/** Tor keeps about 32 client circuits pending; twice the ring of both descriptors leaves room for any parameters. */
const MOST_SERVERS = 64;

export const getInfoLine = (keys: readonly string[]): CommandLine => {
  if (keys.length === 0) return refuse('no key was named');
  if (!keys.every((key) => INFO_KEY.test(key))) return refuse('a key is not one printable word');
  return line(`GETINFO ${keys.join(' ')}`);
};

export const getConfLine = (keys: readonly string[]): CommandLine => {
  if (keys.length === 0) return refuse('no option was named');
  if (!keys.every((key) => OPTION_NAME.test(key))) return refuse('the name of an option is malformed');
  return line(`GETCONF ${keys.join(' ')}`);
};

/** SETCONF or RESETCONF with the lines in the order given: a service's options follow its HiddenServiceDir. */
export const confLine = (command: 'SETCONF' | 'RESETCONF', lines: readonly ConfLine[]): CommandLine => {
  if (lines.length === 0) return refuse('no option was named');
  const words: string[] = [command];
  for (const { key, value } of lines) {
    if (!OPTION_NAME.test(key)) return refuse('the name of an option is malformed');
    const quoted = value === null ? null : encodeQuoted(value);
    if (value !== null && quoted === null) return refuse(`the value of ${key} holds a line break or a NUL`);
    words.push(quoted === null ? key : `${key}=${quoted}`);
  }
  return line(words.join(' '));
};

export const setEventsLine = (events: readonly string[]): CommandLine =>
  events.every((event) => EVENT_NAME.test(event))
    ? line(['SETEVENTS', ...events].join(' '))
    : refuse('the name of an event is malformed');

/** Why servers and address cannot be sent; null when they can. */
const whyNot = (servers: readonly RelayFingerprint[], address: OnionAddress): string | null => {
  if (servers.length > MOST_SERVERS) return `more than ${MOST_SERVERS} HSDirs were named`;
  if (!servers.every((server) => FINGERPRINT.test(server)))
    return 'a fingerprint is not 40 hexadecimal digits';
  return ADDRESS.test(address) ? null : 'the onion address is not 56 base32 characters';
};

/** One SERVER= for each: Tor refuses a comma list. */
const serverWords = (servers: readonly RelayFingerprint[]): string[] =>
  servers.map((server) => `SERVER=${server.toUpperCase()}`);

/** Without servers Tor would choose the ring of the current period whatever the descriptor, so they must be named. */
export const hsPostLine = (servers: readonly RelayFingerprint[], address: OnionAddress): CommandLine => {
  if (servers.length === 0) return refuse('no HSDir was named');
  const problem = whyNot(servers, address);
  return problem === null
    ? line(['+HSPOST', ...serverWords(servers), `HSADDRESS=${address}`].join(' '))
    : refuse(problem);
};

/** Without servers Tor fetches as a client does, from the ring that it computes itself. */
export const hsFetchLine = (servers: readonly RelayFingerprint[], address: OnionAddress): CommandLine => {
  const problem = whyNot(servers, address);
  return problem === null ? line(['HSFETCH', address, ...serverWords(servers)].join(' ')) : refuse(problem);
};

const CIRCUIT_ID = /^[A-Za-z0-9]{1,16}$/;

export const closeCircuitLine = (id: string): CommandLine =>
  CIRCUIT_ID.test(id) ? line(`CLOSECIRCUIT ${id}`) : refuse('the id of a circuit is malformed');

const X25519_KEY_BYTES = 32;

/** ONION_CLIENT_AUTH_ADD (control-spec §3.30): in memory only, so that Tor's end takes the key with it. */
export const clientAuthAddLine = (address: OnionAddress, secret: Uint8Array): CommandLine => {
  if (!ADDRESS.test(address)) return refuse('the onion address is not 56 base32 characters');
  if (secret.length !== X25519_KEY_BYTES) return refuse('the key has not 32 bytes');
  return line(`ONION_CLIENT_AUTH_ADD ${address} x25519:${Buffer.from(secret).toString('base64')}`);
};

/** ONION_CLIENT_AUTH_REMOVE (control-spec §3.31). */
export const clientAuthRemoveLine = (address: OnionAddress): CommandLine =>
  ADDRESS.test(address)
    ? line(`ONION_CLIENT_AUTH_REMOVE ${address}`)
    : refuse('the onion address is not 56 base32 characters');

/** Signals of control-spec §3.7 that a daemon has a use for. */
export type TorSignal =
  'RELOAD' | 'SHUTDOWN' | 'HALT' | 'DUMP' | 'NEWNYM' | 'CLEARDNSCACHE' | 'HEARTBEAT' | 'ACTIVE' | 'DORMANT';

export const signalLine = (signal: TorSignal): WireText => toWireText(`SIGNAL ${signal}`);

/** The GETINFO key of an own service's current descriptor; null for what is no onion address. */
export const serviceDescriptorKey = (address: OnionAddress): string | null =>
  ADDRESS.test(address) ? `hs/service/desc/id/${address}` : null;
