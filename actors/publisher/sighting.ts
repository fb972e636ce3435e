/** What the HSDirs were found to hold of our address, by the highest counter that any of them showed. */
export type Sighting =
  /** Those that answered hold nothing. */
  | { readonly kind: 'nothing' }
  /** None said what it holds. */
  | { readonly kind: 'unseen' }
  /** Nothing newer than what this publisher made itself since its start. */
  | { readonly kind: 'ours' }
  | TheirDescriptor;

export interface TheirDescriptor {
  readonly kind: 'theirs';
  readonly revisionCounter: bigint;
  /** Its counter input; null when no n of ours gives that counter. */
  readonly n: number | null;
  /** The auth keys (hex) of its introduction points. */
  readonly keys: readonly string[];
}

/** What this node would publish. */
export interface OurOffer {
  /** Auth keys (hex). */
  readonly keys: ReadonlySet<string>;
  /** Points in the merged descriptor. */
  readonly size: number;
  /** Auth keys of points that were this node's own and are no more. */
  readonly former: ReadonlySet<string>;
}

export interface Weight {
  /** Their points without our own dead ones. */
  readonly points: number;
  /** Those that our descriptor would have, too. */
  readonly shared: number;
  /** Those that clients would lose if ours replaced theirs. */
  readonly foreign: number;
  /** Our own of before. Our Tor may serve them still. */
  readonly former: number;
}

export const weightOf = ({ keys }: TheirDescriptor, ours: OurOffer): Weight => {
  const shared = keys.filter((key) => ours.keys.has(key)).length;
  const former = keys.filter((key) => !ours.keys.has(key) && ours.former.has(key)).length;
  return { points: keys.length - former, shared, foreign: keys.length - former - shared, former };
};

/**
 * covered: ours takes nothing from clients. richer: it takes something and brings more. contested: it brings no more, so
 * theirs stays if somebody answers there. mixed: the same, but among theirs are points of ours or of nodes that we are
 * in contact with, so an answer would say nothing of the other publisher.
 */
export type Balance = 'covered' | 'richer' | 'contested' | 'mixed';

export const balance = (theirs: TheirDescriptor, ours: OurOffer): Balance => {
  const { points, shared, foreign } = weightOf(theirs, ours);
  if (foreign === 0) return 'covered';
  if (ours.size > points) return 'richer';
  return shared === 0 ? 'contested' : 'mixed';
};
