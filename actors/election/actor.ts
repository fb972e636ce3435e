import { createActor } from 'xstate';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { startLevelTrigger } from '../kernel/level-trigger.js';
import { publisherTold, steppedDown, torTold } from './ability.js';
import { newClusterState } from './cluster-state.js';
import type { ClusterState, World } from './cluster-state.js';
import { merged } from './counters.js';
import { factPublisher } from './facts.js';
import { receive } from './inbound.js';
import { electionContext } from './inspection.js';
import { announceRelease } from './leading.js';
import { electionMachine, eventFor } from './machine.js';
import { staticMembership } from './members.js';
import type { AgreeKeys } from './members.js';
import { ownSet } from './own-points.js';
import { post } from './post.js';
import { electionSettings } from './settings.js';
import { electionStep } from './step.js';
import { pairKeys } from './wire/pair-keys.js';

/** A goodbye that is lost costs the others three probes, or a cluster of two its long timeouts: say it several times. */
const GOODBYES = 3;
const BETWEEN_GOODBYES_MS = 40;

const worldOf = (context: ActorContext<'election'>): World => ({
  clock: context.clock,
  random: context.random,
  log: context.log,
  send: (to, bytes) => {
    context.order('wg.send', { to, bytes, via: null });
  },
});

const pause = (world: World, ms: number): Promise<void> =>
  new Promise((resolve) => {
    world.clock.after(ms, resolve);
  });

/** Gives the lease back and says goodbye, within the deadline. */
const leave = async (state: ClusterState, world: World, deadlineMs: number): Promise<void> => {
  if (state.lease.role === 'publisher') announceRelease(state, world);
  const again = Math.min(BETWEEN_GOODBYES_MS, deadlineMs / (GOODBYES + 1));
  for (let said = 0; said < GOODBYES && state.peers.length > 0; said++) {
    if (said > 0) await pause(world, again);
    for (const peer of state.peers) post(state, world, peer, { kind: 'goodbye' });
  }
};

/** The ElectionActor with the key agreement of its choice. */
export const electionActorWith = (agree: AgreeKeys): ActorDefinition<'election'> => ({
  name: 'election',
  start: (context): Promise<RunningActor<'election'>> => {
    const world = worldOf(context);
    const settings = electionSettings(context.config);
    const membership = staticMembership(context.config, context.secrets, agree);
    const hasKey = context.config.master.identity_key_path !== '';
    const state = newClusterState(settings, membership, hasKey, world);
    const tellFacts = factPublisher((name, payload) => {
      context.publish(name, payload);
    });
    const machine = createActor(electionMachine);
    machine.start();

    const trigger = startLevelTrigger(context.clock, (nowMs) => {
      const due = electionStep(state, world, tellFacts, nowMs);
      const event = eventFor(state.lease.role);
      if (event !== null) machine.send(event);
      return due;
    });
    const nowMs = (): number => context.clock.monotonicMs();
    trigger.poke();

    return Promise.resolve({
      handlers: {
        'wg.datagram': ({ bytes, transport }) => {
          receive(state, world, bytes, transport);
          trigger.poke();
        },
        'wg.status': ({ transports }) => {
          const up = transports.some((transport) => transport.state === 'up');
          state.organs = { ...state.organs, transport: up ? 'up' : 'ill' };
          trigger.poke();
        },
        'tor.status': (status) => {
          state.organs = { ...state.organs, tor: status.state === 'up' ? 'up' : 'ill' };
          state.ability = torTold(state.ability, status.state, nowMs());
          trigger.poke();
        },
        'tor.introduction-points': (own) => {
          const before = state.ownSet;
          state.ownSet = ownSet(own, before);
          if (state.ownSet === before) return;
          if (state.ownSet.left > 0) {
            context.log.warn('Some introduction points cannot be sent to the peers', {
              count: state.ownSet.left,
            });
          }
          for (const peer of state.peers) {
            peer.nextPointsMs = nowMs();
            peer.pointsTries = 0;
          }
          trigger.poke();
        },
        'publisher.counters': ({ counters }) => {
          state.ownCounters = counters;
          state.counters = merged(state.counters, counters);
          trigger.poke();
        },
        'publisher.status': (status) => {
          state.ability = publisherTold(state.ability, status.state, nowMs());
          trigger.poke();
        },
        'election.step-down': ({ reason }) => {
          context.log.info('Told to give the lease back if another node can publish', {
            reason: reason.slice(0, 200),
          });
          state.ability = steppedDown(state.ability, nowMs(), settings);
          trigger.poke();
        },
      },
      alive: () => machine.getSnapshot().status === 'active',
      inspect: () => ({
        state: machine.getSnapshot().value,
        context: electionContext(state, machine.getSnapshot().context.terms, nowMs()),
      }),
      stop: async (deadlineMs) => {
        trigger.stop();
        machine.send({ type: 'LEAVE' });
        await leave(state, world, deadlineMs);
        machine.stop();
      },
    });
  },
});

export const electionActor: ActorDefinition<'election'> = electionActorWith(pairKeys);
