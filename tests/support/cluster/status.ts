/** The documented shape of `rustbalance status --json`. */
export interface StatusJson {
  readonly node: {
    readonly id: string;
    readonly role: string;
    readonly priority: number;
    readonly mode: string;
    readonly uptime_secs: number;
  };
  readonly publisher: string | null;
  readonly peers: readonly {
    readonly id: string;
    readonly lifecycle: string;
    readonly role: string;
    readonly intro_points: number;
  }[];
  readonly tor: { readonly state: string; readonly version: string | null; readonly bootstrap: number };
  readonly target: { readonly healthy: boolean };
  readonly descriptors: readonly {
    readonly which: 'first' | 'second';
    readonly time_period: number;
    readonly revision_counter: string | number;
    readonly intro_points: number;
    readonly nodes: readonly { readonly id: string; readonly intro_points: number }[];
    readonly published_at: string | number | null;
    readonly hsdirs: readonly {
      readonly fingerprint: string;
      readonly status: string;
      readonly reason: string | null;
    }[];
  }[];
}

/** The documented shape of `rbctl inspect --json`. */
export interface InspectJson {
  readonly supervisor: { readonly pid: number; readonly uptime_secs: number; readonly rss_bytes: number };
  readonly actors: Readonly<Record<string, ActorJson>>;
}

export interface ActorJson {
  readonly state: string;
  readonly generation: number;
  readonly restarts: number;
  readonly uptime_secs: number;
  readonly mailbox: number;
  readonly elu: number;
  readonly last_error: string | null;
  readonly context: Readonly<Record<string, unknown>>;
}

/** Both descriptors are on every responsible HSDir, except those that are known to be dead. */
export const isPublished = (status: StatusJson, dead: ReadonlySet<string> = new Set()): boolean =>
  status.descriptors.length === 2 &&
  status.descriptors.every(({ hsdirs }) =>
    hsdirs.every(({ fingerprint, status: state }) => state === 'accepted' || dead.has(fingerprint)),
  );

/** Which nodes' introduction points the published descriptors carry: sorted ids, where both carry the same; else null. */
export const publishedNodes = (status: StatusJson): string | null => {
  if (!isPublished(status)) return null;
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
