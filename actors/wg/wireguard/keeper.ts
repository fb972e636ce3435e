import type { NodeId } from '../../kernel/brands.js';
import type { CancelTimer, Clock } from '../../kernel/clock.js';
import { errorData, rbError, toErrorData } from '../../kernel/errors.js';
import type { ErrorData } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logging.js';
import type { TunnelDevice } from './device.js';
import { guardSteps, planChanges, stuckPeers } from './plan.js';
import type { FoundTunnel, PeerProgress, Step } from './plan.js';
import type { WantedTunnel } from './wanted.js';

const NOBODY: ReadonlySet<string> = new Set();

/** After a failure: doubled from the first to the check interval. */
const FIRST_RETRY_MS = 500;
/** However often sending fails, the interface is looked at this often at most: a look costs four commands. */
const BETWEEN_LOOKS_MS = 500;
/** What a keeper has done for it. */
export type KeptDevice = Pick<
  TunnelDevice,
  'adopt' | 'observe' | 'apply' | 'build' | 'removeInterface' | 'removeGuards'
>;
/** The kernel brings routes and flags by itself after a change: what is wanted is there after two rounds, or never. */
const MOST_ROUNDS = 4;

export interface KeeperEvents {
  /** The tunnel is as wanted. `fresh`: it was made or repaired, so sockets bound to it must be bound again. */
  works(fresh: boolean): void;
  broken(error: ErrorData): void;
}

export interface KeeperWorld {
  readonly device: KeptDevice;
  readonly clock: Clock;
  readonly log: Logger;
  readonly checkEveryMs: number;
  /** How many datagrams for a peer were handed to the tunnel. */
  readonly handedTo: (peer: NodeId) => number;
}

/** Looks at the tunnel interface again and again, and makes it what it must be. */
export class TunnelKeeper {
  readonly #world: KeeperWorld;
  readonly #events: KeeperEvents;
  #wanted: WantedTunnel;
  #peersKnown = false;
  #applied: ReadonlyMap<string, string | null> = new Map();
  #progress: ReadonlyMap<string, PeerProgress> = new Map();
  #cancelTimer: CancelTimer | null = null;
  #looking: Promise<void> | null = null;
  #again = false;
  #suspected = false;
  /** Between looks for a mere suspicion: doubled by each that finds nothing. */
  #suspicionGapMs = BETWEEN_LOOKS_MS;
  #closed = false;
  #failures = 0;
  #lastLookMs = -Infinity;
  #nextLookMs = Infinity;
  #rebuilds = 0;
  #implementation: 'kernel' | 'userspace' | null = null;
  /** The last look found nothing, or what we made. */
  #ours = false;
  #rebuildAsked = false;

  constructor(world: KeeperWorld, wanted: WantedTunnel, events: KeeperEvents) {
    this.#world = world;
    this.#wanted = wanted;
    this.#events = events;
  }

  get rebuilds(): number {
    return this.#rebuilds;
  }

  get implementation(): 'kernel' | 'userspace' | null {
    return this.#implementation;
  }

  /**
   * The first look, and what it finds to do; then it keeps looking.
   *
   * @throws RbError wireguard.* when the tunnel cannot be built
   */
  async start(): Promise<void> {
    try {
      await this.#world.device.adopt();
      await this.#makeRight();
    } catch (error) {
      // Whoever could not start is not asked to close either.
      await this.close().catch(() => undefined);
      throw error;
    }
    this.#lastLookMs = this.#world.clock.monotonicMs();
    this.#wait(this.#world.checkEveryMs);
  }

  /** The peers changed. */
  want(wanted: WantedTunnel): void {
    this.#wanted = wanted;
    this.#peersKnown = true;
    this.look();
  }

