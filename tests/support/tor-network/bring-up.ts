import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../eventually.js';
import type { ConsensusView } from './consensus.js';
import { consensusOf, countMicrodescriptors } from './directory-view.js';
import type { NetworkRelay } from './network-types.js';
import type { NetworkPlan } from './plan.js';
import type { TorProcess } from './tor-process.js';
import { delayUntilRelease } from './voting-clock.js';

const FLAGS_OF_A_READY_RELAY = ['HSDir', 'Running', 'Valid', 'V2Dir', 'Guard'];
const LISTEN_DEADLINE_MS = 20_000;
const NUDGE_EVERY_MS = 1_000;

const listsAll = (consensus: ConsensusView, fingerprints: readonly string[]): boolean => {
  const ready = consensus.relays.filter((relay) =>
    FLAGS_OF_A_READY_RELAY.every((flag) => relay.flags.includes(flag)),
  );
  const listed = new Set(ready.map((relay) => relay.fingerprint));
  return fingerprints.every((fingerprint) => listed.has(fingerprint));
};

const knowsAll = async (tor: TorProcess, fingerprints: readonly string[]): Promise<boolean> =>
  listsAll(await consensusOf(tor), fingerprints) && (await countMicrodescriptors(tor)) >= fingerprints.length;

const listens = (tor: TorProcess): Promise<boolean> =>
  eventually(
    `${tor.name} listens`,
    async () => (await (await tor.control()).getInfo('net/listeners/dir')) !== '',
    { timeoutMs: LISTEN_DEADLINE_MS, everyMs: 10 },
  );

/**
 * Puts a network on line whose Tors were started with DisableNetwork, at a moment at which every relay can upload
 * before the authorities vote. Three steps, since no Tor soon repeats an upload that was refused: authorities
 * listen, authorities publish themselves to each other, relays publish. A publication follows only a change of the
 * descriptor, hence the changed ContactInfo.
 */
export const releaseNetwork = async (
  plan: NetworkPlan,
  authorities: readonly NetworkRelay[],
  relays: readonly NetworkRelay[],
): Promise<void> => {
  const torrcs = [...plan.authorities, ...plan.relays].map(({ torrc }) => torrc);
  const mute = ['PublishServerDescriptor 0', 'ContactInfo not-yet@invalid'];
  await delay(delayUntilRelease(Date.now()));
  await Promise.all(authorities.map((tor, i) => tor.reconfigure([...(torrcs[i] ?? []), ...mute])));
  await Promise.all(authorities.map(listens));
  await Promise.all([...authorities, ...relays].map((tor, i) => tor.reconfigure(torrcs[i] ?? [])));
};

/** Waits until every authority has a consensus that lists all these relays as HSDirs. */
export const allListed = async (
  authorities: readonly NetworkRelay[],
  fingerprints: readonly string[],
  timeoutMs: number,
): Promise<void> => {
  const listed = (tor: TorProcess): Promise<boolean> =>
    eventually(
      'a consensus that lists every relay',
      async () => listsAll(await consensusOf(tor), fingerprints),
      {
        timeoutMs,
      },
    );
  await Promise.all(authorities.map(listed));
};

/**
 * Waits until every relay has that consensus and all microdescriptors. Relays asked for a consensus before there
 * was one and now pause, each time about twice as long; a reload makes Tor forget these failures and ask at once
 * (measured: 0.2 s instead of up to 10).
 */
export const allInformed = async (
  relays: readonly NetworkRelay[],
  fingerprints: readonly string[],
  timeoutMs: number,
): Promise<void> => {
  const informed = async (tor: NetworkRelay): Promise<void> => {
    let nudged = -Infinity;
    const look = async (): Promise<boolean> => {
      if (await knowsAll(tor, fingerprints).catch(() => false)) return true;
      if (performance.now() - nudged > NUDGE_EVERY_MS) {
        nudged = performance.now();
        await tor.kill('SIGHUP');
      }
      return false;
    };
    await eventually(`${tor.name} knows every relay`, look, { timeoutMs, everyMs: 100 });
  };
  await Promise.all(relays.map(informed));
};
