import { curve25519PublicKey } from '@rustbalance/crypto-worker/x25519.js';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Curve25519SecretKey, Ed25519Seed, OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { HiddenServiceFiles } from '@rustbalance/crypto-worker/task-types.js';
import type { ActorContext } from '../kernel/actor.js';
import { coordinationIdentitySeed } from '../kernel/cluster-keys.js';
import { nodePaths } from '../kernel/config/paths.js';
import { errorData, RbError, rbError, type ErrorData } from '../kernel/errors.js';
import { removeLeftovers } from '../kernel/temporary-file.js';
import { COORDINATION_PORTS, type CoordinationService } from '../wg/messages.js';
import {
  authorizedClientNames,
  syncAuthorizedClients,
  usableClients,
  type AuthorizedClient,
} from './authorized-clients.js';
import type { HsDescEvent } from './control/hs-desc-event.js';
import type { CoordinationState } from './messages.js';
import { readIfThere, writePrivateFile } from './private-files.js';
import { RefusedUploads } from './refused-uploads.js';
import {
  makeServiceDirectory,
  reasonOf,
  SECRET_FILE,
  serviceFault,
  writeDiffering,
} from './service-files.js';
import type { CoordinationPlan, GuardedCoordination } from './service-guard.js';
import { serviceConf, torrcLine, type OnionService } from './service-lines.js';
import { firstPlace } from './tor-place.js';

const KEY_BYTES = 32;
/** Name of a client whose secret nobody has: it locks a service, or makes its descriptor another one. */
const NOBODY = 'nobody';

type Context = Pick<ActorContext<'tor'>, 'config' | 'secrets' | 'crypto' | 'random' | 'clock' | 'publish'>;

interface Identity {
  readonly address: OnionAddress;
  readonly files: HiddenServiceFiles;
}

/** The service as torrc and SETCONF have it. */
export const coordinationOnionService = (
  directory: string,
  { datagramTarget, joinTarget }: Pick<CoordinationService, 'datagramTarget' | 'joinTarget'>,
): OnionService => ({
  directory,
  ports: [
    { virtual: COORDINATION_PORTS.datagrams, target: datagramTarget },
    { virtual: COORDINATION_PORTS.join, target: joinTarget },
  ],
  isInstance: false,
});

const pooled = <T>(result: { ok: true; value: T } | { ok: false; detail: string }): T => {
  if (result.ok) return result.value;
  throw rbError('tor.coordination-files', 'node.key', { reason: result.detail });
};

/** What a Tor has to do with the coordination service. */
export type TorCoordination = GuardedCoordination &
  Pick<Coordination, 'beforeLaunch' | 'begin' | 'end' | 'reloaded' | 'descriptorEvent' | 'step' | 'fault'>;

/**
 * The coordination onion service of this node: its identity follows from the node key, its clients from the fact
 * wg.coordination. Served while it has clients; a service directory of ours is never without an authorized client,
 * since Tor would serve it to everybody.
 */
export class Coordination implements GuardedCoordination {
  readonly #context: Context;
  readonly #managed: boolean;
  /** May we have Tor read the files? */
  readonly #maySet: boolean;
  readonly #directory: string;
  /** The file that torrc includes. */
  readonly #included: string;
  readonly #identity: Identity | null;
  /** Undefined until the fact comes. */
  #wanted: CoordinationService | null | undefined = undefined;
  /** How often the files changed since Tor read them. */
  #unread = 0;
  /** The Tor of the last connection; null: none yet, or it does not say. */
  #torPid: number | null = null;
  readonly #refused = new RefusedUploads();
  /** Beside the clients, once an upload was refused: Tor uploads nothing as long as its clients are the same. */
  #decoy: AuthorizedClient | null = null;
  #state: CoordinationState['state'] = 'none';

  private constructor(context: Context, identity: Identity | null) {
    this.#context = context;
    this.#identity = identity;
    const { managed, maySet } = firstPlace(context.config);
    this.#managed = managed;
    this.#maySet = maySet;
    const paths = nodePaths(context.config);
    this.#directory = paths.coordinationServiceDir;
    this.#included = paths.coordinationTorrc;
    if (identity === null) this.#wanted = null;
    this.#tell('none');
  }

  /** Derives the identity; a node without a node key has no such service. */
  static async make(context: Context): Promise<Coordination> {
    const nodeKey = context.secrets.nodeKey;
    if (nodeKey === null) return new Coordination(context, null);
    const seed = coordinationIdentitySeed(nodeKey.reveal() as Ed25519Seed);
    const { address, secret } = pooled(await context.crypto('generateIdentity', { seed }));
    const files = pooled(await context.crypto('hiddenServiceFiles', { secret }));
    await removeLeftovers(join(nodePaths(context.config).coordinationServiceDir, SECRET_FILE));
    return new Coordination(context, { address, files });
  }

  get address(): OnionAddress | null {
    return this.#identity?.address ?? null;
  }

