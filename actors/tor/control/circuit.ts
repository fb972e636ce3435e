import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { ReplyArguments } from './arguments.js';
import { parseRelayReference, type RelayReference } from './relay-reference.js';

/** What CIRC, CIRC_MINOR and GETINFO circuit-status say of a circuit (control-spec §4.1.1, §4.1.19). */
export interface CircuitDescription {
  readonly id: string;
  /** The hops that are there, first to last; for an introduction circuit the last is the introduction point. */
  readonly path: readonly RelayReference[];
  readonly purpose: string | null;
  readonly hsState: string | null;
  /** The service that the circuit is for; not its own address for a client's circuit. */
  readonly rendQuery: OnionAddress | null;
  readonly buildFlags: readonly string[];
}

const ADDRESS = /^[a-z2-7]{56}$/;
const CIRCUIT_ID = /^[A-Za-z0-9]{1,16}$/;

/** A v3 address without ".onion"; null for UNKNOWN, for v2 and for garbage. */
export const parseAddress = (word: string | undefined): OnionAddress | null =>
  word !== undefined && ADDRESS.test(word) ? (word as OnionAddress) : null;

const parsePath = (word: string | undefined): readonly RelayReference[] | null => {
  if (word === undefined) return [];
  const hops = word.split(',').map(parseRelayReference);
  return hops.every((hop) => hop !== null) ? hops : null;
};

/** From the words after the event's name: id, status, path, KEY=value …; null when id or path is garbage. */
export const parseCircuit = ({ positional, keywords }: ReplyArguments): CircuitDescription | null => {
  const [id, , pathWord] = positional;
  const path = parsePath(pathWord);
  if (id === undefined || !CIRCUIT_ID.test(id) || path === null) return null;
  return {
    id,
    path,
    purpose: keywords.get('PURPOSE') ?? null,
    hsState: keywords.get('HS_STATE') ?? null,
    rendQuery: parseAddress(keywords.get('REND_QUERY')),
    buildFlags: keywords.get('BUILD_FLAGS')?.split(',') ?? [],
  };
};
