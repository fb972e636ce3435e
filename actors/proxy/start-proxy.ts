import type { Socket } from 'node:net';
import type { CancelTimer, Clock } from '../kernel/clock.js';
import type { Targets } from '../kernel/config/target.js';
import { type StreamAddress, streamAddressText } from '../kernel/stream-address.js';
import { ofStandby, type TorName } from '../tor/messages.js';
import { awaitCircuitLine } from './circuit-line.js';
import type { CircuitStreams } from './circuit-streams.js';
import { HttpSession } from './http/http-session.js';
import type { Origin } from './http/origin.js';
import type { JoinGate } from './join-gate.js';
import { type ProxyLimits, sweepIntervalMs } from './limits.js';
import { listenForTors } from './tor-listeners.js';
import { RawSession } from './raw/raw-session.js';
import type { Session, SessionServices } from './session.js';
import type { ProxyDrain, ProxyTargetView } from './messages.js';
import type { SelfTestGate } from './self-test-gate.js';
import { TargetSet } from './target/target-set.js';
import type { TargetVerdict } from './target/target-slot.js';
import { Traffic } from './traffic.js';

export interface ProxyOptions {
  readonly listen: StreamAddress;
  /** Where the Tor that stands by leads clients; null or absent: there is none. */
  readonly standbyListen?: StreamAddress | null;
  readonly targets: Targets;
  /** The origin by which clients know the service. */
  readonly master: Origin;
  readonly limits: ProxyLimits;
  readonly clock: Clock;
  /** Tor's SOCKS port, as far as it is known. */
  readonly socks: StreamAddress | null;
  /** Takes joins out of the requests; null or absent: none are. */
  readonly joins?: JoinGate | null;
  /** Tells the cluster's self-tests from requests; null or absent: there are none. */
  readonly selfTests?: SelfTestGate | null;
  /** HTML that clients get while no target is well; null or absent: a page of our own. */
  readonly downPage?: () => Buffer | null;
  /** SOCKS user name of our streams (IsolateSOCKSAuth); null: none. */
  readonly isolation?: string | null;
  /** PEM of the authorities that may vouch for a TLS target; null: those that Node brings. */
  readonly tlsAuthorities?: string | null;
  /** Keeps account of which circuit carries which stream; absent: nobody does. */
  readonly streams?: CircuitStreams;
}

/** A proxy that listens. */
export interface Proxy {
  /** `unix:/path` or `host:port`, as it was bound. */
  readonly listen: string;
  readonly traffic: Readonly<Traffic>;
  openConnections(): number;
  targetViews(): readonly ProxyTargetView[];
  /** The places of the targets that owe answers and have given none for a while. */
  silentTargets(): readonly number[];
  setSocks(address: StreamAddress | null): void;
  /** What the probes say of each target, in the order of the configuration. */
  judge(verdicts: readonly TargetVerdict[]): void;
  /** Takes leave of the clients without a deadline, or serves again. Rejects with RbError proxy.listen-*. */
  drain(to: ProxyDrain): Promise<void>;
  /** Tor may write the circuit's line before each stream from now on, or does not any more. */
  expectCircuits(on: boolean): void;
  /** Sessions that have been still for so long end; the others end with what is in flight. */
  retire(stillMs: number): void;
  /**
   * Accepts nothing more, lets what is under way come to its end, and breaks off what has not after `deadlineMs`.
   * Resolves when everything is closed.
   */
  stop(deadlineMs: number): Promise<void>;
  /**
   * Another proxy takes this one's place at once. Serves whoever comes until nothing is under way, or for almost `graceMs`:
   * only then is nobody accepted, and what is left broken off. Resolves when everything is closed.
   */
  handOver(graceMs: number): Promise<void>;
}

/**
 * The part of a grace in which nobody is accepted, so that the last to come may be answered: a tenth of a second of one. As many
 * are refused in it as come to their end; but whoever is refused can ask again, and half of a POST is half done.
 */
const LAST_PART = 0.1;

/** What a socket's error says its close says too; without a listener it would end the thread. */
const errorsEndInClose = (): void => undefined;

