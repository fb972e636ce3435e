import { errorData, RbError, rbError, type ErrorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import type { ConfLine } from './control/conf-line.js';
import { renewal, servicePlan, type InstanceService } from './service-lines.js';

export interface ServiceGuardEffects {
  readonly log: Logger;
  readonly service: InstanceService;
  /** May our service be added to this Tor by SETCONF? */
  readonly maySet: boolean;
  /** GETCONF HiddenServiceOptions. */
  readServices(): Promise<readonly ConfLine[]>;
  /** Is PublishHidServDescriptors 0? */
  isPublishingOff(): Promise<boolean>;
  /** Why Tor could not use the directory (and would exit on it); null when it can. */
  directoryFault(): Promise<ErrorData | null>;
  setConf(lines: readonly ConfLine[]): Promise<void>;
  resetConf(lines: readonly ConfLine[]): Promise<void>;
  /** Called right before Tor loads our service anew: it will make new keys for all introduction points. */
  settingUp(): void;
  /** Is our service in Tor? Called after each look. */
  found(fault: ErrorData | null): void;
  poke(): void;
}

/** A lost event is caught by looking now and then; GETCONF costs nothing. */
const LOOK_EVERY_MS = 60_000;
const RETRY_MS = 2_000;
const SLOW_RETRY_MS = 15_000;
const QUICK_RETRIES = 5;

/**
 * Keeps the instance's service in a Tor's configuration: looks when the connection is made, after every change of
 * options and every reload (which forgets what SETCONF set), and now and then.
 */
export class ServiceGuard {
  readonly #effects: ServiceGuardEffects;
  #active = false;
  #busy = false;
  #session = 0;
  #dueAtMs: number | null = null;
  #failures = 0;
  #told = '';
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

  #run(nowMs: number, work: () => Promise<ErrorData | null>): void {
    const session = this.#session;
    this.#busy = true;
    // What changes from here on is looked at again.
    this.#dueAtMs = null;
    void work()
      .catch((error: unknown) => {
        if (error instanceof RbError) return error.data;
        throw error;
      })
      .then((fault) => {
        if (session !== this.#session) return;
        this.#busy = false;
        this.#failures = fault === null ? 0 : this.#failures + 1;
        const retry = this.#failures <= QUICK_RETRIES ? RETRY_MS : SLOW_RETRY_MS;
        this.#dueAtMs ??= nowMs + (fault === null ? LOOK_EVERY_MS : retry);
        this.#tell(fault);
        this.#effects.found(fault);
        this.#effects.poke();
      });
  }

  #tell(fault: ErrorData | null): void {
    const text = fault === null ? '' : `${fault.code} ${fault.what}`;
    if (text === this.#told) return;
    this.#told = text;
    if (fault === null) this.#effects.log.info('the onion service of this node is in Tor');
    else if (fault.code !== 'control.closed')
      this.#effects.log.error('the onion service is not in Tor', {}, fault);
  }

  async #check(): Promise<ErrorData | null> {
    const { service, maySet, log } = this.#effects;
    await this.#checkPublishing();
    const plan = servicePlan(await this.#effects.readServices(), service, maySet);
    if (plan.kind === 'present') return null;
    if (plan.kind === 'missing') {
      return errorData('tor.service-missing', 'torrc', { lines: plan.lines.join(' / ') });
    }
    if (plan.kind === 'unreadable') return this.#unreadable();
    const fault = await this.#effects.directoryFault();
    if (fault !== null) return fault;
    log.info('adding the onion service of this node to Tor', { servicesOfOthers: plan.others });
    if (plan.isNew) this.#effects.settingUp();
    await this.#effects.setConf(plan.lines);
    const after = servicePlan(await this.#effects.readServices(), service, maySet);
    return after.kind === 'present' ? null : errorData('tor.service-missing', 'torrc', { lines: 'all' });
  }

  #unreadable(): ErrorData {
    const { directory, virtualPort, proxyListen } = this.#effects.service;
    const lines = `HiddenServiceDir ${directory} / HiddenServicePort ${String(virtualPort)} ${proxyListen} / HiddenServiceOnionBalanceInstance 1`;
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

  async #renew(): Promise<ErrorData | null> {
    const { service, log } = this.#effects;
    const fault = await this.#effects.directoryFault();
    if (fault !== null) return fault;
    const steps = renewal(await this.#effects.readServices(), service);
    if (steps === null) return this.#unreadable();
    log.info('setting the onion service up anew for fresh introduction points');
    this.#effects.settingUp();
    const [only] = steps.without;
    if (only === undefined) throw rbError('internal.unexpected', 'tor', { message: 'nothing to reset' });
    if (steps.without.length === 1 && only.value === null) await this.#effects.resetConf(steps.without);
    else await this.#effects.setConf(steps.without);
    await this.#effects.setConf(steps.with);
    return null;
  }
}