  /** The fact wg.coordination. */
  want(service: CoordinationService | null): void {
    if (this.#identity === null) return;
    if (!isDeepStrictEqual(service?.clients, this.#wanted?.clients)) this.#refused.changed();
    this.#wanted = service;
  }

  /**
   * Before a managed Tor is started: its torrc includes a file that must be there, and on a service directory that is
   * not fit Tor would not start at all.
   */
  async beforeLaunch(): Promise<void> {
    await this.prepare();
    const fault = await this.fault(process.getuid?.() ?? 0);
    if (this.#identity === null || fault !== null) await this.#include([]);
    else if ((await readIfThere(this.#included)) === null) await this.#include([]);
  }

  /**
   * A new connection. What that Tor has read is not known, after a crash of ours for instance: where to have it read
   * again is ours and costs nothing, it is done. Otherwise it would cost the operator a reload at every start of the
   * daemon, so that what we change ourselves counts alone, and another Tor has read the files when it started.
   */
  begin(torPid: number | null): void {
    if (this.#maySet) this.#unread = Math.max(1, this.#unread);
    else if (torPid !== this.#torPid) this.#unread = 0;
    this.#torPid = torPid;
    this.#refused.reset();
    this.#tell('none');
  }

  /** Tor or the connection to it is gone. */
  end(): void {
    this.#refused.reset();
    this.#tell('none');
  }

  async prepare(): Promise<CoordinationPlan> {
    try {
      return await this.#prepare();
    } catch (error) {
      if (error instanceof RbError) return { kind: 'unfit', fault: error.data };
      const fault = errorData('tor.coordination-files', this.#directory, { reason: reasonOf(error) });
      return { kind: 'unfit', fault };
    }
  }

  wasRead(): void {
    this.#unread = 0;
  }

  /** Tor was reloaded, by whomever. Where we may set options we do not rely on that: its event may be older than our last change. */
  reloaded(): void {
    if (!this.#maySet) this.#unread = 0;
  }

  found(fault: ErrorData | null, isServed: boolean): void {
    if (fault !== null) this.#tell('faulty');
    else if (!isServed) this.#tell('none');
    else if (this.#state !== 'published') this.#tell('served');
  }

  /** HS_DESC events of any address. */
  descriptorEvent(event: HsDescEvent): void {
    if (event.address === null || event.address !== this.#identity?.address) return;
    if (event.action === 'UPLOADED' && this.#state === 'served') this.#tell('published');
    const isRefused = event.action === 'FAILED' && event.reason === 'UPLOAD_REJECTED';
    // Where we may not have Tor upload again it does so by itself, within two hours: no reason to ask for a reload.
    if (isRefused && this.#maySet) this.#refused.refused(this.#context.clock.monotonicMs());
  }

  /**
   * Does what is due, and says when there is more.
   *
   * @param look has the files and Tor's configuration looked at
   */
  step(nowMs: number, look: () => void): number | null {
    if (this.#refused.take(nowMs)) {
      this.#decoy = this.#nobody();
      look();
    }
    return this.#refused.dueAtMs;
  }

  /** Why Tor could not use the directory. */
  async fault(torUid: number): Promise<ErrorData | null> {
    const fault = await serviceFault(this.#directory, [SECRET_FILE], torUid);
    const unfit = (reason: string): ErrorData =>
      errorData('tor.coordination-files', this.#directory, { reason });
    if (fault?.kind === 'file') return unfit(fault.reason);
    if (fault !== null) return fault.error;
    const names = (await authorizedClientNames(this.#directory)) ?? [];
    return names.length === 0 ? unfit('it has no authorized client, so everybody could reach it') : null;
  }

  async #prepare(): Promise<CoordinationPlan> {
    const wanted = this.#wanted;
    if (wanted === undefined) return { kind: 'unknown' };
    const clients = wanted?.clients ?? [];
    if (wanted === null || usableClients(clients).length === 0 || this.#identity === null) {
      await this.#lock();
      await this.#include([]);
      return { kind: 'absent', directory: this.#directory };
    }
    const service = coordinationOnionService(this.#directory, wanted);
    const decoys = this.#decoy === null ? [] : [this.#decoy];
    await this.#writeFiles(this.#identity, usableClients([...decoys, ...clients]));
    await this.#include(serviceConf(service).map(torrcLine));
    return { kind: 'served', service, unread: this.#unread };
  }

  async #writeFiles({ files }: Identity, clients: readonly AuthorizedClient[]): Promise<void> {
    const owner = await makeServiceDirectory(this.#directory);
    const list = [
      [SECRET_FILE, files.hs_ed25519_secret_key],
      ['hs_ed25519_public_key', files.hs_ed25519_public_key],
      ['hostname', files.hostname],
    ] as const;
    await writeDiffering(this.#directory, list, owner);
    if (await syncAuthorizedClients(this.#directory, clients, owner)) this.#unread++;
  }

  /** Leaves one client whose secret nobody has: as long as Tor still serves it, nobody gets in. */
  async #lock(): Promise<void> {
    const names = await authorizedClientNames(this.#directory);
    if (names === null || (names.length === 1 && names[0] === NOBODY)) return;
    const owner = await makeServiceDirectory(this.#directory);
    await syncAuthorizedClients(this.#directory, [this.#nobody()], owner);
    this.#unread++;
  }

  #nobody(): AuthorizedClient {
    const secret = this.#context.random.bytes(KEY_BYTES) as Curve25519SecretKey;
    return { name: NOBODY, publicKey: curve25519PublicKey(secret) };
  }

  /** What torrc says, also after a reload or a restart of Tor without us. */
  async #include(lines: readonly string[]): Promise<void> {
    if (!this.#managed) return;
    const text = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    const found = await readIfThere(this.#included);
    if (found === null || Buffer.compare(found, text) !== 0)
      await writePrivateFile(this.#included, text, null);
  }

  #tell(state: CoordinationState['state']): void {
    this.#state = state;
    this.#context.publish('tor.coordination', { address: this.address, state });
  }
}
