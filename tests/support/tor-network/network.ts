import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthorityKeys, type AuthorityIdentity } from './authority-keys.js';
import { allInformed, allListed, releaseNetwork } from './bring-up.js';
import type { ConsensusView } from './consensus.js';
import { consensusOf } from './directory-view.js';
import { freePorts } from './free-ports.js';
import type { BringUpTimes, NetworkRelay, SpawnTorOptions, TorNetwork } from './network-types.js';
import { resolveOptions, type ResolvedOptions, type TorNetworkOptions } from './options.js';
import { authorityNames, planNetwork, type NetworkPlan, type RelayPlan } from './plan.js';
import { sharedRandomState } from './shared-random-seed.js';
import { torProcess, type TorProcess } from './tor-process.js';
import { findTorPrograms, type TorPrograms } from './tor-programs.js';

export type { TorNetwork } from './network-types.js';

const fingerprintOf = async (dataDir: string): Promise<string> => {
  const text = await readFile(join(dataDir, 'fingerprint'), 'utf8');
  const found = /^\S+ ([0-9A-F]{40})\s*$/.exec(text)?.[1];
  if (found === undefined) throw new Error(`${dataDir}/fingerprint holds no fingerprint`);
  return found;
};

class Network implements TorNetwork {
  readonly dir: string;
  readonly programs: TorPrograms;
  readonly votingIntervalSecs: number;
  commonTorrc: readonly string[] = [];
  authorities: readonly NetworkRelay[] = [];
  relays: readonly NetworkRelay[] = [];
  times: BringUpTimes = { keysMs: 0, processesMs: 0, consensusMs: 0, readyMs: 0 };
  readonly #options: ResolvedOptions;
  readonly #tors: TorProcess[] = [];
  #stopped = false;

  constructor(dir: string, programs: TorPrograms, options: ResolvedOptions) {
    this.dir = dir;
    this.programs = programs;
    this.votingIntervalSecs = options.votingIntervalSecs;
    this.#options = options;
  }

  async bringUp(): Promise<void> {
    const began = performance.now();
    const { log, authorities, relays, readyTimeoutMs } = this.#options;
    const step = (what: string): number => {
      const ms = Math.round(performance.now() - began);
      log(`${(ms / 1000).toFixed(1)} s: ${what}`);
      return ms;
    };
    const ports = await freePorts(2 * authorities + relays);
    const identities = await this.#makeAuthorities(ports.slice(0, 2 * authorities));
    const keysMs = step(`${String(authorities)} authorities have keys`);
    const plan = planNetwork(this.dir, identities, ports.slice(2 * authorities), this.#options);
    await this.#launch(plan);
    const processesMs = step(`${String(authorities + relays)} relays run`);
    await releaseNetwork(plan, this.authorities, this.relays);
    const fingerprints = [...this.authorities, ...this.relays].map((relay) => relay.fingerprint);
    await allListed(this.authorities, fingerprints, readyTimeoutMs);
    const consensusMs = step('the authorities agree on a consensus in which every relay is an HSDir');
    await allInformed(this.relays, fingerprints, readyTimeoutMs);
    this.times = { keysMs, processesMs, consensusMs, readyMs: step('every relay knows every other') };
  }

  async #makeAuthorities(ports: readonly number[]): Promise<AuthorityIdentity[]> {
    const names = authorityNames(this.dir, this.#options.place.address, ports);
    const identities = await Promise.all(
      names.map((name) => makeAuthorityKeys(name.dataDir, name, this.programs)),
    );
    if (this.#options.sharedRandomFromStart) {
      const state = sharedRandomState(
        Date.now() / 1000,
        this.votingIntervalSecs,
        identities[0]?.v3Identity ?? '',
      );
      await Promise.all(names.map(({ dataDir }) => writeFile(join(dataDir, 'sr-state'), state)));
    }
    return identities;
  }

  async #launch(plan: NetworkPlan): Promise<void> {
    this.commonTorrc = plan.commonTorrc;
    const launched = await Promise.all(
      [...plan.authorities, ...plan.relays].map((relay) => this.#startRelay(relay)),
    );
    this.authorities = launched.slice(0, plan.authorities.length);
    this.relays = launched.slice(plan.authorities.length);
  }

  async #startRelay({ nickname, orPort, dataDir, torrc }: RelayPlan): Promise<NetworkRelay> {
    // Off line at first: making keys takes the processors for seconds, and votes must not fall into that time.
    const tor = await this.#start(nickname, dataDir, [...torrc, 'DisableNetwork 1']);
    return Object.assign(tor, { nickname, orPort, fingerprint: await fingerprintOf(dataDir) });
  }

  async #start(name: string, dataDir: string, torrc: readonly string[]): Promise<TorProcess> {
    if (this.#stopped) throw new Error(`the network of tor "${name}" has been stopped`);
    const tor = torProcess({
      name,
      dataDir,
      torrc,
      program: this.programs.tor,
      enter: this.#options.place.enter,
    });
    this.#tors.push(tor);
    await tor.start();
    // stop() may have come while this one was being started.
    if (this.#stopped) await tor.stop();
    return tor;
  }

  spawnTor({ name, torrc = [], dataDir = join(this.dir, name) }: SpawnTorOptions): Promise<TorProcess> {
    return this.#start(name, dataDir, [...this.commonTorrc, ...torrc]);
  }

  relay(fingerprint: string): NetworkRelay {
    const wanted = fingerprint.replace(/^\$/, '').toUpperCase();
    const found = [...this.authorities, ...this.relays].find((relay) => relay.fingerprint === wanted);
    if (found === undefined) throw new Error(`no relay ${fingerprint} in this network`);
    return found;
  }

  async consensus(): Promise<ConsensusView> {
    const running = this.authorities.filter((authority) => authority.isRunning);
    const views = await Promise.all(running.map(consensusOf));
    const [newest] = views.sort((one, other) => other.validAfterSecs - one.validAfterSecs);
    if (newest === undefined) throw new Error('no authority of this network runs');
    return newest;
  }

  pids(): number[] {
    return this.#tors.filter((tor) => tor.isRunning).map((tor) => tor.pid);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#tors.map((tor) => tor.stop()));
    await rm(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

const rejectsAtAbort = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const fail = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });

/**
 * Starts a private Tor network, on 127.0.0.1 unless told, and waits until clients and services can use it. Nothing of it leaves
 * the machine: naming a directory authority removes the built-in ones.
 *
 * @throws MissingProgramError where Debian's tor is not installed; TorFailedError with log lines when a Tor fails; the
 *   signal's reason when that gives it up
 */
export const startTorNetwork = async (options: TorNetworkOptions = {}): Promise<TorNetwork> => {
  const resolved = resolveOptions(options);
  const programs = await findTorPrograms();
  if (resolved.dir !== undefined) await mkdir(resolved.dir, { recursive: true, mode: 0o700 });
  const network = new Network(resolved.dir ?? (await mkdtemp(join(tmpdir(), 'rb-net-'))), programs, resolved);
  try {
    const { signal } = options;
    await Promise.race([network.bringUp(), ...(signal === undefined ? [] : [rejectsAtAbort(signal)])]);
    return network;
  } catch (error) {
    await network.stop();
    throw error;
  }
};
