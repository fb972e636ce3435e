import { createActor, type Actor } from 'xstate';
import { pause } from '../kernel/clock.js';
import type { Inspection } from '../kernel/envelope.js';
import { errorData, rbError, type ErrorData, type RbError } from '../kernel/errors.js';
import type { ChildState } from '../kernel/host-messages.js';
import { startLevelTrigger, type LevelTrigger } from '../kernel/level-trigger.js';
import { streamAddressText } from '../kernel/stream-address.js';
import { byDeadline, reachControlPort, type ControlAccess } from './control-access.js';
import type { BootstrapPhase } from './control/status-event.js';
import { systemProcesses } from './leftover-tor.js';
import type { LifeEffects, LifeEvent } from './life.js';
import { lifeMachine } from './life-machine.js';
import { machineClock } from './machine-clock.js';
import { managedProcess } from './managed-process.js';
import type { TorStatus, TorTrouble } from './messages.js';
import { refusesUs } from './restart-policy.js';
import type { TorSession } from './session.js';
import { lifeState, torStatus, type LifeState } from './status-view.js';
import { systemUnit, type SystemUnit } from './system-unit.js';
import { endTor } from './tor-ending.js';
import { TorLink } from './tor-link.js';
import type { TorProcess } from './tor-process.js';
import type { TorSetting } from './tor-setting.js';
import { endByPid } from './tor-signal.js';
import { TroubleLog } from './trouble-log.js';
import { workersView } from './worker-group.js';
import { makeWorkers, type Workers } from './workers.js';

/** A stop must not wait for a Tor that hangs; whoever ends the process group ends it, too. */
const STOP_PATIENCE_MS = 3_000;

/** One Tor of this node: its life, the connection to it, and what follows from it for the other actors. */
export class Tor {
  readonly workers: Workers;
  readonly #setting: TorSetting;
  readonly #access: ControlAccess;
  readonly #process: TorProcess | null;
  readonly #link: TorLink;
  readonly #machine: Actor<typeof lifeMachine>;
  readonly #trigger: LevelTrigger;
  readonly #troubleLog: TroubleLog;
  readonly #unit: SystemUnit | null;
  /** Wall clock of the first sign that the connection or Tor ended. */
  #lostAtMs: number | null = null;
  #lastState: LifeState = 'idle';

