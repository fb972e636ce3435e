import type { PeerView } from '../election/messages.js';
import { errorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { SessionWork } from './session-work.js';

export interface OutageWatchEffects {
  readonly log: Logger;
  /** Asks HSDirs for anything: true when one answers, whatever it holds. */
  ask(): Promise<boolean>;
  /** Introduction circuits that look alive carry nothing: no client shall be sent to them. */
  withhold(): void;
  /** They carry again; `anew`: all circuits of before are gone. */
  release(anew: boolean): void;
  /** What may be done to a Tor of ours; null on any other. */
  readonly network: TorNetworkSwitch | null;
  poke(): void;
}

/** Tor's connections to the network. */
export interface TorNetworkSwitch {
  /** Drops all and makes them anew. */
  reconnect(): Promise<void>;
  /** Lets Tor make some, where it may not: whoever was to let it again died in between. */
  enable(): Promise<void>;
}

/** While it answers, and the other nodes are silent for reasons of their own. */
const ASK_AGAIN_MS = 30_000;
/** While it does not. Each question holds circuits of Tor for a minute at most. */
const ASK_SILENT_MS = 15_000;

/** Some node was heard once, and none is now. */
export const hearsNobody = (peers: readonly Pick<PeerView, 'lifecycle' | 'lastSeenSecs'>[]): boolean => {
  const known = peers.filter(({ lastSeenSecs }) => lastSeenSecs !== null);
  return (
    known.length > 0 && known.every(({ lifecycle }) => lifecycle === 'unhealthy' || lifecycle === 'dead')
  );
};

/**
 * Ends the aftermath of a network outage. Tor notices none: its connections stand until TCP sends again, after about as long
 * as the outage took (measured: 24 s after one of 30 s, with no event and network-liveness "up" all the while), and clients
 * that are sent to this node's introduction points meanwhile hang. So when no other node is heard by any path, an HSDir is
 * asked; if none answers, no client is sent here, and once a node is heard again Tor makes its connections anew (fresh points
 * after 2 s). A question that is answered means that the others are gone, and nothing is done.
 */
export class OutageWatch {
  readonly #effects: OutageWatchEffects;
  readonly #work: SessionWork;
  #isAlone = false;
  #isSilent = false;
  #isToBeEnabled = false;
  #askAtMs = 0;

  constructor(effects: OutageWatchEffects) {
    this.#effects = effects;
    this.#work = new SessionWork(effects);
  }

  /** A connection to Tor is there. */
  begin(): void {
    this.#work.begin();
    this.#isToBeEnabled = true;
    this.#askAtMs = 0;
  }

  /** It is lost; of another Tor nothing is known. */
  end(): void {
    this.#work.end();
    if (this.#isSilent) this.#effects.release(false);
    this.#isSilent = false;
  }

  peersTold(peers: readonly PeerView[]): void {
    const isAlone = hearsNobody(peers);
    if (isAlone === this.#isAlone) return;
    this.#isAlone = isAlone;
    this.#askAtMs = 0;
    this.#effects.poke();
  }

  step(nowMs: number): number | null {
    if (!this.#work.isFree) return null;
    const { network } = this.#effects;
    if (this.#isToBeEnabled && network !== null) {
      this.#isToBeEnabled = false;
      this.#work.run(network.enable());
      return null;
    }
    if (this.#isSilent && !this.#isAlone && network !== null) {
      this.#work.run(this.#reconnect(network));
      return null;
    }
    if (!this.#isAlone && !this.#isSilent) return null;
    if (nowMs < this.#askAtMs) return this.#askAtMs;
    this.#work.run(this.#ask(nowMs));
    return null;
  }

  async #ask(nowMs: number): Promise<void> {
    const isCurrent = this.#work.whileConnected();
    const answers = await this.#effects.ask();
    if (!isCurrent()) return;
    this.#askAtMs = nowMs + (answers ? ASK_AGAIN_MS : ASK_SILENT_MS);
    if (answers !== this.#isSilent) return;
    this.#isSilent = !answers;
    if (answers) {
      this.#effects.log.info('Tor gets answers again');
      this.#effects.release(false);
      return;
    }
    const data = errorData('tor.network-silent', 'tor');
    this.#effects.log.warn(data.what, {}, data);
    this.#effects.withhold();
  }

  async #reconnect(network: TorNetworkSwitch): Promise<void> {
    const isCurrent = this.#work.whileConnected();
    await network.reconnect();
    if (!isCurrent()) return;
    this.#isSilent = false;
    this.#effects.log.info('other nodes are heard again: Tor makes its connections anew');
    this.#effects.release(true);
  }
}
