import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import type { ActorContext } from '../kernel/actor.js';
import type { HsDescEvent } from './control/hs-desc-event.js';
import type { TorCoordination } from './coordination-service.js';
import type { Instance } from './instance-files.js';
import type { Departure, OwnIntroductionPoints } from './messages.js';
import type { TorPlace } from './tor-place.js';

/** What one Tor tells the node that it belongs to. */
export interface TorNews {
  points(own: OwnIntroductionPoints): void;
  /** Null until there is a consensus with enough microdescriptors. */
  network(view: NetworkView | null): void;
  departure(view: Departure): void;
  /** An HSDir answered an upload that went by this Tor. */
  uploadAnswer(event: HsDescEvent): void;
  /** Its state may be another one. */
  changed(): void;
}

/** What one Tor is made of. */
export interface TorSetting {
  readonly context: ActorContext<'tor'>;
  readonly place: TorPlace;
  readonly instance: Instance;
  readonly coordination: TorCoordination;
  readonly news: TorNews;
}