  constructor(setting: TorSetting) {
    this.#setting = setting;
    const { context, place, instance, news } = setting;
    const { clock, random, secrets } = context;
    // The password is that of a system Tor; one of ours has a cookie.
    const password = place.name === 'first' ? secrets.controlPassword : null;
    this.#access = { endpoint: place.controlPort, clock, random, password };
    this.#process = place.managed
      ? managedProcess(context, place, instance, this.#access, (error) => {
          this.#exited(error);
        })
      : null;
    this.#troubleLog = new TroubleLog(context.log);
    this.#unit = place.mayRestartUnit ? systemUnit(context) : null;
    this.#trigger = startLevelTrigger(clock, (nowMs) => this.#link.step(nowMs, this.#mayRenew));
    this.#link = this.#makeLink();
    this.workers = makeWorkers({
      ...setting,
      session: () => this.#link.session,
      serviceFound: (fault) => {
        this.#send(fault === null ? { type: 'SERVICE_FOUND' } : { type: 'SERVICE_MISSING', error: fault });
      },
      stuck: (error) => {
        this.#send({ type: 'STUCK', error });
      },
      stallChanged: () => {
        news.changed();
      },
      poke: () => {
        this.#trigger.poke();
      },
    });
    this.#machine = createActor(lifeMachine, {
      input: {
        managed: place.managed,
        restartsUnit: this.#unit !== null,
        effects: this.#lifeEffects(),
      },
      clock: machineClock(clock),
    });
  }

  run(): void {
    this.#machine.subscribe(() => {
      this.#stateChanged();
    });
    this.#machine.start();
    this.#trigger.poke();
  }

  get isAlive(): boolean {
    return this.#machine.getSnapshot().status === 'active';
  }

  get status(): TorStatus {
    const { deaths, lastError } = this.#machine.getSnapshot().context;
    const { instance, place } = this.#setting;
    return torStatus({
      life: this.#life(),
      version: this.#link.version,
      bootstrap: this.#link.bootstrap,
      instanceAddress: instance.address,
      socks: streamAddressText(place.socksPort),
      deaths,
      lastError,
      trouble: this.#trouble,
    });
  }

  /** The session in use. Throws RbError tor.not-up while there is none. */
  get session(): TorSession {
    const { session } = this.#link;
    const state = this.#life();
    if (session === null || state !== 'online.up') throw rbError('tor.not-up', 'tor', { state });
    return session.tor;
  }

  /** What the process host says of its children. */
  childrenTold(children: readonly ChildState[]): void {
    this.#process?.children(children);
  }

  #lifeEffects(): LifeEffects {
    const { coordination, context } = this.#setting;
    const { clock, log } = context;
    return {
      monotonicMs: () => clock.monotonicMs(),
      launch: async () => {
        await coordination.beforeLaunch();
        const isNew = (await this.#process?.launch()) === true;
        // Whatever was published before, by an actor before this one, belongs to a Tor that is no more.
        if (isNew) this.workers.points.startedAnew();
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
        byDeadline(connection, clock, deadlineMs, async () => {
          if (await this.#link.open(connection, signal)) this.#lostAtMs = null;
        }),
      endTor: (why) => endTor(log, this.#process, this.#unit, (isHung) => this.#signal(isHung), why),
      dropSession: () => {
        this.#link.drop('the session is over');
      },
      torGone: () => {
        this.workers.points.gone(this.#lostAtMs ?? clock.wallMs());
        this.#lostAtMs = null;
      },
    };
  }

  #makeLink(): TorLink {
    const { context, coordination, news } = this.#setting;
    return new TorLink({
      access: this.#access,
      clock: context.clock,
      log: context.log,
      coordination,
      workers: () => this.workers,
      uploadAnswer: (event) => {
        news.uploadAnswer(event);
      },
      bootstrap: (phase) => {
        this.#bootstrapTold(phase);
      },
      lost: (error) => {
        this.#lost(error);
      },
      changed: () => {
        news.changed();
      },
      poke: () => {
        this.#trigger.poke();
      },
    });
  }

  #bootstrapTold({ progress, warning }: BootstrapPhase): void {
    this.#troubleLog.warning(warning);
    this.workers.stall.bootstrap(progress, this.#setting.context.clock.monotonicMs());
    if (progress === 100) this.#send({ type: 'BOOTSTRAPPED' });
    this.#setting.news.changed();
  }

  #lost(error: RbError): void {
    this.#lostAtMs ??= this.#setting.context.clock.wallMs();
    if (error.code === 'control.deadline') this.workers.points.gone(this.#lostAtMs);
    this.#send({ type: 'LOST', error: error.data });
  }

  get #mayRenew(): boolean {
    // Setting it up anew closes the circuits of its clients, and while it drains its points go one by one.
    if (this.#trouble !== null || this.workers.departure.isUnderWay) return false;
    return this.#life() === 'online.up' && this.#setting.place.maySet;
  }

  #exited(error: ErrorData): void {
    const { clock, log } = this.#setting.context;
    this.#lostAtMs ??= clock.wallMs();
    log.warn('tor ended', {}, error);
    this.#send({ type: 'EXITED', error });
  }

  #send(event: LifeEvent): void {
    if (this.isAlive) this.#machine.send(event);
  }

  #life(): LifeState {
    return lifeState(this.#machine.getSnapshot().value);
  }

  #stateChanged(): void {
    const state = this.#life();
    const { clock, log } = this.#setting.context;
    if (state !== this.#lastState) {
      log.debug('tor', { from: this.#lastState, to: state });
      if (state === 'online.up') {
        log.info('Tor is up', { version: this.#link.version });
        this.#troubleLog.over();
      }
      const { lastError, recentDeaths } = this.#machine.getSnapshot().context;
      if (state === 'backoff' && lastError !== null) {
        this.#troubleLog.down(lastError, recentDeaths, clock.monotonicMs());
      }
      this.#lastState = state;
    }
    this.#setting.news.changed();
    this.#trigger.poke();
  }

  inspect(): Inspection {
    const { deaths, lastError, attempts } = this.#machine.getSnapshot().context;
    return {
      state: this.#life(),
      context: {
        mode: this.#setting.place.managed ? 'managed' : 'system',
        pid: this.#process?.pid ?? null,
        adopted: this.#process?.isAdopted ?? false,
        version: this.#link.version,
        bootstrap: this.#link.bootstrap,
        deaths,
        attempts,
        ...workersView(this.workers),
        trouble: this.#trouble,
        lastError: lastError?.what ?? null,
      },
    };
  }

  get #trouble(): TorTrouble | null {
    if (this.#link.isDoubted) return 'unanswered';
    const { lastError } = this.#machine.getSnapshot().context;
    return this.workers.stall.stall ?? (refusesUs(lastError) ? 'refused' : null);
  }

  async #signal(isHung: boolean): Promise<boolean> {
    const { torPid } = this.#link;
    return torPid !== null && endByPid(torPid, isHung, systemProcesses, this.#setting.context.clock);
  }

  /** A repair. One that is being replaced already is left to that; one that we may not end is connected to anew. */
  restart(reason: string): void {
    const error = errorData('tor.restart-ordered', 'tor', { reason: reason.slice(0, 200) });
    this.#setting.context.log.warn('tor is restarted as a repair', {}, error);
    this.#send({ type: this.#process !== null || this.#unit !== null ? 'STUCK' : 'LOST', error });
  }

  /** A child of the process host is ended by it when the daemon stops; an adopted one only we know. */
  async stop(deadlineMs: number): Promise<void> {
    this.#machine.stop();
    this.#trigger.stop();
    this.#link.drop('the daemon stops');
    if (this.#process?.isAdopted !== true) return;
    const patience = Math.min(deadlineMs, STOP_PATIENCE_MS);
    await Promise.race([
      this.#process.end().catch(() => undefined),
      pause(this.#setting.context.clock, patience),
    ]);
  }
}
