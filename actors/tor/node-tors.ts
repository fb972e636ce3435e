import type { ActorContext, RunningActor } from '../kernel/actor.js';
import type { Inspection } from '../kernel/envelope.js';
import type { Logger } from '../kernel/logging.js';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import type { Coordination } from './coordination-service.js';
import type { Instance } from './instance-files.js';
import { sameContent } from './intro-point-view.js';
import { circuitOf, type Departure, type OwnIntroductionPoints, type TorName } from './messages.js';
import { NO_COORDINATION } from './no-coordination.js';
import { instanceFaults, restoreInstance } from './restore-instance.js';
import { firstPlace, standbyPlace, type TorPlace } from './tor-place.js';
import { Tor } from './tor.js';
import { Transfers } from './transfers.js';
import {
  departureOfBoth,
  isFit,
  offeredPoints,
  otherName,
  statusOfBoth,
  torInUse,
  torsToRestart,
  type OfBoth,
} from './two-tors.js';

/** One of the node's Tors, and the newest that it told. */
interface Member {
  readonly place: TorPlace;
  readonly instance: Instance;
  readonly tor: Tor;
  told: {
    readonly points: OwnIntroductionPoints | null;
    /** Undefined until it was told. */
    readonly network: NetworkView | null | undefined;
    readonly departure: Departure | null;
  };
}

/** Where a node has two Tors, each line says of which it speaks. */
const logOf = (log: Logger, tor: TorName): Logger => ({
  error: (message, fields, error) => {
    log.error(message, { ...fields, tor }, error);
  },
  warn: (message, fields, error) => {
    log.warn(message, { ...fields, tor }, error);
  },
  info: (message, fields) => {
    log.info(message, { ...fields, tor });
  },
  debug: (message, fields) => {
    log.debug(message, { ...fields, tor });
  },
});

/** This node's Tor, or both of them as one: what the other actors ask of it, and what it tells them. */
export class NodeTors {
  readonly #context: ActorContext<'tor'>;
  readonly #coordination: Coordination;
  readonly #transfers: Transfers;
  readonly #first: Member;
  readonly #standby: Member | null;
  #inUse: TorName = 'first';
  /** One of them has been in use. */
  #served = false;
  /** Wall clock. */
  #changedAtMs = 0;
  #offered: OwnIntroductionPoints | null = null;

  /** @param standbyInstance the identity of the Tor that stands by; null: there is none */
  constructor(
    context: ActorContext<'tor'>,
    instance: Instance,
    standbyInstance: Instance | null,
    coordination: Coordination,
  ) {
    this.#context = context;
    this.#coordination = coordination;
    this.#transfers = new Transfers(context, () => this.#used.tor.session);
    const { config } = context;
    if (standbyInstance === null) {
      this.#first = this.#member(context, firstPlace(config), instance);
      this.#standby = null;
      return;
    }
    const named = (tor: TorName): ActorContext<'tor'> => ({ ...context, log: logOf(context.log, tor) });
    this.#first = this.#member(named('first'), firstPlace(config), instance);
    this.#standby = this.#member(named('standby'), standbyPlace(config), standbyInstance);
  }

