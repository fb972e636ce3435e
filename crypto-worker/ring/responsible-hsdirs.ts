import type { SharedRandomValue } from '../brands.js';
import { upperHex } from '../encoding/bytes.js';
import { RELAY_FLAGS, ed25519IdAt, fingerprintAt, hasFlag } from '../network/relay-table.js';
import { disasterSrv } from '../periods/disaster-srv.js';
import { type Result, failure, ok } from '../result.js';
import type {
  RelayTable,
  ResponsibleHsDir,
  ResponsibleHsDirs,
  ResponsibleHsDirsInput,
} from '../task-types.js';
import { type RingPeriod, relayIndexer, serviceIndex } from './ring-index.js';

/** A relay on the ring. */
interface RingMember {
  /** Its row in the table. */
  readonly row: number;
  readonly index: Uint8Array;
}

/** All HSDirs in ring order for one period and value. */
const ringOf = (relays: RelayTable, srv: SharedRandomValue, period: RingPeriod): RingMember[] => {
  const indexOf = relayIndexer(srv, period);
  const members: RingMember[] = [];
  for (let row = 0; row < relays.count; row++) {
    if (!hasFlag(relays, row, RELAY_FLAGS.hsDir)) continue;
    const id = ed25519IdAt(relays, row);
    if (id !== null) members.push({ row, index: indexOf(id) });
  }
  return members.sort((a, b) => Buffer.compare(a.index, b.index));
};

/** The first place on the ring at or after an index; past the end it wraps to 0. */
const placeAtOrAfter = (ring: readonly RingMember[], index: Uint8Array): number => {
  const place = ring.findIndex((member) => Buffer.compare(member.index, index) >= 0);
  return place < 0 ? 0 : place;
};

/** For each replica the next `spread` relays that no lower replica has taken (rend-spec-v3 §2.2.3). */
const pick = (
  relays: RelayTable,
  ring: readonly RingMember[],
  serviceIndices: readonly Uint8Array[],
  spread: number,
): ResponsibleHsDir[] => {
  const taken = new Set<RingMember>();
  const picked: ResponsibleHsDir[] = [];
  serviceIndices.forEach((serviceIndexBytes, position) => {
    const start = placeAtOrAfter(ring, serviceIndexBytes);
    let added = 0;
    for (let step = 0; step < ring.length && added < spread; step++) {
      const member = ring[(start + step) % ring.length];
      if (member === undefined || taken.has(member)) continue;
      taken.add(member);
      picked.push({
        fingerprint: fingerprintAt(relays, member.row),
        replica: position + 1,
        index: upperHex(member.index),
      });
      added++;
    }
  });
  return picked;
};

const numbered = (replicas: number): number[] => Array.from({ length: replicas }, (_, at) => at + 1);

/** Where to store and where clients look, on a ring that is computed once for both. */
export const responsibleHsDirs = (input: ResponsibleHsDirsInput): Result<ResponsibleHsDirs> => {
  const { params, relays, timePeriod, blindedKey } = input;
  const period = { timePeriod, periodLength: params.periodLength };
  const srv = input.sharedRandom ?? disasterSrv(timePeriod, params.periodLength);
  const ring = ringOf(relays, srv, period);
  if (ring.length === 0) return failure('network.no-hsdirs', 'no relay of the consensus is a usable HSDir');
  const indices = numbered(params.replicas).map((replica) => serviceIndex(blindedKey, replica, period));
  return ok({
    store: pick(relays, ring, indices, params.spreadStore),
    fetch: pick(relays, ring, indices, params.spreadFetch),
  });
};
