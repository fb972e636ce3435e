import type { NodeId } from '../kernel/brands.js';
import type { CarriedNodes } from './messages.js';
import { NO_ANSWER } from './slot.js';
import type { HsDirRow, Slot, Version } from './slot.js';

/** Silences in a row after which an HSDir is down: no client gets anything from it either. */
const DEAD_AFTER = 3;

const isDown = (row: HsDirRow): boolean => row.reason === NO_ANSWER && row.failures >= DEAD_AFTER;

/** What an HSDir may hold by our uploads; null where that is unknown, which may be another publisher's descriptor. */
const versionsAt = (row: HsDirRow): readonly Version[] | null => {
  const flying = row.inFlight === null ? [] : [row.inFlight.version];
  if (row.held !== null) return [row.held.version, ...flying];
  return isDown(row) ? flying : null;
};

/**
 * Whose introduction points the HSDirs may still give to clients. A node that drains closes its circuits by this, so it
 * goes by what each HSDir accepted, not by what was built.
 */
export const carriedNodes = (slots: readonly Slot[]): CarriedNodes => {
  const held = slots.flatMap(({ rows }) => rows.map(versionsAt));
  const versions = held.flatMap((one) => one ?? []).concat(slots.flatMap(({ version }) => version ?? []));
  const nodes = new Set(versions.flatMap((version) => version.nodes.map(({ id }): NodeId => id)));
  return { settled: slots.length > 0 && !held.includes(null), nodes: [...nodes].sort() };
};