  /** Something is to be done, or very likely: looks soon. */
  look(): void {
    if (this.#closed) return;
    if (this.#looking !== null) this.#again = true;
    else this.#wait(this.#untilMs(BETWEEN_LOOKS_MS));
  }

  /** Something hints at trouble; the system may say so again and again for a peer that merely cannot be reached. */
  suspect(): void {
    if (this.#closed || this.#looking !== null || this.#suspected) return;
    this.#suspected = true;
    const waitMs = this.#untilMs(this.#suspicionGapMs);
    // A look that comes sooner anyway, for a change or after a failure, is not put off.
    if (this.#world.clock.monotonicMs() + waitMs < this.#nextLookMs) this.#wait(waitMs);
  }

  #untilMs(gapMs: number): number {
    return Math.max(0, this.#lastLookMs + gapMs - this.#world.clock.monotonicMs());
  }

  /** Something is wrong that looking does not find: the interface is made anew. */
  rebuild(): void {
    this.#rebuildAsked = true;
    this.look();
  }

  #wait(ms: number): void {
    this.#cancelTimer?.();
    if (this.#closed) return;
    this.#nextLookMs = this.#world.clock.monotonicMs() + ms;
    this.#cancelTimer = this.#world.clock.after(ms, () => {
      this.#cancelTimer = null;
      if (this.#looking === null) this.#looking = this.#round();
    });
  }

  async #round(): Promise<void> {
    const { checkEveryMs } = this.#world;
    let nextMs = checkEveryMs;
    this.#again = false;
    const suspected = this.#suspected;
    try {
      const fresh = await this.#makeRight();
      this.#failures = 0;
      const isVain = suspected && !fresh;
      this.#suspicionGapMs = isVain ? Math.min(this.#suspicionGapMs * 2, checkEveryMs) : BETWEEN_LOOKS_MS;
      if (!this.#closed) this.#events.works(fresh);
    } catch (error) {
      const data = toErrorData(error, 'wireguard');
      if (this.#failures === 0) this.#world.log.warn(data.what, {}, data);
      nextMs = Math.min(nextMs, FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 16));
      this.#failures++;
      if (!this.#closed) this.#events.broken(data);
    }
    this.#lastLookMs = this.#world.clock.monotonicMs();
    this.#looking = null;
    this.#suspected = false;
    this.#wait(this.#again ? Math.min(nextMs, BETWEEN_LOOKS_MS) : nextMs);
  }

  /** Looks and changes until nothing is left to change; true when addresses or the interface itself were made anew. */
  async #makeRight(): Promise<boolean> {
    const { device, clock } = this.#world;
    let fresh = false;
    let triedTable = false;
    if (this.#rebuildAsked && this.#ours) {
      this.#rebuildAsked = false;
      await device.removeInterface(this.#wanted.interfaceName);
    }
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const wanted = this.#wanted;
      const found = await device.observe(wanted);
      if (this.#closed) return fresh;
      // Setting a stuck peer's endpoint once a look is enough: the next look tells whether it helped.
      const stuck = round === 0 ? this.#stuck(wanted, found) : NOBODY;
      const memory = { applied: this.#applied, stuck, peersKnown: this.#peersKnown };
      const plan = planChanges(wanted, found, memory, clock.wallMs() / 1000);
      this.#ours = plan.kind !== 'foreign';
      if (plan.kind === 'foreign') {
        const detail = { interface: wanted.interfaceName, evidence: plan.evidence };
        throw rbError('wireguard.foreign-interface', 'wireguard.interface', detail);
      }
      // A table that cannot be set was complained of; the tunnel works without, since every datagram is sealed.
      const isLeft = (step: Step): boolean => step.kind !== 'guard-table' || !triedTable;
      const steps = (plan.kind === 'build' ? guardSteps(found) : plan.steps).filter(isLeft);
      if (plan.kind === 'change' && steps.length === 0) return fresh;
      for (const step of steps) {
        await device.apply(step, wanted);
        if (step.kind === 'set-up' || step.kind === 'add-address') fresh = true;
        if (step.kind === 'guard-table') triedTable = true;
      }
      if (plan.kind === 'build') {
        await this.#build(wanted, plan.problem);
        fresh = true;
      } else this.#applied = new Map([...wanted.peers].map(([key, { endpoint }]) => [key, endpoint]));
    }
    throw rbError('wireguard.command-failed', 'wireguard', {
      command: 'setting up the interface',
      reason: 'something undoes what is set',
    });
  }

  #stuck({ peers }: WantedTunnel, { device }: FoundTunnel): ReadonlySet<string> {
    if (typeof device === 'string') return NOBODY;
    const now = new Map(
      device.peers.flatMap(({ publicKey, sentBytes }) => {
        const peer = peers.get(publicKey);
        return peer === undefined
          ? []
          : [[publicKey, { sentBytes, handed: this.#world.handedTo(peer.id) }] as const];
      }),
    );
    const stuck = stuckPeers(this.#progress, now);
    this.#progress = now;
    return stuck;
  }

  async #build(wanted: WantedTunnel, problem: 'missing' | 'hung' | 'unreadable'): Promise<void> {
    if (this.#implementation !== null) {
      this.#rebuilds++;
      const data = errorData('wireguard.rebuilt', 'wireguard', { problem });
      this.#world.log.warn(data.what, {}, data);
    }
    this.#applied = new Map();
    this.#implementation = await this.#world.device.build(wanted);
  }

  /** Stops looking, and leaves everything to whoever looks next. */
  async letGo(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#looking;
  }

  /** Stops looking and takes everything down that is ours. */
  async close(): Promise<void> {
    if (this.#closed) return;
    await this.letGo();
    const { device } = this.#world;
    if (this.#ours) await device.removeInterface(this.#wanted.interfaceName);
    if (this.#ours || this.#implementation !== null) await device.removeGuards(this.#wanted);
  }
}
