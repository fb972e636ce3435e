import { isDeepStrictEqual } from 'node:util';
import type { ActorContext, ActorDefinition, RunningActor } from '@rustbalance/actors/kernel/actor.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { makeLogger } from '@rustbalance/actors/kernel/logging.js';
import type { LogRecord } from '@rustbalance/actors/kernel/logging.js';
import type { Answer, Payload } from '@rustbalance/actors/kernel/messages.js';
import type { Random } from '@rustbalance/actors/kernel/random.js';
import type { TransportName } from '@rustbalance/actors/wg/messages.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { nodeSecrets } from './cluster-config.js';
import type { NodeSpec } from './cluster-config.js';
import type { EventQueue } from './event-queue.js';

type Role = Payload<'election.role'>;
type Election = RunningActor<'election'>;

/** 14 November 2023: any moment after which nothing in the tests expires. */
export const WALL_START_MS = 1_700_000_000_000;
/** The transports of a node, the preferred one first. */
const transportsOf = ({ coordination: { mode }, resilience }: Config): readonly TransportName[] =>
  mode === 'wireguard' && resilience.tor_fallback_enabled ? ['wireguard', 'tor'] : [mode];

/** What a socket holds for a process that does not read. */
const SOCKET_BUFFER = 256;

/** One node: its ElectionActor, its clock, and what its other actors would tell. */
export class SimulatedNode {
  readonly spec: NodeSpec;
  readonly logs: LogRecord[] = [];
  /** Wall clock minus simulated time beyond the common start, ms. */
  skewMs = 0;
  role: Role | null = null;
  peers: Payload<'election.peers'>['peers'] = [];
  members: Payload<'election.members'>['members'] = [];
  points: Payload<'election.introduction-points'>['nodes'] = [];
  counters: Payload<'election.counters'>['counters'] = [];
  drainState: Payload<'election.drain-state'> | null = null;
  /** Rendezvous circuits of its clients; while it empties each ends after a simulated second. */
  rendezvous: readonly string[] = [];
  /** What the actor had closed. */
  readonly closed: string[] = [];
  /** Its next start is that of the actor alone, in a daemon that lives on. */
  daemonLives = false;
  torUp = true;
  ownPoints: readonly IntroductionPoint[] = [];
  ownCounters: Payload<'publisher.counters'>['counters'] = [];
  /** The newest of its health actor; null: it has none, or that said nothing yet. */
  health: Payload<'health.status'> | null = null;
  starts = 0;
  /** Is told every fact of the actor, as the other actors would be. */
  onFact: (name: string, payload: unknown) => void = () => undefined;

  readonly #queue: EventQueue;
  readonly #random: Random;
  readonly #config: Config;
  readonly #definition: ActorDefinition<'election'>;
  readonly #send: (to: string, bytes: Uint8Array, transport: TransportName) => void;
  readonly #transports: readonly TransportName[];
  /** Transports of its own that are down. */
  readonly #down = new Set<TransportName>();
  #running: Election | null = null;
  #incarnation = 0;
  #pausedUntilMs = 0;
  #waiting = 0;

  constructor(
    spec: NodeSpec,
    config: Config,
    definition: ActorDefinition<'election'>,
    queue: EventQueue,
    random: Random,
    send: (to: string, bytes: Uint8Array, transport: TransportName) => void,
  ) {
    this.spec = spec;
    this.#config = config;
    this.#definition = definition;
    this.#queue = queue;
    this.#random = random;
    this.#send = send;
    this.#transports = transportsOf(config);
  }

