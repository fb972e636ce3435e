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

/** Follows HS_DESC events (control-spec §4.1.25) until every upload that was begun is answered. */
const uploadWatch = (): {
  readonly take: (event: ControlEvent) => void;
  readonly allAnswered: () => boolean;
} => {
  const descriptors = new Set<string>();
  let unanswered = 0;
  return {
    take: ({ keyword, text }) => {
      if (keyword !== 'HS_DESC') return;
      const [action = '', , , , descriptor = ''] = text.split(' ');
      if (action === 'UPLOAD') {
        descriptors.add(descriptor);
        unanswered += 1;
      }
      if (action === 'UPLOADED' || action === 'FAILED') unanswered -= 1;
    },
    allAnswered: () => descriptors.size >= DESCRIPTORS_OF_A_SERVICE && unanswered === 0,
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
