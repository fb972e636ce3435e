import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IdentityKeys } from '@rustbalance/crypto-worker/task-types.js';
import { hiddenServiceFiles } from '@rustbalance/crypto-worker/keys/hidden-service-files.js';
import { importIdentity } from '@rustbalance/crypto-worker/keys/import-identity.js';
import { valueOf } from '../../unit/crypto-worker/given.js';
import { eventually } from '../eventually.js';
import type { TorNetwork } from '../tor-network/network-types.js';
import type { TorProcess } from '../tor-network/tor-process.js';
import { type ChosenCounter, chosenCounters, counterLogLine } from './counter-log.js';
import { planOf } from './network-view.js';
import { type UploadRecord, recordUploads } from './upload-record.js';

/** An onion service of a Tor of its own, with its key at hand and every upload of it recorded. */
export interface RecordedService {
  readonly tor: TorProcess;
  /** The key that Tor uses, read from the service's folder. */
  readonly identity: IdentityKeys;
  readonly uploads: UploadRecord;
  /** Every revision counter that Tor chose for it so far, in order. */
  counters(): Promise<ChosenCounter[]>;
}

export interface RecordedServiceOptions {
  readonly name: string;
  /** Where port 80 leads, host:port. */
  readonly target: string;
  /** Files that lie in the HiddenServiceDir before Tor loads the service. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** torrc lines of the service beside directory and port. */
  readonly lines?: readonly string[];
}

const PUBLISH_TIMEOUT_MS = 60_000;

/** Starts the service and waits until the HSDirs have answered to both its descriptors. */
export const startRecordedService = async (
  network: TorNetwork,
  { name, target, files = {}, lines = [] }: RecordedServiceOptions,
): Promise<RecordedService> => {
  const folder = join(network.dir, name, 'onion');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await Promise.all(
    Object.entries(files).map(([file, content]) => writeFile(join(folder, file), content, { mode: 0o600 })),
  );
  const service = [`HiddenServiceDir ${folder}`, `HiddenServicePort 80 ${target}`, ...lines];
  const counterLog = join(network.dir, name, 'counters.log');
  const tor = await network.spawnTor({
    name,
    torrc: ['SocksPort 0', counterLogLine(counterLog), ...service],
  });
  const uploads = await recordUploads(tor);
  const identity = valueOf(importIdentity(await readFile(join(folder, 'hs_ed25519_secret_key'))));
  const bothAnswered = async (): Promise<boolean> => {
    const { first, second } = await planOf(tor, identity.publicKey);
    return [first, second].every(({ blindedKey }) => uploads.isAnswered(blindedKey));
  };
  await eventually(`${name} has uploaded both descriptors`, bothAnswered, { timeoutMs: PUBLISH_TIMEOUT_MS });
  return { tor, identity, uploads, counters: () => chosenCounters(counterLog) };
};

/**
 * The same as an Onionbalance instance of a master address: Tor accepts introductions that clients encrypt to the
 * master's subcredentials. `ob_config` must lie there before Tor loads the service, since it is read then alone.
 */
export const startInstanceService = (
  network: TorNetwork,
  {
    name,
    target,
    identity,
    master,
  }: { name: string; target: string; identity: IdentityKeys; master: string },
): Promise<RecordedService> =>
  startRecordedService(network, {
    name,
    target,
    files: { ...hiddenServiceFiles(identity.secret), ob_config: `MasterOnionAddress ${master}.onion\n` },
    lines: ['HiddenServiceOnionBalanceInstance 1'],
  });
