import { randomBytes } from 'node:crypto';
import { generateIdentity } from '@rustbalance/crypto-worker/keys/identity.js';
import type { IdentityKeys } from '@rustbalance/crypto-worker/task-types.js';
import { eventually } from '../eventually.js';
import { startSampleTarget, type SampleTarget } from '../sample-target.js';
import { startStockClient, type StockClient } from '../stock-client.js';
import { consensusOf } from '../tor-network/directory-view.js';
import { startTorNetwork, type TorNetwork } from '../tor-network/network.js';
import { nextRotation, waitForPhase, type NetworkPhase } from '../tor-network/phase.js';
import type { TorProcess } from '../tor-network/tor-process.js';
import { settledRounds } from './rounds.js';
import { startInstanceService, startRecordedService, type RecordedService } from './recorded-service.js';

/** A network with a service of Tor's alone, an instance service under a master address, and a visitor. */
export interface ProofWorld {
  readonly network: TorNetwork;
  readonly target: SampleTarget;
  /** What stands in no relation to us. */
  readonly plain: RecordedService;
  /** A Tor with an identity that we made, which answers for the master address too. */
  readonly instance: RecordedService;
  readonly instanceIdentity: IdentityKeys;
  readonly master: IdentityKeys;
  readonly client: StockClient;
  stop(): Promise<void>;
}

/** HSDirs a replica for storing and for fetching alike: a client never asks one that the service left out. */
const spread = (hsDirs: number): Record<string, number> => ({
  hsdir_spread_store: hsDirs,
  hsdir_spread_fetch: hsDirs,
});

const RELAYS = 8;
const SECOND_CONSENSUS_TIMEOUT_MS = 60_000;

/**
 * A network's first consensus is voted out of turn: its valid-after is no multiple of the voting interval, and a
 * Tor that has it takes shared-random runs to begin some seconds late. A descriptor made then keeps its counter
 * until the next upload, so services are not started before every relay hands out a regular consensus.
 */
const consensusIsRegular = async ({ authorities, relays, votingIntervalSecs }: TorNetwork): Promise<void> => {
  const regular = async (tor: TorProcess): Promise<boolean> =>
    (await consensusOf(tor)).validAfterSecs % votingIntervalSecs === 0;
  await Promise.all(
    [...authorities, ...relays].map((tor) =>
      eventually(`${tor.name} has a regular consensus`, () => regular(tor), {
        timeoutMs: SECOND_CONSENSUS_TIMEOUT_MS,
      }),
    ),
  );
};

export const startProofWorld = async (): Promise<ProofWorld> => {
  const network = await startTorNetwork({ relays: RELAYS, consensusParams: spread(1) });
  try {
    await consensusIsRegular(network);
    const target = await startSampleTarget({ name: 'proof' });
    const where = `${target.host}:${String(target.port)}`;
    const instanceIdentity = generateIdentity(randomBytes(32));
    const master = generateIdentity(randomBytes(32));
    const [plain, instance, client] = await Promise.all([
      startRecordedService(network, { name: 'plain', target: where }),
      startInstanceService(network, {
        name: 'instance',
        target: where,
        identity: instanceIdentity,
        master: master.address,
      }),
      startStockClient(network),
    ]);
    const stop = async (): Promise<void> => {
      await network.stop();
      await target.close();
    };
    return { network, target, plain, instance, instanceIdentity, master, client, stop };
  } catch (error) {
    await network.stop();
    throw error;
  }
};

const usersOf = ({ plain, instance, client }: ProofWorld): TorProcess[] => [
  plain.tor,
  instance.tor,
  client.tor,
];

const ADOPTION_TIMEOUT_MS = 60_000;

/** Has the authorities vote another spread, and waits until services and client use it. */
export const changeSpread = async (world: ProofWorld, hsDirs: number): Promise<void> => {
  const params = Object.entries(spread(hsDirs)).map(([name, value]) => `${name}=${String(value)}`);
  for (const authority of world.network.authorities) {
    await (await authority.control()).command(`SETCONF ConsensusParams="${params.join(' ')}"`);
  }
  const adopted = async (tor: TorProcess): Promise<boolean> =>
    (await consensusOf(tor)).params['hsdir_spread_store'] === hsDirs;
  await Promise.all(
    usersOf(world).map((tor) =>
      eventually(`${tor.name} knows the new spread`, () => adopted(tor), { timeoutMs: ADOPTION_TIMEOUT_MS }),
    ),
  );
};

/** Seconds of network time that the tests of one phase are given. */
const ROOM_SECS = 40;
// A whole period may pass when the network came up late in the wanted phase.
const PHASE_TIMEOUT_MS = 300_000;

const secondsLeft = (phase: NetworkPhase): number =>
  Math.min(nextRotation(phase, 'time-period'), nextRotation(phase, 'shared-random')) - phase.validAfterSecs;

/** Waits until services and client are in that phase, with enough of it left, and the services have uploaded by it. */
export const enterPhase = async (world: ProofWorld, betweenTpAndSrv: boolean): Promise<void> => {
  const wanted = (phase: NetworkPhase): boolean =>
    phase.betweenTpAndSrv === betweenTpAndSrv && secondsLeft(phase) >= ROOM_SECS;
  await Promise.all(
    usersOf(world).map((tor) =>
      waitForPhase(`${tor.name} is in the wanted phase`, () => consensusOf(tor), wanted, {
        timeoutMs: PHASE_TIMEOUT_MS,
      }),
    ),
  );
  await Promise.all([world.plain, world.instance].map(settledRounds));
};

// Keys, two consensuses, bootstrap and introduction points: measured 25–40 s.
const BRING_UP_SECS = 35;

/**
 * The two phases in the order in which a network that is started now passes them: by the clock alone, since both
 * rotations lie at fixed times of the day.
 */
export const phasesFrom = (nowSecs: number, votingIntervalSecs = 10): readonly [boolean, boolean] => {
  const half = 12 * votingIntervalSecs;
  const intoHalf = (nowSecs + BRING_UP_SECS) % half;
  const afterTp = Math.floor((nowSecs + BRING_UP_SECS) / half) % 2 === 1;
  const first = half - intoHalf >= ROOM_SECS ? afterTp : !afterTp;
  return [first, !first];
};