  run(): RunningActor<'tor'> {
    for (const { tor } of this.#all) tor.run();
    const each = (act: (tor: Tor) => void): void => {
      for (const { tor } of this.#all) act(tor);
    };
    return {
      alive: () => this.#all.every(({ tor }) => tor.isAlive),
      inspect: () => this.#inspect(),
      stop: async (deadlineMs) => {
        await Promise.all(this.#all.map(({ tor }) => tor.stop(deadlineMs)));
      },
      handlers: {
        'host.children': ({ children }) => {
          each((tor) => {
            tor.childrenTold(children);
          });
        },
        'wg.coordination': ({ service }) => {
          this.#coordination.want(service);
          this.#first.tor.workers.guard.look();
        },
        'election.peers': ({ peers }) => {
          each(({ workers }) => {
            workers.outage.peersTold(peers);
          });
        },
        'tor.client-authorizations': ({ authorizations }) => {
          each(({ workers }) => {
            workers.authorizations.want(authorizations);
          });
        },
        'tor.restart': ({ reason }) => {
          this.#restart(reason);
        },
        'tor.instance-faults': async () => ({ files: await this.#instanceFaults() }),
        'tor.restore-files': () => {
          for (const { place, instance } of this.#all)
            void restoreInstance(this.#context, place.hiddenServiceDir, instance);
        },
        'election.drain-state': (drain) => {
          each(({ workers }) => {
            workers.departure.follow(drain);
          });
        },
        'tor.close-circuits': ({ circuits }) => {
          const named = circuits.map(circuitOf);
          for (const { place, tor } of this.#all)
            tor.workers.departure.close(
              named.filter(({ tor: name }) => name === place.name).map(({ id }) => id),
            );
        },
        'tor.upload': (order) => this.#transfers.upload(order),
        'tor.fetch': (order) => this.#transfers.fetch(order),
      },
    };
  }

  get #all(): readonly Member[] {
    return this.#standby === null ? [this.#first] : [this.#first, this.#standby];
  }

  get #used(): Member {
    return this.#inUse === 'standby' && this.#standby !== null ? this.#standby : this.#first;
  }

  #of<T>(what: (member: Member) => T, standby: Member): OfBoth<T> {
    return { first: what(this.#first), standby: what(standby) };
  }

  #member(context: ActorContext<'tor'>, place: TorPlace, instance: Instance): Member {
    const told = (change: Partial<Member['told']>): void => {
      member.told = { ...member.told, ...change };
    };
    const tor = new Tor({
      context,
      place,
      instance,
      coordination: place.name === 'first' ? this.#coordination : NO_COORDINATION,
      news: {
        points: (points) => {
          told({ points });
          this.#tellPoints();
        },
        network: (network) => {
          told({ network });
          this.#tellNetwork();
        },
        departure: (departure) => {
          told({ departure });
          this.#tellDeparture();
        },
        uploadAnswer: (event) => {
          // What the other Tor was still at, the publisher has forgotten; what it asks for anew goes by this one.
          if (this.#inUse === place.name) this.#transfers.answered(event);
        },
        changed: () => {
          this.#tellStatus();
        },
      },
    });
    const member: Member = {
      place,
      instance,
      tor,
      told: { points: null, network: undefined, departure: null },
    };
    return member;
  }

  #tellStatus(): void {
    const { publish, log, clock } = this.#context;
    if (this.#standby === null) {
      publish('tor.status', this.#first.tor.status);
      return;
    }
    const status = this.#of(({ tor }) => tor.status, this.#standby);
    const before = this.#inUse;
    this.#inUse = torInUse(before, status);
    if (this.#inUse !== before) {
      this.#changedAtMs = clock.wallMs();
      const roles = { from: before, to: this.#inUse };
      if (this.#served) log.warn('the other Tor of this node takes over', roles);
      else log.info('the other Tor of this node is up first', roles);
      this.#tellNetwork();
    }
    this.#served ||= isFit(status[this.#inUse]);
    this.#tellPoints();
    publish('tor.status', statusOfBoth(this.#inUse, status));
    this.#tellDeparture();
  }

  #tellPoints(): void {
    const points = this.#points();
    if (points === null || (this.#offered !== null && sameContent(this.#offered, points))) return;
    this.#offered = points;
    this.#context.publish('tor.introduction-points', points);
  }

  #points(): OwnIntroductionPoints | null {
    const used = this.#used.told.points;
    if (this.#standby === null) return used;
    const other = this.#of((member) => member, this.#standby)[otherName(this.#inUse)];
    const spare = other.told.points;
    if (used === null || spare === null) return used ?? spare;
    const points = offeredPoints(used, spare, isFit(other.tor.status));
    return { ...points, causedAtMs: Math.max(points.causedAtMs, this.#changedAtMs) };
  }

  /** One that has just come up may not have read the consensus yet, which the other knows. */
  #tellNetwork(): void {
    const views = [this.#used, ...this.#all].map(({ told }) => told.network);
    const known = views.filter((view) => view !== undefined);
    if (known.length > 0) this.#context.publish('tor.network', { view: known.find((view) => view) ?? null });
  }

  #tellDeparture(): void {
    const departure =
      this.#standby === null
        ? this.#first.told.departure
        : departureOfBoth(
            this.#of(({ told }) => told.departure, this.#standby),
            this.#of(({ tor }) => tor.status, this.#standby),
          );
    if (departure !== null) this.#context.publish('tor.departure', departure);
  }

  #restart(reason: string): void {
    if (this.#standby === null) {
      this.#first.tor.restart(reason);
      return;
    }
    const members = this.#of((member) => member, this.#standby);
    const status = this.#of(({ tor }) => tor.status, this.#standby);
    for (const name of torsToRestart(this.#inUse, status)) members[name].tor.restart(reason);
  }

  async #instanceFaults(): Promise<readonly string[]> {
    const faults = await Promise.all(
      this.#all.map(async ({ place, instance }) => {
        const files = await instanceFaults(this.#context, place.hiddenServiceDir, instance);
        return place.name === 'first' ? files : files.map((file) => `${file} (standby)`);
      }),
    );
    return faults.flat();
  }

  #inspect(): Inspection {
    const first = this.#first.tor.inspect();
    if (this.#standby === null) return first;
    const { state, context } = this.#standby.tor.inspect();
    return {
      state: first.state,
      context: { ...first.context, inUse: this.#inUse, standby: { state, ...context } },
    };
  }
}
