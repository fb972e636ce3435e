import { isDeepStrictEqual } from 'node:util';
import { startHealth } from '@rustbalance/actors/health/actor.js';
import { NO_HISTORY } from '@rustbalance/actors/health/repair/persisted.js';
import type { ActorContext, RunningActor } from '@rustbalance/actors/kernel/actor.js';
import type { Clock } from '@rustbalance/actors/kernel/clock.js';
import type { Payload } from '@rustbalance/actors/kernel/messages.js';
import type { ClusterSimulation } from '../cluster-simulation.js';
import { WALL_START_MS } from './simulated-node.js';
import type { SimulatedNode } from './simulated-node.js';

/** From one thread to another, ms. */
const CROSSING_MS = 1;

const clockOf = ({ queue }: ClusterSimulation, node: SimulatedNode): Clock => ({
  wallMs: () => WALL_START_MS + queue.nowMs + node.skewMs,
  monotonicMs: () => queue.nowMs,
  after: (delayMs, fire) => {
    const event = queue.schedule(queue.nowMs + Math.max(0, delayMs), fire);
    return () => {
      event.cancelled = true;
    };
  },
});

/**
 * Gives a simulated node its HealthActor, by the same clock: it hears the facts of the election, which hears its status and its
 * orders in turn. It has no target and no machine to look at.
 */
export const watchOver = (sim: ClusterSimulation, node: SimulatedNode): RunningActor<'health'> => {
  const { queue } = sim;
  const clock = clockOf(sim, node);
  const later = (run: () => void): void => {
    queue.schedule(queue.nowMs + CROSSING_MS, run);
  };
  const silent = (): void => undefined;
  const context: Partial<ActorContext<'health'>> = {
    name: 'health',
    generation: 1,
    config: node.config,
    clock,
    log: { error: silent, warn: silent, info: silent, debug: silent },
    publish: (_name, payload) => {
      if (isDeepStrictEqual(node.health, payload)) return;
      const status = structuredClone(payload) as Payload<'health.status'>;
      later(() => {
        node.tellHealth(status);
      });
    },
    order: (name, payload) => {
      if (name !== 'election.step-down') return;
      later(() => {
        node.order((payload as Payload<'election.step-down'>).reason);
      });
    },
  };
  const actor = startHealth(context as ActorContext<'health'>, {
    probes: [],
    canary: null,
    file: { read: () => Promise.resolve(null), save: silent, flush: () => Promise.resolve() },
    persisted: NO_HISTORY,
    timeVouched: true,
    examinations: { all: [], mendModes: () => Promise.resolve() },
  });
  const told = new Map<string, unknown>();
  node.onFact = (name, payload) => {
    if (isDeepStrictEqual(told.get(name), payload)) return;
    told.set(name, payload);
    later(() => {
      if (name === 'election.role') actor.handlers['election.role']?.(payload as Payload<'election.role'>);
      else if (name === 'election.peers')
        actor.handlers['election.peers']?.(payload as Payload<'election.peers'>);
    });
  };
  return actor;
};
