import { createActor, type Actor } from 'xstate';
import type { ActorContext, RunningActor } from '../kernel/actor.js';
import { torControlPort, torSocksPort } from '../kernel/config/tor-ports.js';
import { errorData, rbError, type ErrorData } from '../kernel/errors.js';
import { startLevelTrigger, type LevelTrigger } from '../kernel/level-trigger.js';
import { streamAddressText } from '../kernel/stream-address.js';
import { authenticateWith, byDeadline, reachControlPort, type ControlAccess } from './control-access.js';
import type { ControlConnection } from './control/connection.js';
import type { Coordination } from './coordination-service.js';
import type { Instance } from './instance-files.js';
import { systemProcesses } from './leftover-tor.js';
import { lifeMachine, type LifeEffects, type LifeEvent } from './life-machine.js';
import { machineClock } from './machine-clock.js';
import { managedProcess } from './managed-process.js';
import type { TorTrouble } from './messages.js';
import { instanceFaults, restoreInstance } from './restore-instance.js';
import { TorSession, type SessionListener, type SessionStart } from './session.js';
import { lifeState, torStatus, type LifeState } from './status-view.js';
import { systemUnit, type SystemUnit } from './system-unit.js';
import type { TorProcess } from './tor-process.js';
import { endTor } from './tor-ending.js';
import { endByPid } from './tor-signal.js';
import { Transfers } from './transfers.js';
import { TroubleLog } from './trouble-log.js';
import { beginWorkers, endWorkers, stepWorkers, workersView } from './worker-group.js';
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
  readonly #troubleLog: TroubleLog;
  readonly #transfers: Transfers;
  readonly #unit: SystemUnit | null;
  #session: { readonly tor: TorSession; readonly start: SessionStart } | null = null;
  #version: string | null = null;
  /** Of the Tor that was connected to last. */
  #torPid: number | null = null;
  #bootstrap = 0;
  /** It has not answered for seconds. */
  #doubted = false;
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
    this.#troubleLog = new TroubleLog(context.log);
    this.#transfers = new Transfers(context, () => this.#sessionUp());
    this.#unit = !this.#managed && config.tor.restart_service ? systemUnit(context) : null;
    this.#trigger = startLevelTrigger(clock, (nowMs) => this.#step(nowMs));
    this.#workers = makeWorkers({
      context,
      instance,
      coordination,
      session: () => this.#session,
      serviceFound: (fault) => {
        this.#send(fault === null ? { type: 'SERVICE_FOUND' } : { type: 'SERVICE_MISSING', error: fault });
      },
      stuck: (error) => {
        this.#send({ type: 'STUCK', error });
      },
      stallChanged: () => {
        this.#report();
      },
      poke: () => {
        this.#trigger.poke();
      },
    });
    this.#machine = createActor(lifeMachine, {
      input: {
        managed: this.#managed,
        restartsUnit: this.#unit !== null,
        effects: this.#lifeEffects(),
      },
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
          this.#restart(reason);
        },
        'tor.instance-faults': async () => ({
          files: await instanceFaults(this.#context, this.#instance),
        }),
        'tor.restore-files': () => {
          void restoreInstance(this.#context, this.#instance);
        },
        'election.drain-state': (drain) => {
          this.#workers.departure.follow(drain);
        },
        'tor.close-circuits': ({ circuits }) => {
          this.#workers.departure.close(circuits);
        },
        'tor.upload': (order) => this.#transfers.upload(order),
        'tor.fetch': (order) => this.#transfers.fetch(order),
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
      endTor: (why) =>
        endTor(this.#context.log, this.#process, this.#unit, (isHung) => this.#signal(isHung), why),
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
    this.#torPid = start.torPid;
    this.#workers.renewal.reset();
    log.info('connected to Tor', { version: start.version });
    beginWorkers(this.#workers, this.#coordination, start, clock.monotonicMs());
    this.#trigger.poke();
  }

  #listener(): SessionListener {
    const { clock, log } = this.#context;
    return {
      circuit: (event) => {
        this.#workers.points.circuitEvent(event);
        this.#workers.departure.circuitEvent(event);
        if (event.type === 'CIRC') this.#workers.stall.circuit(event.status, clock.monotonicMs());
      },
      descriptor: (event) => {
        this.#workers.points.descriptorEvent(event);
        this.#coordination.descriptorEvent(event);
        this.#trigger.poke();
      },
      uploadAnswer: (event) => {
        this.#transfers.answered(event);
      },
      consensus: () => {
        this.#workers.network.consensusArrived();
      },
      configuration: () => {
        this.#workers.guard.look();
        this.#workers.departure.look();
        this.#workers.authorizations.again();
      },
      bootstrap: ({ progress, summary, warning }) => {
        if (progress !== this.#bootstrap) log.debug('bootstrap', { progress, summary });
        this.#troubleLog.warning(warning);
        this.#bootstrap = progress;
        this.#workers.stall.bootstrap(progress, clock.monotonicMs());
        if (progress === 100) this.#send({ type: 'BOOTSTRAPPED' });
        this.#report();
      },
      clockSkew: (seconds) => {
        log.warn('Tor says that the clock of this machine is wrong or jumped', { seconds });
      },
      doubted: (isDoubted) => {
        this.#doubt(isDoubted);
      },
      lost: (error) => {
        this.#lostAtMs ??= this.#context.clock.wallMs();
        if (error.code === 'control.deadline') this.#workers.points.gone(this.#lostAtMs);
        this.#send({ type: 'LOST', error: error.data });
      },
    };
  }

  /** A Tor that hangs takes introductions and never answers: its points go out before it is ended. */
  #doubt(isDoubted: boolean): void {
    this.#doubted = isDoubted;
    if (isDoubted) {
      this.#context.log.warn('tor has not answered for seconds: this node is left out meanwhile');
      this.#workers.points.withhold('silence');
    } else {
      this.#context.log.info('tor answers again');
      this.#workers.points.release('silence');
    }
    this.#report();
  }

  #dropSession(reason: string): void {
    const session = this.#session;
    this.#session = null;
    this.#bootstrap = 0;
    this.#doubted = false;
    endWorkers(this.#workers, this.#coordination);
    session?.tor.close(reason);
  }

  #step(nowMs: number): number | null {
    const session = this.#session;
    if (session === null) return null;
    return stepWorkers(this.#workers, this.#coordination, session.tor, nowMs, this.#mayRenew);
  }

  get #mayRenew(): boolean {
    // Setting it up anew closes the circuits of its clients, and while it drains its points go one by one.
    if (this.#trouble !== null || this.#workers.departure.isUnderWay) return false;
    return this.#life() === 'online.up' && (this.#managed || this.#context.config.tor.configure_service);
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
        this.#troubleLog.over();
      }
      const { lastError, recentDeaths } = this.#machine.getSnapshot().context;
      if (state === 'backoff' && lastError !== null) {
        this.#troubleLog.down(lastError, recentDeaths, this.#context.clock.monotonicMs());
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
        trouble: this.#trouble,
      }),
    );
  }

  #inspection(): Readonly<Record<string, unknown>> {
    const { deaths, lastError, attempts } = this.#machine.getSnapshot().context;
    return {
      mode: this.#context.config.tor.mode,
      pid: this.#process?.pid ?? null,
      adopted: this.#process?.isAdopted ?? false,
      version: this.#version,
      bootstrap: this.#bootstrap,
      deaths,
      attempts,
      ...workersView(this.#workers),
      trouble: this.#trouble,
      lastError: lastError?.what ?? null,
    };
  }

  get #trouble(): TorTrouble | null {
    return this.#doubted ? 'unanswered' : this.#workers.stall.stall;
  }

  async #signal(isHung: boolean): Promise<boolean> {
    return this.#torPid !== null && endByPid(this.#torPid, isHung, systemProcesses, this.#context.clock);
  }

  /** A repair. One that is being replaced already is left to that; one that we may not end is connected to anew. */
  #restart(reason: string): void {
    const error = errorData('tor.restart-ordered', 'tor', { reason: reason.slice(0, 200) });
    this.#context.log.warn('tor is restarted as a repair', {}, error);
    this.#send({ type: this.#managed || this.#unit !== null ? 'STUCK' : 'LOST', error });
  }

  #sessionUp(): TorSession {
    const state = this.#life();
    if (this.#session === null || state !== 'online.up') throw rbError('tor.not-up', 'tor', { state });
    return this.#session.tor;
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
