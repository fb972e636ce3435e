import { createActor, type Actor } from 'xstate';
import type { ActorContext, RunningActor } from '../kernel/actor.js';
import { torControlPort, torSocksPort } from '../kernel/config/tor-ports.js';
import { errorData, rbError, toErrorData, type ErrorData } from '../kernel/errors.js';
import { earlier, startLevelTrigger, type LevelTrigger } from '../kernel/level-trigger.js';
import { streamAddressText } from '../kernel/stream-address.js';
import { authenticateWith, byDeadline, reachControlPort, type ControlAccess } from './control-access.js';
import type { ControlConnection } from './control/connection.js';
import type { HsDescEvent } from './control/hs-desc-event.js';
import type { Coordination } from './coordination-service.js';
import type { Instance } from './instance-files.js';
import { lifeMachine, type LifeEffects, type LifeEvent } from './life-machine.js';
import { machineClock } from './machine-clock.js';
import { managedProcess } from './managed-process.js';
import type { FetchOrder, UploadOrder } from './messages.js';
import { restoreInstance } from './restore-instance.js';
import { NO_RENEWAL, renewalVerdict, WANTED_POINTS, type RenewalState } from './service-renewal.js';
import { TorSession, type SessionListener, type SessionStart } from './session.js';
import { lifeState, torStatus, type LifeState } from './status-view.js';
import type { TorProcess } from './tor-process.js';
import { TroubleLog } from './trouble-log.js';
import { makeWorkers, type Workers } from './workers.js';

/** A stop must not wait for a Tor that hangs; whoever ends the process group ends it, too. */
const STOP_PATIENCE_MS = 3_000;

/** This node's Tor: its life, the connection to it, and what follows from it for the other actors. */
export class Tor {
  readonly #context: ActorContext<'tor'>;
  readonly #instance: Instance;
  readonly #coordination: Coordination;
  readonly #access: ControlAccess;
  readonly #managed: boolean;
  readonly #process: TorProcess | null;
  readonly #workers: Workers;
  readonly #machine: Actor<typeof lifeMachine>;
  readonly #trigger: LevelTrigger;
  readonly #trouble: TroubleLog;
  #session: { readonly tor: TorSession; readonly start: SessionStart } | null = null;
  #version: string | null = null;
  #bootstrap = 0;
  #renewal: RenewalState = NO_RENEWAL;
  /** Wall clock of the first sign that the connection or Tor ended. */
  #lostAtMs: number | null = null;
  #lastState: LifeState = 'idle';