  get config(): Config {
    return this.#config;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Starts the actor, or a restarted one after kill(): the other actors' facts are given to it as the router would. */
  async start(): Promise<void> {
    this.starts++;
    const incarnation = ++this.#incarnation;
    const running = await this.#definition.start(this.#context(incarnation));
    if (incarnation !== this.#incarnation) return;
    this.#running = running;
    this.tellTor(this.torUp);
    this.tellPoints(this.ownPoints);
    if (this.ownCounters.length > 0) this.tellCounters(this.ownCounters);
    if (this.health !== null) this.tellHealth(this.health);
    this.#tellTransports();
  }

  /** A transport of this node breaks, or works again. */
  setTransport(transport: TransportName, state: 'up' | 'down'): void {
    if (state === 'up') this.#down.delete(transport);
    else this.#down.add(transport);
    this.#tellTransports();
  }

  #tellTransports(): void {
    this.#running?.handlers['wg.status']?.({
      transports: this.#transports.map((transport) => ({
        transport,
        state: this.#down.has(transport) ? 'down' : 'up',
        local: null,
        sent: 0,
        received: 0,
        dropped: 0,
        lastError: null,
      })),
    });
  }

  /** SIGKILL: nothing more is done or said. */
  kill(): void {
    this.#incarnation++;
    this.#running = null;
  }

  /** The actor died, and its supervisor starts it again. */
  async restart(): Promise<void> {
    this.kill();
    await this.start();
  }

  /** SIGTERM: the actor says goodbye; the promise settles while the simulation runs on. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    await running.stop(1000, 'shutdown');
    this.kill();
  }

  /** The whole node stands still: its timers run late, and its socket fills. */
  pause(forMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#queue.nowMs + forMs);
  }

  get isPaused(): boolean {
    return this.#queue.nowMs < this.#pausedUntilMs;
  }

  receive(bytes: Uint8Array, transport: TransportName = 'direct'): void {
    if (this.#running === null) return;
    if (this.isPaused) {
      if (this.#waiting >= SOCKET_BUFFER) return;
      this.#waiting++;
      this.#queue.schedule(this.#pausedUntilMs, () => {
        this.#waiting--;
        this.receive(bytes, transport);
      });
      return;
    }
    this.#running?.handlers['wg.datagram']?.({
      transport,
      bytes,
      atMonotonicMs: this.#queue.nowMs,
    });
  }

  tellTor(up: boolean): void {
    this.torUp = up;
    this.#running?.handlers['tor.status']?.({
      state: up ? 'up' : 'down',
      version: null,
      bootstrap: up ? 100 : 0,
      instanceAddress: null,
      socks: null,
      deaths: 0,
      lastError: null,
      trouble: null,
      redundancy: null,
    });
  }

  tellPoints(points: readonly IntroductionPoint[]): void {
    this.ownPoints = points;
    this.#running?.handlers['tor.introduction-points']?.({
      points,
      timePeriod: null,
      create2Formats: [2],
      flowControl: '1-2 31',
      causedAtMs: this.#queue.nowMs,
    });
  }

  tellCounters(counters: Payload<'publisher.counters'>['counters']): void {
    this.ownCounters = counters;
    this.#running?.handlers['publisher.counters']?.({ counters });
  }

  tellPublisher(state: Payload<'publisher.status'>['state']): void {
    this.#running?.handlers['publisher.status']?.({
      state,
      reason: null,
      descriptors: [],
      lastPublishMs: null,
      lastLatencyMs: null,
    });
  }

  tellHealth(health: Payload<'health.status'>): void {
    this.health = health;
    this.#running?.handlers['health.status']?.(health);
  }

  /** As if its health actor found that it is fit to publish, or is not. */
  tellFitness(fit: boolean): void {
    this.tellHealth({
      target: { healthy: true, checkedAtMs: null, failures: 0 },
      targets: [],
      canary: null,
      clockSane: true,
      fit,
      timeVouched: true,
      findings: [],
    });
  }

  tellRival(payload: Payload<'publisher.rival'>): void {
    this.#running?.handlers['publisher.rival']?.(payload);
  }

  tellCarried(carried: Payload<'publisher.carried'>): void {
    this.#running?.handlers['publisher.carried']?.(carried);
  }

  /** What TorActor says of its circuits for the phase it was told. */
  tellDeparture(): void {
    const { phase, version } = this.drainState ?? { phase: 'no', version: 0 };
    const isClosing = phase === 'emptying' || phase === 'drained';
    this.#running?.handlers['tor.departure']?.({
      version: isClosing ? version : 0,
      introduction: 0,
      rendezvous: isClosing ? this.rendezvous : [],
      namesCircuits: isClosing,
    });
  }

  /** `rustbalance drain` or `undrain`. */
  async drain(on = true, timeoutMs = 600_000): Promise<Answer<'election.drain'> | undefined> {
    return this.#running?.handlers['election.drain']({ on, timeoutMs });
  }

  order(reason: string): void {
    this.#running?.handlers['election.step-down']?.({ reason });
  }

  /** Repairs, as the health actor orders them. */
  reset(): void {
    this.#running?.handlers['election.reset']?.({ reason: 'a test' });
  }

  reconnect(id: NodeSpec['id']): void {
    this.#running?.handlers['election.reconnect-peer']?.({ id });
  }

  /** Asks this node to remove a member. */
  async remove(id: NodeSpec['id']): Promise<boolean> {
    const answer = await this.#running?.handlers['election.remove-member']({ id });
    return answer?.removed ?? false;
  }

  inspect(): Readonly<Record<string, unknown>> {
    return this.#running?.inspect().context ?? {};
  }

  state(): string {
    return this.#running?.inspect().state ?? 'stopped';
  }

  #clock(incarnation: number): Clock {
    return {
      wallMs: () => WALL_START_MS + this.#queue.nowMs + this.skewMs,
      monotonicMs: () => this.#queue.nowMs,
      after: (delayMs, fire) => {
        const run = (): void => {
          if (incarnation !== this.#incarnation) return;
          if (this.isPaused) event = this.#queue.schedule(this.#pausedUntilMs, run);
          else fire();
        };
        let event = this.#queue.schedule(this.#queue.nowMs + Math.max(0, delayMs), run);
        return () => {
          event.cancelled = true;
        };
      },
    };
  }

  #context(incarnation: number): ActorContext<'election'> {
    const clock = this.#clock(incarnation);
    const publish = (name: string, payload: unknown): void => {
      this.onFact(name, payload);
      if (name === 'election.role' && !isDeepStrictEqual(this.role, payload)) this.role = payload as Role;
      else if (name === 'election.peers') this.peers = (payload as Payload<'election.peers'>).peers;
      else if (name === 'election.members') {
        this.members = (payload as Payload<'election.members'>).members;
      } else if (name === 'election.introduction-points') {
        this.points = (payload as Payload<'election.introduction-points'>).nodes;
      } else if (name === 'election.drain-state') {
        if (isDeepStrictEqual(this.drainState, payload)) return;
        this.drainState = payload as Payload<'election.drain-state'>;
        this.#queue.schedule(this.#queue.nowMs + 1, () => {
          this.tellDeparture();
        });
      } else if (name === 'election.counters') {
        this.counters = (payload as Payload<'election.counters'>).counters;
      }
    };
    return {
      name: 'election',
      generation: this.starts,
      config: this.#config,
      secrets: nodeSecrets(this.spec),
      clock,
      random: this.#random,
      log: makeLogger(
        'election',
        () => clock.wallMs(),
        (record) => {
          this.logs.push(record);
        },
      ),
      publish,
      signal: () => undefined,
      order: (name, payload) => {
        if (name === 'tor.close-circuits')
          this.closed.push(...(payload as Payload<'tor.close-circuits'>).circuits);
        if (name !== 'wg.send') return;
        const { to, bytes, via } = payload as Payload<'wg.send'>;
        // As WgActor chooses: the one that is named, or the first that is up.
        const transport = this.#transports.find(
          (name) => !this.#down.has(name) && (via === null || via === name),
        );
        if (transport !== undefined) this.#send(to, bytes, transport);
      },
      request: (name) => {
        if (name !== 'supervisor.drain-under-way') return Promise.reject(new Error(`nobody answers ${name}`));
        const { phase = 'no', untilMs = 0 } = this.drainState ?? {};
        return Promise.resolve({ untilMs: this.daemonLives && phase !== 'no' ? untilMs : null } as never);
      },
      crypto: () => Promise.reject(new Error('the election computes nothing in the pool')),
    };
  }
}
