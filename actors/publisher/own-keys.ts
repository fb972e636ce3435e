import { bytesKey } from '@rustbalance/crypto-worker/encoding/bytes.js';
import type { OwnIntroductionPoints } from '../tor/messages.js';

/** Some sets of three: a descriptor on an HSDir is at most twelve hours old. */
const KEPT = 32;

/**
 * Auth keys (hex) of this node's own introduction points, present and former. After a restart they tell the points that
 * this node published itself, which are dead now, from those of another node that may be serving clients.
 */
export class OwnKeys {
  #keys: readonly string[];

  constructor(restored: readonly string[]) {
    this.#keys = restored.slice(-KEPT);
  }

  get all(): ReadonlySet<string> {
    return new Set(this.#keys);
  }

  /** The newest, oldest first. */
  get entries(): readonly string[] {
    return this.#keys;
  }

  note(own: OwnIntroductionPoints): void {
    const now = own.points.map(({ authKey }) => bytesKey(authKey));
    const before = this.#keys.filter((key) => !now.includes(key));
    this.#keys = [...before, ...now].slice(-KEPT);
  }
}