  constructor(context: ActorContext<'tor'>, instance: Instance, coordination: Coordination) {
    this.#context = context;
    this.#instance = instance;
    this.#coordination = coordination;
    const { config, clock, random, secrets } = context;
    this.#managed = config.tor.mode === 'managed';
    this.#access = { endpoint: torControlPort(config), clock, random, password: secrets.controlPassword };
    this.#process = this.#managed
      ? managedProcess(context, instance, this.#access, (error) => {
          this.#exited(error);
        })
      : null;
    this.#trouble = new TroubleLog(context.log);
    this.#trigger = startLevelTrigger(clock, (nowMs) => this.#step(nowMs));
    this.#workers = makeWorkers({
      context,
      instance,
      coordination,
      session: () => this.#session,
      serviceFound: (fault) => {
        this.#send(fault === null ? { type: 'SERVICE_FOUND' } : { type: 'SERVICE_MISSING', error: fault });
      },
      poke: () => {
        this.#trigger.poke();
      },
    });
    this.#machine = createActor(lifeMachine, {
      input: { managed: this.#managed, effects: this.#lifeEffects() },
      clock: machineClock(clock),
    });
  }

  run(): RunningActor<'tor'> {
    this.#machine.subscribe(() => {
      this.#stateChanged();
    });
    this.#machine.start();
    this.#trigger.poke();
    return {
      alive: () => this.#machine.getSnapshot().status === 'active',
      inspect: () => ({ state: this.#life(), context: this.#inspection() }),
      stop: (deadlineMs) => this.#stop(deadlineMs),
      handlers: {
        'host.children': ({ children }) => {
          this.#process?.children(children);
        },
        'wg.coordination': ({ service }) => {
          this.#coordination.want(service);
          this.#workers.guard.look();
        },
        'election.peers': ({ peers }) => {
          this.#workers.outage.peersTold(peers);
        },
        'tor.client-authorizations': ({ authorizations }) => {
          this.#workers.authorizations.want(authorizations);
        },
        'tor.restart': ({ reason }) => {
          void this.#restart(reason);
        },
        'tor.restore-files': () => {
          void restoreInstance(this.#context, this.#instance);
        },
        'tor.upload': (order) => this.#upload(order),
        'tor.fetch': (order) => this.#fetch(order),
      },
    };
  }

  #lifeEffects(): LifeEffects {
    const { clock } = this.#context;
    return {
      monotonicMs: () => clock.monotonicMs(),
      launch: async () => {
        await this.#coordination.beforeLaunch();
        const isNew = (await this.#process?.launch()) === true;
        // Whatever was published before, by an actor before this one, belongs to a Tor that is no more.
        if (isNew) this.#workers.points.gone(clock.wallMs());
        return isNew;
      },
      connect: (deadlineMs, signal) =>
        reachControlPort(
          this.#access,
          deadlineMs,
          async () => this.#process !== null && (await this.#process.isRunning()),
          signal,
        ),
      open: (connection, deadlineMs, signal) =>
        byDeadline(connection, clock, deadlineMs, () => this.#openSession(connection, signal)),
      endTor: async () => {
        this.#context.log.error(
          'tor does not answer and is ended',
          {},
          errorData('tor.hung', 'tor', { pid: this.#process?.pid ?? 0, seconds: 8 }),
        );
        await this.#process?.end();
      },
      dropSession: () => {
        this.#dropSession('the session is over');
      },
      torGone: () => {
        this.#workers.points.gone(this.#lostAtMs ?? clock.wallMs());
        this.#lostAtMs = null;
      },
    };
  }

  async #openSession(connection: ControlConnection, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    await authenticateWith(this.#access, connection);
    const tor = new TorSession(connection, clock, log, this.#listener());
    const start = await tor.begin();
    if (signal.aborted) {
      tor.close('it is not needed any more');
      return;
    }
    this.#session = { tor, start };
    this.#lostAtMs = null;
    this.#version = start.version;
    this.#renewal = NO_RENEWAL;
    log.info('connected to Tor', { version: start.version });
    this.#workers.points.begin(start.circuits);
    this.#workers.network.begin();
    this.#coordination.begin();
    this.#workers.guard.begin();
    this.#workers.authorizations.begin();
    this.#workers.outage.begin();
    this.#trigger.poke();
  }

  #listener(): SessionListener {
    const { log } = this.#context;
    return {
      circuit: (event) => {
        this.#workers.points.circuitEvent(event);
      },
      descriptor: (event) => {
        this.#workers.points.descriptorEvent(event);
        this.#coordination.descriptorEvent(event);
        this.#trigger.poke();
      },
      uploadAnswer: (event) => {
        this.#uploadAnswer(event);
      },
      consensus: () => {
        this.#workers.network.consensusArrived();
      },
      configuration: () => {
        this.#workers.guard.look();
        this.#workers.authorizations.again();
      },
      bootstrap: ({ progress, summary, warning }) => {
        if (progress !== this.#bootstrap) log.debug('bootstrap', { progress, summary });
        this.#trouble.warning(warning);
        this.#bootstrap = progress;
        if (progress === 100) this.#send({ type: 'BOOTSTRAPPED' });
        this.#report();
      },
      clockSkew: (seconds) => {
        log.warn('Tor says that the clock of this machine is wrong or jumped', { seconds });
      },
      lost: (error) => {
        this.#lostAtMs ??= this.#context.clock.wallMs();
        // A Tor that hangs takes introductions and never answers: its points go out before it is ended.
        if (error.code === 'control.deadline') this.#workers.points.gone(this.#lostAtMs);
        this.#send({ type: 'LOST', error: error.data });
      },
    };
  }

  #dropSession(reason: string): void {
    const session = this.#session;
    this.#session = null;
    this.#bootstrap = 0;
    this.#workers.points.end();
    this.#workers.network.end();
    this.#workers.guard.end();
    this.#workers.authorizations.end();
    this.#workers.outage.end();
    this.#coordination.end();
    session?.tor.close(reason);
  }

  #step(nowMs: number): number | null {
    const session = this.#session;
    if (session === null) return null;
    const { network, points, guard, authorizations, outage } = this.#workers;
    const wakeAtMs = [
      session.tor.step(nowMs),
      network.step(nowMs),
      this.#coordination.step(nowMs, () => {
        guard.look();
      }),
      guard.step(nowMs),
      authorizations.step(nowMs),
      points.step(nowMs),
      outage.step(nowMs),
    ].reduce(earlier, null);
    return earlier(wakeAtMs, this.#renewIfLacking(nowMs));
  }

  /** Has the service set up anew when too few of its points have lived for a while. */
  #renewIfLacking(nowMs: number): number | null {
    const { points, guard } = this.#workers;
    const maySet = this.#managed || this.#context.config.tor.configure_service;
    if (this.#life() !== 'online.up' || !maySet) {
      this.#renewal = { ...this.#renewal, lackingSinceMs: null };
      return null;
    }
    const verdict = renewalVerdict(this.#renewal, points.live, points.circuits, nowMs);
    this.#renewal = verdict.state;
    if (verdict.renew) {
      const detail = { alive: points.live, wanted: WANTED_POINTS };
      this.#context.log.warn(
        'too few introduction points',
        {},
        errorData('tor.too-few-points', 'tor', detail),
      );
      guard.renew();
    }
    return verdict.wakeAtMs;
  }

  #exited(error: ErrorData): void {
    this.#lostAtMs ??= this.#context.clock.wallMs();
    this.#context.log.warn('tor ended', {}, error);
    this.#send({ type: 'EXITED', error });
  }

  #send(event: LifeEvent): void {
    if (this.#machine.getSnapshot().status === 'active') this.#machine.send(event);
  }

  #life(): LifeState {
    return lifeState(this.#machine.getSnapshot().value);
  }

  #stateChanged(): void {
    const state = this.#life();
    if (state !== this.#lastState) {
      this.#context.log.debug('tor', { from: this.#lastState, to: state });
      if (state === 'online.up') {
        this.#context.log.info('Tor is up', { version: this.#version });
        this.#trouble.over();
      }
      const { lastError, recentDeaths } = this.#machine.getSnapshot().context;
      if (state === 'backoff' && lastError !== null) {
        this.#trouble.down(lastError, recentDeaths, this.#context.clock.monotonicMs());
      }
      this.#lastState = state;
    }
    this.#report();
    this.#trigger.poke();
  }

  #report(): void {
    const { deaths, lastError } = this.#machine.getSnapshot().context;
    this.#context.publish(
      'tor.status',
      torStatus({
        life: this.#life(),
        version: this.#version,
        bootstrap: this.#bootstrap,
        instanceAddress: this.#instance.address,
        socks: streamAddressText(torSocksPort(this.#context.config)),
        deaths,
        lastError,
      }),
    );
  }

  #inspection(): Readonly<Record<string, unknown>> {
    const { deaths, lastError, attempts } = this.#machine.getSnapshot().context;
    const view = this.#workers.network.view;
    return {
      mode: this.#context.config.tor.mode,
      pid: this.#process?.pid ?? null,
      adopted: this.#process?.isAdopted ?? false,
      version: this.#version,
      bootstrap: this.#bootstrap,
      deaths,
      attempts,
      introductionCircuits: this.#workers.points.circuits,
      introductionPoints: this.#workers.points.live,
      introductionRelays: this.#workers.points.relays,
      consensusValidAfter: view?.validAfter ?? null,
      hsDirs: view?.completeness.hsDirs ?? null,
      lastError: lastError?.what ?? null,
    };
  }

  /** A repair. What follows is the same as when Tor ended or the connection was lost by itself. */
  async #restart(reason: string): Promise<void> {
    const error = errorData('tor.restart-ordered', 'tor', { reason: reason.slice(0, 200) });
    this.#context.log.warn('tor is restarted as a repair', {}, error);
    if (this.#process === null) {
      this.#send({ type: 'LOST', error });
      return;
    }
    try {
      await this.#process.end();
    } catch (failure) {
      this.#context.log.error('tor could not be ended', {}, toErrorData(failure, 'tor'));
    }
  }

  #sessionUp(): TorSession {
    const state = this.#life();
    if (this.#session === null || state !== 'online.up') throw rbError('tor.not-up', 'tor', { state });
    return this.#session.tor;
  }

  async #upload({ address, descriptor, hsdirs }: UploadOrder): Promise<{ startedAtMs: number }> {
    const session = this.#sessionUp();
    const startedAtMs = this.#context.clock.wallMs();
    await session.upload(address, descriptor, hsdirs);
    return { startedAtMs };
  }

  async #fetch({
    address,
    hsdir,
  }: FetchOrder): Promise<{ descriptor: string | null; reason: string | null }> {
    const { descriptor, reason } = await this.#sessionUp().fetcher.fetch(address, hsdir);
    return { descriptor: descriptor === null ? null : Buffer.from(descriptor).toString('latin1'), reason };
  }

  #uploadAnswer(event: HsDescEvent): void {
    const hsdir = event.hsDir?.fingerprint ?? null;
    if (event.address === null || hsdir === null) return;
    const accepted = event.action === 'UPLOADED';
    this.#context.signal('tor.upload-answer', {
      address: event.address,
      hsdir,
      accepted,
      reason: accepted ? null : (event.reason ?? 'UNEXPECTED'),
      atMs: this.#context.clock.wallMs(),
    });
  }

  /** A child of the process host is ended by it when the daemon stops; an adopted one only we know. */
  async #stop(deadlineMs: number): Promise<void> {
    this.#machine.stop();
    this.#trigger.stop();
    this.#dropSession('the daemon stops');
    if (this.#process?.isAdopted !== true) return;
    const patience = Math.min(deadlineMs, STOP_PATIENCE_MS);
    const given = new Promise<void>((resolve) => {
      this.#context.clock.after(patience, resolve);
    });
    await Promise.race([this.#process.end().catch(() => undefined), given]);
  }
}
