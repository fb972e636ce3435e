import type { ControlEvent } from '../tor-network/control-connection.js';
import type { TorProcess } from '../tor-network/tor-process.js';

/** One `HS_DESC UPLOAD` event (control-spec §4.1.25): Tor begins to send a descriptor of its own to an HSDir. */
export interface Upload {
  /** Unix time at which the event arrived here, whole seconds. */
  readonly atSecs: number;
  readonly fingerprint: string;
  /** Base64 without padding; the event calls it the descriptor's id. */
  readonly blindedKey: string;
  /** The HSDir's place on the ring, 64 upper-case hex digits. */
  readonly index: string;
}

export interface UploadRecord {
  /** The newest round of uploads with this blinded key, in the order of the events; empty when there was none. */
  latest(blindedKey: Uint8Array): readonly Upload[];
  /** Was there such a round, and has every HSDir of it answered? */
  isAnswered(blindedKey: Uint8Array): boolean;
}

interface Round {
  lastMs: number;
  readonly uploads: Upload[];
  readonly unanswered: Set<string>;
}

// Tor begins all uploads of a descriptor in one turn of its loop, and two rounds are at least one tick of a second
// apart; a loaded machine delivers one round's events within some hundred milliseconds.
const ROUND_GAP_MS = 700;

const unpadded = (key: Uint8Array): string => Buffer.from(key).toString('base64').replace(/=+$/, '');

class Recorder implements UploadRecord {
  readonly #rounds = new Map<string, Round>();
  readonly #addresses = new Set<string>();

  take({ keyword, text }: ControlEvent): void {
    if (keyword !== 'HS_DESC') return;
    const [action = '', address = '', , hsdir = '', blindedKey = ''] = text.split(' ');
    const fingerprint = hsdir.slice(1, 41).toUpperCase();
    if (action === 'UPLOAD') {
      const index = /HSDIR_INDEX=([0-9A-Fa-f]{64})/.exec(text)?.[1]?.toUpperCase() ?? '';
      this.#addresses.add(address);
      this.#begun({ atSecs: Math.floor(Date.now() / 1000), fingerprint, blindedKey, index });
    }
    // Uploads on our order have no UPLOAD event, and their addresses are no services of this Tor.
    if (['UPLOADED', 'FAILED'].includes(action) && this.#addresses.has(address)) this.#answered(fingerprint);
  }

  #begun(upload: Upload): void {
    const nowMs = Date.now();
    const open = this.#rounds.get(upload.blindedKey);
    const isSame = open !== undefined && nowMs - open.lastMs < ROUND_GAP_MS;
    const round = isSame ? open : { lastMs: nowMs, uploads: [], unanswered: new Set<string>() };
    round.lastMs = nowMs;
    round.uploads.push(upload);
    round.unanswered.add(upload.fingerprint);
    this.#rounds.set(upload.blindedKey, round);
  }

  /** The answer does not say to which descriptor: HSDirs that have both answer in the order of sending. */
  #answered(fingerprint: string): void {
    const waiting = [...this.#rounds.values()].filter(({ unanswered }) => unanswered.has(fingerprint));
    const [oldest] = waiting.sort((one, other) => one.lastMs - other.lastMs);
    oldest?.unanswered.delete(fingerprint);
  }

  latest(blindedKey: Uint8Array): readonly Upload[] {
    return this.#rounds.get(unpadded(blindedKey))?.uploads ?? [];
  }

  isAnswered(blindedKey: Uint8Array): boolean {
    return this.#rounds.get(unpadded(blindedKey))?.unanswered.size === 0;
  }
}

/** Records from now on what this Tor uploads for its own services. */
export const recordUploads = async (tor: TorProcess): Promise<UploadRecord> => {
  const recorder = new Recorder();
  const control = await tor.control();
  control.onEvent((event) => recorder.take(event));
  await control.subscribe('HS_DESC');
  return recorder;
};
