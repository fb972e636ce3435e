import { createActor } from 'xstate';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { rbError } from '../kernel/errors.js';
import { startLevelTrigger } from '../kernel/level-trigger.js';
import { DirectTransport } from './direct-transport.js';
import { directEndpoints } from './endpoints.js';
import { wgMachine } from './machine.js';
import type { TransportName } from './messages.js';
import type { Transport, TransportEvents } from './transport.js';
import { openUdp } from './udp-socket.js';
import type { OpenUdp } from './udp-socket.js';

/** Counters move with every datagram; the fact is told this often, and at once when a transport goes up or down. */
const STATUS_EVERY_MS = 5000;

/**
 * The transports that the configuration asks for.
 *
 * @throws RbError config.transport-unavailable for those that this version does not have, and what directEndpoints throws
 */
const configuredTransports = (
  context: ActorContext<'wg'>,
  eventsOf: (transport: TransportName) => TransportEvents,
  open: OpenUdp,
): readonly Transport[] => {
  const { mode } = context.config.coordination;
  if (mode !== 'direct') throw rbError('config.transport-unavailable', 'coordination.mode', { mode });
  const endpoints = directEndpoints(context.config);
  if (endpoints === null) return [];
  const { clock, random, log } = context;
  return [new DirectTransport(endpoints, { clock, random, log, openUdp: open }, eventsOf('direct'))];
};

/** The WgActor with sockets of its choice. */
export const wgActorWith = (open: OpenUdp): ActorDefinition<'wg'> => ({
  name: 'wg',
  start: async (context): Promise<RunningActor<'wg'>> => {
    const machine = createActor(wgMachine);
    machine.start();
    let poke: () => void = () => undefined;
    const refusedToSend = { 'too-large': 0, 'no-route': 0, down: 0 };

    const transports: readonly Transport[] = configuredTransports(
      context,
      (transport) => ({
        datagram: (bytes) => {
          context.signal('wg.datagram', { transport, bytes, atMonotonicMs: context.clock.monotonicMs() });
        },
        changed: () => {
          poke();
        },
      }),
      open,
    );

    const tellStatus = (): void => {
      const statuses = transports.map((transport) => transport.status());
      if (statuses.length > 0) {
        machine.send({ type: statuses.some(({ state }) => state === 'up') ? 'UP' : 'DOWN' });
      }
      context.publish('wg.status', { transports: statuses });
    };

    await Promise.all(transports.map((transport) => transport.open()));
    tellStatus();
    const trigger = startLevelTrigger(context.clock, (nowMs) => {
      tellStatus();
      return transports.length === 0 ? null : nowMs + STATUS_EVERY_MS;
    });
    poke = () => {
      trigger.poke();
    };
    trigger.poke();

    return {
      handlers: {
        'wg.send': ({ to, bytes, via }) => {
          const transport = transports.find(({ name }) => via === null || name === via);
          const outcome = transport?.send(to, bytes) ?? 'no-route';
          if (outcome !== 'sent') refusedToSend[outcome]++;
        },
      },
      alive: () => machine.getSnapshot().status === 'active',
      inspect: () => ({
        state: machine.getSnapshot().value,
        context: {
          transports: transports.map((transport) => ({
            ...transport.status(),
            droppedBy: transport.drops(),
          })),
          refusedToSend: { ...refusedToSend },
        },
      }),
      stop: async () => {
        trigger.stop();
        machine.send({ type: 'CLOSE' });
        await Promise.all(transports.map((transport) => transport.close()));
        machine.stop();
      },
    };
  },
});

export const wgActor: ActorDefinition<'wg'> = wgActorWith(openUdp);
