import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { Clock } from '../kernel/clock.js';
import { RbError, rbError, toErrorData } from '../kernel/errors.js';
import type { Logger } from '../kernel/logging.js';
import { ALL_ANSWERED, answerTick, ASK_EVERY_MS, type AnswerWatch } from './answer-watch.js';
import { torCommands, type TorCommands } from './control/commands.js';
import type { ControlConnection } from './control/connection.js';
import { parseEvent, type EventName, type TorEvent } from './control/events.js';
import type { HsDescEvent } from './control/hs-desc-event.js';
import { INFO, parseBootstrapPhase, parseCircuitStatus, type CircuitStatus } from './control/info.js';
import type { BootstrapPhase } from './control/status-event.js';
import type { InfoValues } from './control/info-values.js';
import { toWireText, type WireText } from './control/wire-text.js';
import { DescriptorFetcher } from './descriptor-fetcher.js';

/** What a session tells of Tor, in Tor's order. */
export interface SessionListener {
  circuit(event: Extract<TorEvent, { type: 'CIRC' | 'CIRC_MINOR' }>): void;
  descriptor(event: HsDescEvent): void;
  /** An HSDir answered an upload that was made over this connection. */
  uploadAnswer(event: HsDescEvent): void;
  consensus(): void;
  /** Options changed, or Tor was reloaded and has read torrc and the services' files again. */
  configuration(wasReloaded: boolean): void;
  bootstrap(phase: BootstrapPhase): void;
  clockSkew(seconds: number): void;
  /** Tor has not answered for a while, or does so again. Not called before it was doubted for the first time. */
  doubted(isDoubted: boolean): void;
  /** Called once. */
  lost(error: RbError): void;
}

/** What a session knows right after it began. */
export interface SessionStart {
  readonly version: string;
  readonly circuits: readonly CircuitStatus[];
  readonly testingTorNetwork: boolean;
  /** The user that Tor runs as; null where Tor does not say. */
  readonly torUid: number | null;
  /** Its process; null where Tor does not say. */
  readonly torPid: number | null;
}

const EVENTS: readonly EventName[] = [
  'HS_DESC',
  'HS_DESC_CONTENT',
  'CIRC',
  'CIRC_MINOR',
  'CONF_CHANGED',
  'SIGNAL',
  'STATUS_CLIENT',
  'STATUS_GENERAL',
];

/**
 * The REASONs that an upload can fail with (C Tor's handle_response_upload_hsdesc). All others speak of a fetch:
 * somebody else's through this Tor, or one of ours whose answer came after we had given it up.
 */
const UPLOAD_FAILURES: ReadonlySet<string> = new Set(['UPLOAD_REJECTED', 'UNEXPECTED']);

/** Until Tor has bootstrapped; its events come too, this catches a lost one. */
const BOOTSTRAP_POLL_MS = 2_000;

const textOf = (info: InfoValues, key: string): WireText => info.get(key)?.text() ?? toWireText('');

/** One authenticated connection to Tor: its commands, its events by meaning, and whether it still answers. */
export class TorSession {
  readonly commands: TorCommands;
  readonly fetcher: DescriptorFetcher;
  readonly #connection: ControlConnection;
  readonly #clock: Clock;
  readonly #listener: SessionListener;
  readonly #log: Logger;
  readonly #uploadedFor = new Set<OnionAddress>();
  #watch: AnswerWatch = ALL_ANSWERED;
  #isDoubted = false;
  #nextTickMs: number;
  #nextBootstrapMs = 0;
  #bootstrapped = false;
  #ended = false;

  constructor(connection: ControlConnection, clock: Clock, log: Logger, listener: SessionListener) {
    this.#connection = connection;
    this.#clock = clock;
    this.#listener = listener;
    this.#log = log;
    this.#nextTickMs = clock.monotonicMs() + ASK_EVERY_MS;
    this.commands = torCommands(connection);
    this.fetcher = new DescriptorFetcher({
      clock,
      send: (address, hsdir) => this.commands.hsFetch({ address, servers: [hsdir] }),
    });
  }

  /** Subscribes, then reads the state that events go on from: nothing can be missed in between. Ends the connection when it fails. */
  async begin(): Promise<SessionStart> {
    try {
      return await this.#begin();
    } catch (error) {
      // A command that Tor refuses leaves the connection open, and the next attempt makes another.
      this.close('the session could not begin');
      throw error;
    }
  }

