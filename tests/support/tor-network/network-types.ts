import type { ConsensusView } from './consensus.js';
import type { TorProcess } from './tor-process.js';
import type { TorPrograms } from './tor-programs.js';

/** A relay or authority of the private network; `kill`, `restart` and the rest are those of its process. */
export interface NetworkRelay extends TorProcess {
  readonly nickname: string;
  /** 40 upper-case hex digits, as in `SERVER=` and `HS_DESC` events. */
  readonly fingerprint: string;
  readonly orPort: number;
}

/** Milliseconds from the call of startTorNetwork. */
export interface BringUpTimes {
  readonly keysMs: number;
  readonly processesMs: number;
  /** The first consensus that lists every relay as HSDir is out. */
  readonly consensusMs: number;
  /** Every relay has it too and knows all microdescriptors: clients bootstrap and HSDirs answer at once. */
  readonly readyMs: number;
}

export interface SpawnTorOptions {
  readonly name: string;
  /** Lines beside those that join the network; control socket, cookie and log are there already. */
  readonly torrc?: readonly string[];
  /** Default: a folder of the network's, named like the Tor. */
  readonly dataDir?: string;
}

export interface TorNetwork {
  readonly dir: string;
  readonly programs: TorPrograms;
  readonly votingIntervalSecs: number;
  /** torrc lines by which any Tor joins, e.g. as the daemon's `[tor] extra_torrc`. */
  readonly commonTorrc: readonly string[];
  readonly authorities: readonly NetworkRelay[];
  /** Without the authorities, which a test should let live. */
  readonly relays: readonly NetworkRelay[];
  readonly times: BringUpTimes;
  /** Starts one more Tor in this network: a client, a service. It ends with the network. */
  spawnTor(options: SpawnTorOptions): Promise<TorProcess>;
  /** The relay or authority with this fingerprint (with or without `$`). */
  relay(fingerprint: string): NetworkRelay;
  /** The newest consensus that an authority has. */
  consensus(): Promise<ConsensusView>;
  /** Process ids of every Tor that runs now. */
  pids(): number[];
  /** Ends every Tor that was started through this network, and removes its folder. */
  stop(): Promise<void>;
}
