import type { Peer } from './peer.js';
import { decodeBody, kindOfType } from './wire/decode-message.js';
import { decodeHeader, tagKey } from './wire/header.js';
import type { ClusterTag } from '../kernel/cluster-keys.js';
import type { Header, NodeTag } from './wire/header.js';
import { LARGEST_DATAGRAM } from '../wg/messages.js';
import { DATAGRAM_VERSION, SMALLEST_DATAGRAM } from './wire/limits.js';
import type { Dated } from './wire/message-types.js';
import { isFresh } from './wire/replay-window.js';
import { openDatagram } from './wire/seal.js';

/** Why a datagram was dropped. Each is counted; none makes a log line by itself. */
export type Refusal =
  | 'crowded'
  | 'too-short'
  | 'too-long'
  | 'version'
  | 'malformed'
  | 'cluster'
  | 'own'
  | 'not-for-us'
  | 'unknown-sender'
  | 'replay'
  | 'unauthentic'
  | 'left'
  | 'epoch-passed'
  | 'unknown-type'
  | 'unasked'
  | 'stale'
  | 'future'
  | 'record-bad'
  | 'record-flood';

/** What a datagram is held against. */
export interface Gate {
  readonly cluster: ClusterTag;
  readonly self: NodeTag;
  /** By tag in hex. */
  readonly peers: ReadonlyMap<string, Peer>;
}

export type Admission =
  | { readonly ok: true; readonly peer: Peer; readonly header: Header; readonly dated: Dated }
  | {
      readonly ok: false;
      readonly refusal: Refusal;
      readonly peer: Peer | null;
      readonly header: Header | null;
    };

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/**
 * Checks a datagram, cheapest first: length, version, cluster, recipient, sender, replay (all a few comparisons), then
 * the seal (0.01 ms), then the body. What is admitted is authentic and new, but its time has still to be judged before
 * its epoch and sequence may be believed. Nothing is changed here, and nothing thrown.
 */
export const admit = (datagram: Uint8Array, gate: Gate): Admission => {
  const refuse = (refusal: Refusal, peer: Peer | null = null, header: Header | null = null): Admission => ({
    ok: false,
    refusal,
    peer,
    header,
  });
  if (datagram.length < SMALLEST_DATAGRAM) return refuse('too-short');
  if (datagram.length > LARGEST_DATAGRAM) return refuse('too-long');
  if (datagram[0] !== DATAGRAM_VERSION) return refuse('version');
  const header = decodeHeader(datagram);
  if (header === null) return refuse('malformed');
  if (!same(header.cluster, gate.cluster)) return refuse('cluster');
  if (same(header.sender, gate.self)) return refuse('own');
  if (!same(header.recipient, gate.self)) return refuse('not-for-us');
  const peer = gate.peers.get(tagKey(header.sender));
  if (peer === undefined) return refuse('unknown-sender');
  if (peer.epoch === header.epoch && !isFresh(peer.window, header.sequence)) return refuse('replay', peer);

  const body = openDatagram(peer.member.keys.receiving, datagram);
  if (body === null) return refuse('unauthentic', peer);
  if (header.epoch === peer.leftEpoch) return refuse('left', peer);
  if (peer.epoch !== null && header.epoch < peer.epoch) return refuse('epoch-passed', peer, header);
  const kind = kindOfType(header.type);
  if (kind === null) return refuse('unknown-type', peer);
  const dated = decodeBody(kind, body);
  return dated === null ? refuse('malformed', peer) : { ok: true, peer, header, dated };
};