  async #begin(): Promise<SessionStart> {
    this.#connection.onEvent((message) => {
      this.#dispatch(parseEvent(message));
    });
    void this.#connection.closed.then((error) => this.#lost(error));
    await this.commands.setEvents(EVENTS);
    const keys = [INFO.version, INFO.bootstrapPhase, INFO.circuitStatus];
    const [info, uid, pid, testing] = await Promise.all([
      this.commands.getInfo(keys),
      this.#number('process/uid'),
      this.#number(INFO.processId),
      this.commands.getConf(['TestingTorNetwork']).catch(() => []),
    ]);
    const phase = parseBootstrapPhase(textOf(info, INFO.bootstrapPhase));
    if (phase !== null) this.#bootstrap(phase);
    return {
      version: textOf(info, INFO.version).split(' ', 1)[0]?.slice(0, 40) ?? '',
      circuits: parseCircuitStatus(textOf(info, INFO.circuitStatus)),
      testingTorNetwork: testing.some(({ key, value }) => key === 'TestingTorNetwork' && value === '1'),
      torUid: uid,
      torPid: pid,
    };
  }

  /** What not every Tor says. */
  async #number(key: string): Promise<number | null> {
    try {
      const text = (await this.commands.getInfo([key])).get(key)?.text() ?? '';
      return /^[0-9]{1,10}$/.test(text) ? Number(text) : null;
    } catch (error) {
      if (error instanceof RbError && error.code === 'control.unknown-key') return null;
      throw error;
    }
  }

  /** Starts uploads; the answers come to the listener. */
  async upload(
    address: OnionAddress,
    descriptor: string,
    servers: Parameters<TorCommands['hsPost']>[0]['servers'],
  ): Promise<void> {
    this.#uploadedFor.add(address);
    await this.commands.hsPost({ address, descriptor, servers });
  }

  /** What is due: the question whether Tor answers, and how far it has bootstrapped. */
  step(nowMs: number): number | null {
    if (this.#ended) return null;
    if (nowMs >= this.#nextTickMs) {
      this.#nextTickMs = nowMs + ASK_EVERY_MS;
      this.#tick();
    }
    if (!this.#bootstrapped && nowMs >= this.#nextBootstrapMs) {
      this.#nextBootstrapMs = nowMs + BOOTSTRAP_POLL_MS;
      void this.#readBootstrap();
    }
    return this.#bootstrapped ? this.#nextTickMs : Math.min(this.#nextTickMs, this.#nextBootstrapMs);
  }

  close(reason: string): void {
    this.#ended = true;
    this.#connection.close(reason);
    this.fetcher.end(rbError('control.closed', this.#connection.where, { reason }));
  }

  #tick(): void {
    const { watch, ask, doubted, hung } = answerTick(this.#watch);
    this.#watch = watch;
    if (doubted !== this.#isDoubted) {
      this.#isDoubted = doubted;
      this.#listener.doubted(doubted);
    }
    if (hung) {
      const seconds = (watch.waitingTicks ?? 0) * (ASK_EVERY_MS / 1000);
      const error = rbError('control.deadline', this.#connection.where, {
        command: 'GETINFO',
        deadlineMs: seconds * 1000,
      });
      this.#lost(error);
      this.#connection.close('Tor does not answer');
      return;
    }
    if (!ask) return;
    // A refusal is an answer; an ended connection is reported by itself.
    this.commands.getInfo([INFO.processId]).then(this.#answered, this.#answered);
  }

  readonly #answered = (): void => {
    this.#watch = ALL_ANSWERED;
    if (!this.#isDoubted || this.#ended) return;
    this.#isDoubted = false;
    this.#listener.doubted(false);
  };

  async #readBootstrap(): Promise<void> {
    try {
      const info = await this.commands.getInfo([INFO.bootstrapPhase]);
      const phase = parseBootstrapPhase(textOf(info, INFO.bootstrapPhase));
      if (phase !== null) this.#bootstrap(phase);
    } catch (error) {
      this.#log.debug('bootstrap state not read', { problem: toErrorData(error, 'tor').what });
    }
  }

  #bootstrap(phase: BootstrapPhase): void {
    this.#bootstrapped ||= phase.progress === 100;
    this.#listener.bootstrap(phase);
  }

  #lost(error: RbError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.fetcher.end(error);
    this.#listener.lost(error);
  }

  #dispatch(event: TorEvent): void {
    if (this.#ended) return;
    switch (event.type) {
      case 'CIRC':
      case 'CIRC_MINOR':
        this.#listener.circuit(event);
        return;
      case 'HS_DESC':
        this.#descriptor(event);
        return;
      case 'HS_DESC_CONTENT':
        this.fetcher.content(event);
        return;
      case 'CONF_CHANGED':
        this.#listener.configuration(false);
        return;
      case 'SIGNAL':
        // Tor tells it when it is done with it (C Tor's process_signal).
        if (event.signal === 'RELOAD' || event.signal === 'HUP') this.#listener.configuration(true);
        return;
      case 'STATUS_CLIENT':
      case 'STATUS_GENERAL':
        if (event.bootstrap !== null) this.#bootstrap(event.bootstrap);
        if (event.action === 'CONSENSUS_ARRIVED' || event.action === 'ENOUGH_DIR_INFO')
          this.#listener.consensus();
        if (event.clock !== null) this.#listener.clockSkew(event.clock.seconds);
        return;
      case 'NEWCONSENSUS':
        this.#listener.consensus();
        return;
      case 'NETWORK_LIVENESS':
      case 'other':
        return;
    }
  }

  #descriptor(event: HsDescEvent): void {
    this.#listener.descriptor(event);
    if (event.address === null) return;
    // Any other failure may be of either kind (control-spec §4.1.25); a fetch that is under way explains it.
    if (event.action === 'FAILED' && event.reason !== 'UPLOAD_REJECTED' && this.fetcher.failed(event)) return;
    const isRefusal = event.action === 'FAILED' && UPLOAD_FAILURES.has(event.reason ?? '');
    if ((event.action === 'UPLOADED' || isRefusal) && this.#uploadedFor.has(event.address))
      this.#listener.uploadAnswer(event);
  }
}
