import { errorData, RbError, rbError, type ErrorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import type { ConfLine } from './control/conf-line.js';
import {
  renewal,
  sameAgain,
  serviceConf,
  servicePlan,
  torrcLine,
  type OnionService,
  type WantedServices,
} from './service-lines.js';

/** What the coordination service of this node needs now. */
export type CoordinationPlan =
  /** Nobody has said yet; what Tor has stays. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent'; readonly directory: string }
  /** `unread`: how often its files changed since Tor read them; 0: it has them as they are. */
  | { readonly kind: 'served'; readonly service: OnionService; readonly unread: number }
  /** Its files cannot be made; what Tor has stays. */
  | { readonly kind: 'unfit'; readonly fault: ErrorData };

/** The coordination service beside the instance's: without it the instance is served all the same. */
export interface GuardedCoordination {
  /** Brings its files in step with what is wanted, and says what Tor shall have. */
  prepare(): Promise<CoordinationPlan>;
  /** Tor has read its files as they were at the last prepare(). */
  wasRead(): void;
  /** Called after each look: does Tor have what the plan says? */
  found(fault: ErrorData | null, isServed: boolean): void;
}

export interface ServiceGuardEffects {
  readonly log: Logger;
  readonly instance: OnionService;
  readonly coordination: GuardedCoordination;
  /** May our services be added to this Tor by SETCONF? */
  readonly maySet: boolean;
  /** GETCONF HiddenServiceOptions. */
  readServices(): Promise<readonly ConfLine[]>;
  /** Is PublishHidServDescriptors 0? */
  isPublishingOff(): Promise<boolean>;
  /** Why Tor could not use the directory of that service (and would exit on it); null when it can. */
  directoryFault(service: OnionService): Promise<ErrorData | null>;
  setConf(lines: readonly ConfLine[]): Promise<void>;
  resetConf(lines: readonly ConfLine[]): Promise<void>;
  /** Called right before Tor loads the instance's service anew: it will make new keys for all introduction points. */
  settingUp(): void;
  /** Is the instance's service in Tor? Called after each look. */
  found(fault: ErrorData | null): void;
  poke(): void;
}

/** What a look found amiss with either service. */
interface Faults {
  readonly instance: ErrorData | null;
  readonly coordination: ErrorData | null;
}

const NO_FAULTS: Faults = { instance: null, coordination: null };

/** A lost event is caught by looking now and then; GETCONF costs nothing. */
const LOOK_EVERY_MS = 60_000;
const RETRY_MS = 2_000;
const SLOW_RETRY_MS = 15_000;
const QUICK_RETRIES = 5;

/**
 * Keeps our services in a Tor's configuration: looks when the connection is made, after every change of
 * options and every reload (which forgets what SETCONF set), and now and then.
 */
export class ServiceGuard {
  readonly #effects: ServiceGuardEffects;
  #active = false;
  #busy = false;
  #session = 0;
  #dueAtMs: number | null = null;
  #failures = 0;
  readonly #told = { instance: '', coordination: '' };
  #publishingOff = false;
  #renewalWanted = false;

  constructor(effects: ServiceGuardEffects) {
    this.#effects = effects;
  }

  begin(): void {
    this.#session++;
    this.#active = true;
    this.#busy = false;
    this.#failures = 0;
    this.#renewalWanted = false;
    this.look();
  }

  end(): void {
    this.#session++;
    this.#active = false;
  }

  /** Tor's options may have changed. */
  look(): void {
    this.#dueAtMs = 0;
    this.#effects.poke();
  }

  /** Sets the service up anew, with fresh introduction points, as soon as nothing else is under way. */
  renew(): void {
    this.#renewalWanted = this.#effects.maySet;
    this.#effects.poke();
  }

  step(nowMs: number): number | null {
    if (!this.#active || this.#busy) return null;
    if (this.#renewalWanted) {
      this.#renewalWanted = false;
      this.#run(nowMs, () => this.#renew());
      return null;
    }
    if (this.#dueAtMs !== null && nowMs < this.#dueAtMs) return this.#dueAtMs;
    this.#run(nowMs, () => this.#check());
    return null;
  }

  #run(nowMs: number, work: () => Promise<Faults>): void {
    const session = this.#session;
    this.#busy = true;
    // What changes from here on is looked at again.
    this.#dueAtMs = null;
    void work()
      .catch((error: unknown) => {
        if (error instanceof RbError) return { instance: error.data, coordination: null };
        throw error;
      })
      .then((faults) => {
        if (session !== this.#session) return;
        this.#busy = false;
        const isFine = faults.instance === null && faults.coordination === null;
        this.#failures = isFine ? 0 : this.#failures + 1;
        const retry = this.#failures <= QUICK_RETRIES ? RETRY_MS : SLOW_RETRY_MS;
        this.#dueAtMs ??= nowMs + (isFine ? LOOK_EVERY_MS : retry);
        this.#tell(faults);
        this.#effects.found(faults.instance);
        this.#effects.poke();
      });
  }

  #tell({ instance, coordination }: Faults): void {
    const { log } = this.#effects;
    const isNews = (which: keyof Faults, fault: ErrorData | null): boolean => {
      const text = fault === null ? '' : `${fault.code} ${fault.what}`;
      if (text === this.#told[which]) return false;
      this.#told[which] = text;
      return fault?.code !== 'control.closed';
    };
    if (isNews('instance', instance)) {
      if (instance === null) log.info('the onion service of this node is in Tor');
      else log.error('the onion service is not in Tor', {}, instance);
    }
    if (isNews('coordination', coordination)) {
      if (coordination === null) log.info('the coordination service of this node is as it must be');
      else log.error('the coordination service of this node is not as it must be', {}, coordination);
    }
  }

  async #check(): Promise<Faults> {
    const { coordination } = this.#effects;
    await this.#checkPublishing();
    const plan = await coordination.prepare();
    const faults = await this.#bringInStep(plan);
    const fault = plan.kind === 'unfit' ? plan.fault : faults.coordination;
    coordination.found(fault, plan.kind === 'served' && fault === null && faults.instance === null);
    return { ...faults, coordination: fault };
  }

  async #bringInStep(plan: CoordinationPlan): Promise<Faults> {
    const { instance, maySet, log } = this.#effects;
    const reply = await this.#effects.readServices();
    const before = servicePlan(reply, this.#wanted(plan), maySet);
    if (before.kind === 'unreadable') return { instance: this.#unreadable(), coordination: null };
    if (before.kind === 'missing') {
      const { instance: own, coordination } = this.#missing(before.services);
      // Whoever adds or removes the lines reloads Tor, which then reads the files, too.
      return { instance: own, coordination: coordination ?? (await this.#reread(plan, reply)).coordination };
    }
    if (before.kind === 'present') return this.#reread(plan, reply);
    const fault = await this.#effects.directoryFault(instance);
    if (fault !== null) return { instance: fault, coordination: null };
    // Tor would exit on a directory that it cannot use, also where it served it before.
    const unfit = plan.kind === 'served' ? await this.#effects.directoryFault(plan.service) : null;
    const usable: CoordinationPlan =
      plan.kind === 'served' && unfit !== null ? { kind: 'absent', directory: plan.service.directory } : plan;
    const next = servicePlan(reply, this.#wanted(usable), maySet);
    if (next.kind !== 'set') return { instance: null, coordination: unfit };
    log.info('bringing the onion services of this node into Tor', {
      added: next.added.length,
      servicesOfOthers: next.others,
    });
    if (next.added.includes(instance.directory)) this.#effects.settingUp();
    await this.#effects.setConf(next.lines);
    if (usable.kind === 'served') this.#effects.coordination.wasRead();
    const after = servicePlan(await this.#effects.readServices(), this.#wanted(usable), maySet);
    if (after.kind === 'present') return { instance: null, coordination: unfit };
    return { instance: errorData('tor.service-missing', 'torrc', { lines: 'all' }), coordination: unfit };
  }

  #wanted(plan: CoordinationPlan): WantedServices {
    const { instance } = this.#effects;
    return {
      served: plan.kind === 'served' ? [plan.service, instance] : [instance],
      absent: plan.kind === 'absent' ? [plan.directory] : [],
    };
  }

  /**
   * Tor reads authorized_clients when it loads its configuration. Measured on tor 0.4.9.11: SETCONF of what is set
   * already and SIGNAL RELOAD both make it upload new descriptors within 0.02 s, and no service loses a point. But a
   * reload makes it forget all that SETCONF set, whoever did, PublishHidServDescriptors too: on a Tor that we may not
   * configure it is the operator's to choose the moment, and Debian reloads its tor each day anyway.
   */
  async #reread(plan: CoordinationPlan, reply: readonly ConfLine[]): Promise<Faults> {
    if (plan.kind !== 'served' || plan.unread === 0) return NO_FAULTS;
    const { instance, maySet } = this.#effects;
    for (const service of [instance, plan.service]) {
      const fault = await this.#effects.directoryFault(service);
      if (fault !== null) return { instance: null, coordination: fault };
    }
    if (!maySet) {
      const changes = plan.unread;
      return { instance: null, coordination: errorData('tor.coordination-unread', 'torrc', { changes }) };
    }
    const lines = sameAgain(reply);
    if (lines === null) return { instance: this.#unreadable(), coordination: null };
    await this.#effects.setConf(lines);
    this.#effects.coordination.wasRead();
    return NO_FAULTS;
  }

  #missing(services: readonly { readonly directory: string; readonly lines: readonly string[] }[]): Faults {
    const { directory } = this.#effects.instance;
    const ours = services.find((service) => service.directory === directory);
    const other = services.find((service) => service.directory !== directory);
    const missing = (lines: readonly string[]): ErrorData =>
      errorData('tor.service-missing', 'torrc', { lines: lines.join(' / ') });
    return {
      instance: ours === undefined ? null : missing(ours.lines),
      coordination:
        other === undefined
          ? null
          : other.lines.length === 0
            ? errorData('tor.coordination-surplus', 'torrc', { directory: other.directory })
            : errorData('tor.coordination-missing', 'torrc', { lines: other.lines.join(' / ') }),
    };
  }

  #unreadable(): ErrorData {
    const lines = serviceConf(this.#effects.instance).map(torrcLine).join(' / ');
    return errorData('tor.foreign-services-unreadable', 'torrc', { lines });
  }

  async #checkPublishing(): Promise<void> {
    const off = await this.#effects.isPublishingOff();
    if (off && !this.#publishingOff) {
      this.#effects.log.error(
        'this Tor publishes no descriptors',
        {},
        errorData('tor.publishing-off', 'torrc'),
      );
    }
    this.#publishingOff = off;
  }

  async #renew(): Promise<Faults> {
    const { instance, log } = this.#effects;
    const fault = await this.#effects.directoryFault(instance);
    if (fault !== null) return { instance: fault, coordination: null };
    const steps = renewal(await this.#effects.readServices(), instance);
    if (steps === null) return { instance: this.#unreadable(), coordination: null };
    log.info('setting the onion service up anew for fresh introduction points');
    this.#effects.settingUp();
    const [only] = steps.without;
    if (only === undefined) throw rbError('internal.unexpected', 'tor', { message: 'nothing to reset' });
    if (steps.without.length === 1 && only.value === null) await this.#effects.resetConf(steps.without);
    else await this.#effects.setConf(steps.without);
    await this.#effects.setConf(steps.with);
    return NO_FAULTS;
  }
}
