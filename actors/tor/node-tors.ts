import type { ActorContext, RunningActor } from '../kernel/actor.js';
import type { Coordination } from './coordination-service.js';
import type { Instance } from './instance-files.js';
import { instanceFaults, restoreInstance } from './restore-instance.js';
import { firstPlace } from './tor-place.js';
import { Tor } from './tor.js';
import { Transfers } from './transfers.js';

/** The Tor of this node, as the other actors see it. */
export class NodeTors {
  readonly #context: ActorContext<'tor'>;
  readonly #instance: Instance;
  readonly #coordination: Coordination;
  readonly #transfers: Transfers;
  readonly #tor: Tor;

  constructor(context: ActorContext<'tor'>, instance: Instance, coordination: Coordination) {
    this.#context = context;
    this.#instance = instance;
    this.#coordination = coordination;
    this.#transfers = new Transfers(context, () => this.#tor.session);
    this.#tor = new Tor({
      context,
      place: firstPlace(context.config),
      instance,
      coordination,
      news: {
        points: (own) => {
          context.publish('tor.introduction-points', own);
        },
        network: (view) => {
          context.publish('tor.network', { view });
        },
        departure: (view) => {
          context.publish('tor.departure', view);
        },
        uploadAnswer: (event) => {
          this.#transfers.answered(event);
        },
        changed: () => {
          context.publish('tor.status', this.#tor.status);
        },
      },
    });
  }

  run(): RunningActor<'tor'> {
    this.#tor.run();
    const { workers } = this.#tor;
    return {
      alive: () => this.#tor.isAlive,
      inspect: () => this.#tor.inspect(),
      stop: (deadlineMs) => this.#tor.stop(deadlineMs),
      handlers: {
        'host.children': ({ children }) => {
          this.#tor.childrenTold(children);
        },
        'wg.coordination': ({ service }) => {
          this.#coordination.want(service);
          workers.guard.look();
        },
        'election.peers': ({ peers }) => {
          workers.outage.peersTold(peers);
        },
        'tor.client-authorizations': ({ authorizations }) => {
          workers.authorizations.want(authorizations);
        },
        'tor.restart': ({ reason }) => {
          this.#tor.restart(reason);
        },
        'tor.instance-faults': async () => ({
          files: await instanceFaults(this.#context, this.#instance),
        }),
        'tor.restore-files': () => {
          void restoreInstance(this.#context, this.#instance);
        },
        'election.drain-state': (drain) => {
          workers.departure.follow(drain);
        },
        'tor.close-circuits': ({ circuits }) => {
          workers.departure.close(circuits);
        },
        'tor.upload': (order) => this.#transfers.upload(order),
        'tor.fetch': (order) => this.#transfers.fetch(order),
      },
    };
  }
}
