/** When the publisher does things, in milliseconds, and why then. */

/**
 * Additions wait this long for more: a Tor that comes up gets its three introduction points within about 0.6 s
 * of one another. Longer delays new nodes; shorter uploads once for each point.
 */
export const DEBOUNCE_MS = 300;

/** Two ordinary descriptors are at least this far apart: Tor itself builds at most one a second. */
export const ORDINARY_GAP_MS = 1_000;

/**
 * A descriptor that names a dead introduction point is replaced at once, but a node whose points flap must not
 * make an upload storm. An upload takes 0.3 s on a quiet network, so this costs nothing when there is one change.
 */
export const EMERGENCY_GAP_MS = 400;

/**
 * An HSDir that has not answered after this long never will: a broken circuit gives no event at all (watched for
 * 240 s on tor 0.4.9.11). On the public network a circuit may take tens of seconds; shorter would upload twice, longer
 * leaves a hole in the ring longer. It holds until enough answers were seen to know this network's own pace.
 */
export const LONGEST_ANSWER_MS = 30_000;

/** However quick the network has been: answers of an idle private network take 0.1 to 1.3 s, of a busy machine more. */
export const SHORTEST_ANSWER_MS = 3_000;

/** Times the slowest of the last answers: Tor makes a new circuit to an HSDir that it has none to. */
export const ANSWER_MARGIN = 3;

/** So many answers are remembered, half as many must have been seen: one publication on the public network. */
export const ANSWERS_REMEMBERED = 32;

/** Waits after the first, second and each further failure of one HSDir; each is taken with jitter of ±25 %. */
export const RETRY_WAITS_MS = [5_000, 10_000, 20_000] as const;

/** With fewer acceptances than `publish.hsdir_min_accepted`, HSDirs are tried again after this. */
export const URGENT_RETRY_MS = 1_000;

/** Tor uploads again after a random time in this range (rend-spec-v3 §2.2.4.2): so do we, or we would stand out. */
export const REPUBLISH_MIN_MS = 60 * 60_000;
export const REPUBLISH_MAX_MS = 120 * 60_000;

/** HSDirs asked at the same time when what they hold is checked: Tor keeps about 32 circuits pending in all. */
export const READ_BACK_PARALLEL = 4;

/** A fetch takes 0.2 s; an HSDir that is gone gives no answer. */
export const FETCH_DEADLINE_MS = 20_000;

/** The pool refused or did not answer: it is not asked again at once, or an error would become a storm. */
export const AFTER_FAILURE_MS = 2_000;

/** Emergency uploads for want of confirmation are this far apart (the seeds' shorter wait). */
export const EMERGENCY_PAUSE_MS = 60_000;
