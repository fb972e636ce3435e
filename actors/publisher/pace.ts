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
 * So many emergencies within this time are published as they come; then one each time that the oldest is that far back.
 * A node whose relays die one by one has three or six, a cluster under attack has no end of them: each upload goes to up to 16
 * HSDirs over circuits of their own. More lets an attacker make us upload; fewer leaves clients with dead points longer.
 */
export const MOST_EMERGENCIES = 12;
export const EMERGENCY_WINDOW_MS = 60_000;

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

/**
 * The wait of an HSDir whose retries are used up while none holds the descriptor (the seeds' wait of a publisher that has
 * published nothing). While one does, it waits for the next check of what they hold.
 */
export const UNPUBLISHED_REST_MS = 30_000;

/** While acceptance has gone unconfirmed for half of what is tolerated, HSDirs are asked this often (the seeds' wait). */
export const AGING_LOOK_MS = 60_000;

/**
 * Certificates of a descriptor run for 54 hours (rend-spec-v3 §2.2). They are made anew with every upload, thus every two hours;
 * a machine that slept, or whose clock was stepped, must not wait for that. An HSDir hands a descriptor out for 12 hours at most.
 */
export const CERTIFICATES_RENEWED_AFTER_MS = 42 * 3_600_000;

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

/**
 * A visit to a service on a quiet private network takes 0.3 s, on the public one 1–10 s; a first introduction point that
 * is dead or silent costs Tor up to 10 s before it takes the next. Longer holds the last survivor of a cluster back,
 * shorter takes a slow publisher for a dead one, whose next look then costs two uploads.
 */
export const VISIT_DEADLINE_MS = 25_000;

/** So many looks in a row without an answer, where there was one before or the other nodes were never heard. */
export const SILENT_LOOKS = 3;

/** The next look after one that nobody answered: three of them take 25 to 85 s, less than a take-over. */
export const AFTER_SILENCE_MS = 5_000;

/** The next look when no HSDir said what it holds, or a visit would prove nothing. */
export const AFTER_UNKNOWN_MS = 10_000;

/** While another publisher answers: parts of the time that a take-over is put off (30–60 s at the defaults). */
export const LOOK_AGAIN_PARTS = [0.25, 0.5] as const;
/** For settings far below the defaults: a look costs eight fetches and a visit. */
export const SHORTEST_LOOK_AGAIN_MS = 5_000;

/** A result older than this is no ground for replacing what may stand there by now. */
export const LOOK_FRESH_MS = 5_000;
