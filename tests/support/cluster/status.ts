import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { ControlAnswer } from '@rustbalance/supervisor/control-protocol.js';

/** What `rustbalance status --json` prints. */
export type StatusJson = ControlAnswer<'status'>;

/** What `rbctl inspect --json` prints. */
export type InspectJson = ControlAnswer<'inspect'>;

/** What inspect says in the place of an actor that has not answered it; `down` may be what the TorActor says of its Tor. */
export const SILENT_STATES: readonly string[] = ['starting', 'restarting', 'stopping', 'unresponsive'];

export type ActorJson = NonNullable<InspectJson['actors'][ActorName]>;

/** Both descriptors are on every responsible HSDir, except those that are known to be dead. */
export const isPublished = (status: StatusJson, dead: ReadonlySet<string> = new Set()): boolean =>
  status.descriptors.length === 2 &&
  status.descriptors.every(({ hsdirs }) =>
    hsdirs.every(({ fingerprint, status: state }) => state === 'accepted' || dead.has(fingerprint)),
  );

/** Which nodes' introduction points both published descriptors carry: sorted ids; null where they differ. */
export const publishedNodes = (status: StatusJson, dead: ReadonlySet<string> = new Set()): string | null => {
  if (!isPublished(status, dead)) return null;
  const sets = new Set(
    status.descriptors.map(({ nodes }) =>
      nodes
        .map(({ id }) => id)
        .sort()
        .join(','),
    ),
  );
  return sets.size === 1 ? ([...sets][0] ?? null) : null;
};
