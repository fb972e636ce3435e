import type { TimePeriodLength, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { RELAY_FLAGS } from '@rustbalance/crypto-worker/network/relay-table.js';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';

/** A relay of a test's network, in ascending order of its number. */
export interface Row {
  readonly relay: number;
  /** Is its microdescriptor there? */
  readonly known: boolean;
  readonly hsDir: boolean;
}

/** A network of these relays, each standing for `times` relays with neighbouring fingerprints. */
export const view = (rows: readonly Row[], times = 1): NetworkView => {
  const all = rows.flatMap((row) => Array.from({ length: times }, (_, copy) => ({ ...row, copy })));
  const fingerprints = new Uint8Array(20 * all.length);
  const ed25519Ids = new Uint8Array(32 * all.length);
  const flags = new Uint16Array(all.length);
  all.forEach(({ relay, known, hsDir, copy }, at) => {
    fingerprints.fill(relay, 20 * at, 20 * at + 20);
    if (times > 1) fingerprints[20 * at + 19] = copy;
    if (known) ed25519Ids.fill(relay === 0 ? 255 : relay, 32 * at, 32 * at + 32);
    flags[at] =
      RELAY_FLAGS.running |
      RELAY_FLAGS.valid |
      (hsDir ? RELAY_FLAGS.hsDir : 0) |
      (known ? RELAY_FLAGS.hasMicrodescriptor : 0);
  });
  const hsDirs = all.filter(({ hsDir }) => hsDir);
  return {
    validAfter: 1_795_000_000 as UnixSeconds,
    freshUntil: 1_795_003_600 as UnixSeconds,
    validUntil: 1_795_010_800 as UnixSeconds,
    votingIntervalSeconds: 3600,
    sharedRandomCurrent: null,
    sharedRandomPrevious: null,
    hsDirParams: {
      periodLength: 1440 as TimePeriodLength,
      replicas: 2,
      spreadStore: 4,
      spreadFetch: 3,
      maxDescriptorSize: 50_000,
    },
    params: {},
    relays: { count: all.length, fingerprints, ed25519Ids, flags },
    completeness: {
      relays: all.length,
      microdescriptors: all.filter(({ known }) => known).length,
      hsDirs: hsDirs.length,
      hsDirsWithoutMicrodescriptor: hsDirs.filter(({ known }) => !known).length,
    },
  };
};
