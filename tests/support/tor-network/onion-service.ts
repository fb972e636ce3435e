import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../eventually.js';
import type { ControlEvent } from './control-connection.js';
import type { TorNetwork } from './network-types.js';
import type { TorProcess } from './tor-process.js';

/** An onion service that Tor runs by torrc alone, without us: the baseline of every comparison. */
export interface PlainOnionService {
  readonly tor: TorProcess;
  /** With `.onion`. */
  readonly address: string;
  /** Fingerprints of the relays at which it has established introduction circuits. */
  introductionRelays(): Promise<string[]>;
  stop(): Promise<void>;
}

export interface PlainOnionServiceOptions {
  /** Also the name of its folder; default `service`. */
  readonly name?: string;
  /** Where the service's port 80 leads, e.g. `127.0.0.1:8080` or `unix:/path`. */
  readonly target: string;
  readonly torrc?: readonly string[];
  readonly timeoutMs?: number;
}

const PUBLISH_TIMEOUT_MS = 60_000;
// One for the present time period, one for the coming one (rend-spec-v3 §2.2.1).
const DESCRIPTORS_OF_A_SERVICE = 2;

/** Fingerprints of the relays at which this Tor's onion services have established introduction circuits. */
export const introductionRelaysOf = async (tor: TorProcess): Promise<string[]> => {
  const status = await (await tor.control()).getInfo('circuit-status');
  const circuits = status.split('\n').filter((line) => line.includes('HS_STATE=HSSI_ESTABLISHED'));
  const lastHops = circuits.map((line) => /\$([0-9A-F]{40})[^ ,]* (?:BUILD_FLAGS|PURPOSE)/.exec(line)?.[1]);
  return [...new Set(lastHops.filter((fingerprint) => fingerprint !== undefined))];
};

/** Uploads of one descriptor that Tor began together. */
interface Round {
  lastMs: number;
  readonly unanswered: Set<string>;
}

// Tor begins all uploads of a descriptor in one turn of its loop, and two rounds are a second or more apart.
const ROUND_GAP_MS = 700;

/**
 * Follows HS_DESC events (control-spec §4.1.25) until every upload of both descriptors is answered. Of each its last round
 * counts: where something changes while uploads are under way (a consensus, introduction points), Tor gives those up without
 * a word and begins anew, and at a shared random value another descriptor takes the place of the first.
 */
const uploadWatch = (): {
  readonly take: (event: ControlEvent) => void;
  readonly allAnswered: () => boolean;
} => {
  const rounds = new Map<string, Round>();
  const begun = (descriptor: string, hsdir: string): void => {
    const nowMs = performance.now();
    const last = rounds.get(descriptor);
    const round =
      last !== undefined && nowMs - last.lastMs < ROUND_GAP_MS
        ? last
        : { lastMs: nowMs, unanswered: new Set<string>() };
    round.lastMs = nowMs;
    round.unanswered.add(hsdir);
    rounds.set(descriptor, round);
  };
  /** The answer does not say to which descriptor: HSDirs that have both answer in the order of sending. */
  const answered = (hsdir: string): void => {
    const [oldest] = [...rounds.values()]
      .filter(({ unanswered }) => unanswered.has(hsdir))
      .sort((one, other) => one.lastMs - other.lastMs);
    oldest?.unanswered.delete(hsdir);
  };
  return {
    take: ({ keyword, text }) => {
      if (keyword !== 'HS_DESC') return;
      const [action = '', , , longName = '', descriptor = ''] = text.split(' ');
      const hsdir = longName.slice(1, 41);
      if (action === 'UPLOAD') begun(descriptor, hsdir);
      if (action === 'UPLOADED' || action === 'FAILED') answered(hsdir);
    },
    allAnswered: () => {
      const newest = [...rounds.values()].sort((one, other) => other.lastMs - one.lastMs);
      const both = newest.slice(0, DESCRIPTORS_OF_A_SERVICE);
      return (
        both.length === DESCRIPTORS_OF_A_SERVICE && both.every(({ unanswered }) => unanswered.size === 0)
      );
    },
  };
};

/** Starts a plain onion service and waits until both its descriptors are on their HSDirs. */
export const startPlainOnionService = async (
  network: TorNetwork,
  { name = 'service', target, torrc = [], timeoutMs = PUBLISH_TIMEOUT_MS }: PlainOnionServiceOptions,
): Promise<PlainOnionService> => {
  const serviceDir = join(network.dir, name, 'onion');
  const service = [`HiddenServiceDir ${serviceDir}`, `HiddenServicePort 80 ${target}`];
  const tor = await network.spawnTor({ name, torrc: ['SocksPort 0', ...service, ...torrc] });
  const control = await tor.control();
  const uploads = uploadWatch();
  const stopWatching = control.onEvent(uploads.take);
  await control.subscribe('HS_DESC');
  await eventually(`the service ${name} is published`, uploads.allAnswered, { timeoutMs });
  stopWatching();
  return {
    tor,
    address: (await readFile(join(serviceDir, 'hostname'), 'utf8')).trim(),
    introductionRelays: () => introductionRelaysOf(tor),
    stop: () => tor.stop(),
  };
};
