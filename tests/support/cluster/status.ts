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

/** Introduction points of the descriptors, where both carry the same number; else null. */
export const publishedPoints = (status: StatusJson): number | null => {
  const counts = new Set(status.descriptors.map(({ intro_points: points }) => points));
  return counts.size === 1 ? ([...counts][0] ?? null) : null;
};