/** Starts to listen. Rejects with RbError proxy.listen-*. */
export const startProxy = async (options: ProxyOptions): Promise<Proxy> => {
  const { limits, clock } = options;
  const { mode } = options.targets[0];
  const traffic = new Traffic();
  const sessions = new Set<Session>();
  let onEmpty: (() => void) | null = null;
  let leaving = false;

  const { isolation = null, tlsAuthorities = null } = options;
  const targets = new TargetSet({ ...options, isolation, tlsAuthorities, traffic });
  const closed = (session: Session): void => {
    sessions.delete(session);
    if (sessions.size === 0) onEmpty?.();
  };
  const services: SessionServices = { clock, limits, traffic, targets, isLeaving: () => leaving, closed };
  const httpServices = {
    ...services,
    joins: options.joins ?? null,
    selfTests: options.selfTests ?? null,
    downPage: () => options.downPage?.()?.toString('latin1') ?? null,
  };

  const { streams } = options;
  let expectsCircuits = false;
  const open = (client: Socket, circuit: string | null): void => {
    const openedMs = clock.monotonicMs();
    streams?.opened(circuit, openedMs);
    client.once('close', () => {
      streams?.closed(circuit, clock.monotonicMs());
    });
    // In raw mode nobody may listen for bytes before the target is there, and the usual round trip is assumed.
    if (circuit !== null && mode === 'http' && client.readableLength === 0) {
      client.once('data', () => {
        streams?.answered(circuit, clock.monotonicMs() - openedMs);
      });
    }
    sessions.add(mode === 'http' ? new HttpSession(client, httpServices) : new RawSession(client, services));
  };

  const accept = (client: Socket, ofTor: TorName): void => {
    client.on('error', errorsEndInClose);
    if (sessions.size >= limits.maxConnections) {
      traffic.connectionsRefused++;
      client.destroy();
      return;
    }
    traffic.connectionsTotal++;
    if (!expectsCircuits) {
      open(client, null);
      return;
    }
    const arrival = awaitCircuitLine(client, { clock, closed }, (circuit) => {
      sessions.delete(arrival);
      open(client, circuit === null || ofTor === 'first' ? circuit : ofStandby(circuit));
    });
    sessions.add(arrival);
  };
  const listeners = await listenForTors(options, accept);

  let cancelSweep: CancelTimer = () => undefined;
  const sweep = (): void => {
    const nowMs = clock.monotonicMs();
    for (const session of sessions) session.check(nowMs);
    targets.check(nowMs);
    cancelSweep = clock.after(sweepIntervalMs(limits), sweep);
  };
  sweep();

  const drain = async (to: ProxyDrain): Promise<void> => {
    leaving = to !== 'serving';
    if (leaving) for (const session of sessions) session.drain();
    if (to === 'closed') void listeners.close();
    else await listeners.listenAgain();
  };

  const stop = async (deadlineMs: number): Promise<void> => {
    leaving = true;
    const listenersClosed = listeners.close();
    const empty = new Promise<void>((resolve) => {
      onEmpty = resolve;
    });
    for (const session of sessions) session.drain();
    if (sessions.size > 0) {
      const cancelDeadline = clock.after(deadlineMs, () => {
        for (const session of sessions) session.destroy();
      });
      await empty;
      cancelDeadline();
    }
    targets.close();
    cancelSweep();
    await listenersClosed;
  };

  const handOver = async (graceMs: number): Promise<void> => {
    const lastMs = graceMs * LAST_PART;
    const former = [...sessions];
    leaving = true;
    for (const session of former) session.drain();
    if (former.length > 0) {
      await new Promise<void>((resolve) => {
        const cancelDeadline = clock.after(graceMs - lastMs, resolve);
        onEmpty = () => {
          cancelDeadline();
          resolve();
        };
      });
    }
    // What has taken so long is no request that ends in a moment: nobody is kept out for it.
    for (const session of former) if (sessions.has(session)) session.destroy();
    await stop(lastMs);
  };

  return {
    listen: streamAddressText(listeners.address),
    traffic,
    openConnections: () => sessions.size,
    silentTargets: () => {
      const nowMs = clock.monotonicMs();
      return targets.slots.filter((slot) => slot.isSilent(nowMs)).map(({ index }) => index);
    },
    targetViews: () => targets.slots.map(({ view }) => view),
    setSocks: (socks) => {
      targets.setSocks(socks);
    },
    judge: (verdicts) => {
      targets.judge(verdicts);
    },
    drain,
    expectCircuits: (on) => {
      expectsCircuits = on;
    },
    retire: (stillMs) => {
      for (const session of sessions) session.retire(stillMs);
    },
    stop,
    handOver,
  };
};
