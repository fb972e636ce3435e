import { createActor } from 'xstate';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { clusterSecret } from '../kernel/cluster-keys.js';
import { nodePaths } from '../kernel/config/paths.js';
import { startLevelTrigger } from '../kernel/level-trigger.js';
import type { Payload } from '../kernel/messages.js';
import { parseStreamAddress } from '../kernel/stream-address.js';
import { PairAgreements } from './agreements.js';
import type { Agreements } from './agreements.js';
import { membersFollower } from './follow-members.js';
import { configuredTransports, systemSockets } from './configured-transports.js';
import type { TransportSockets } from './configured-transports.js';
import { Doors, isServiceWanted, speaksOverTor } from './coordination.js';
import { JoinCaller } from './join-caller.js';
import { JoinDoor } from './join-door.js';
import type { AnswerJoin } from './join-door.js';
import { wgMachine } from './machine.js';
import { chooseTransport } from './choose-transport.js';
import { KeyFiles } from './key-files.js';
import { listenTcp } from './tcp-listener.js';
import type { Transport } from './transport.js';
import { openUdp } from './udp-socket.js';
import type { OpenUdp } from './udp-socket.js';
import type { ListenUnix } from './unix-listener.js';

/** Counters move with every datagram; the fact is told this often, and at once when a transport goes up or down. */
const STATUS_EVERY_MS = 5000;

/** The keys of the doors, where this node has what they are derived from. */
const doorsOf = ({ secrets, config }: ActorContext<'wg'>, agreements: Agreements): Doors | null => {
  const { nodeKey, clusterToken } = secrets;
  if (nodeKey === null || clusterToken === null) return null;
  return new Doors(
    clusterSecret(clusterToken.reveal(), config.master.onion_address),
    nodeKey.reveal() as Ed25519Seed,
    agreements,
  );
};

/** The ElectionActor answers within 8 s; the listener waits 15. */
const JOIN_DEADLINE_MS = 12_000;

/** Hands a join to the ElectionActor. That it cannot be asked looks like a refusal from outside. */
const answerBy =
  (context: ActorContext<'wg'>): AnswerJoin =>
  async (frame) =>
    (await context.request('election.join', { frame, admitOnly: false }, JOIN_DEADLINE_MS)).frame;

/** Where joins arrive: by the coordination service, or, where the nodes do without Tor between them, beside the datagrams. */
const joinDoorOf = (context: ActorContext<'wg'>, listen: ListenUnix): JoinDoor => {
  const { coordination, direct } = context.config;
  const answer = answerBy(context);
  return coordination.mode === 'direct'
    ? new JoinDoor(context, direct.listen, listenTcp, answer)
    : new JoinDoor(context, nodePaths(context.config).joinSocket, listen, answer);
};

/** The WgActor with sockets, streams and tunnels of its choice. */
export const wgActorWith = (
  open: OpenUdp,
  others: Partial<Omit<TransportSockets, 'openUdp'>> = {},
): ActorDefinition<'wg'> => ({
  name: 'wg',
  start: async (context): Promise<RunningActor<'wg'>> => {
    const { config } = context;
    const sockets: TransportSockets = { ...systemSockets, ...others, openUdp: open };
    const machine = createActor(wgMachine);
    machine.start();
    let poke: () => void = () => undefined;
    const refusedToSend = { 'too-large': 0, 'no-route': 0, down: 0 };

    const agreements = new PairAgreements(
      (context.secrets.nodeKey?.reveal() ?? null) as Ed25519Seed | null,
      (task, input) => context.crypto(task, input),
    );
    const configured = configuredTransports(
      context,
      (transport) => ({
        datagram: (bytes) => {
          context.signal('wg.datagram', { transport, bytes, atMonotonicMs: context.clock.monotonicMs() });
        },
        changed: () => {
          poke();
        },
      }),
      sockets,
      agreements,
    );
    const transports = configured.all;
    const doors = doorsOf(context, agreements);
    const keyFiles = new KeyFiles(context, process.env['CREDENTIALS_DIRECTORY'] ?? null);
    const joinDoor = joinDoorOf(context, sockets.listen);
    let authorizations: Payload<'tor.client-authorizations'>['authorizations'] | null = null;
    let torIsUp = false;

    const caller = new JoinCaller({
      clock: context.clock,
      dial: sockets.dial,
      doorsChanged: () => {
        tellAuthorizations();
      },
    });

    const tellAuthorizations = (): void => {
      if (authorizations === null || !torIsUp) return;
      context.order('tor.client-authorizations', { authorizations: caller.doors(authorizations) });
    };

    const tellStatus = (): void => {
      const statuses = transports.map((transport) => transport.status());
      if (statuses.length > 0) {
        machine.send({ type: statuses.some(({ state }) => state === 'up') ? 'UP' : 'DOWN' });
      }
      context.publish('wg.status', { transports: statuses });
    };

    const useMembers = ({ members, joinTokens }: Payload<'election.members'>): void => {
      configured.useMembers(members);
      if (doors === null) return;
      const keys = doors.keysFor(members, joinTokens);
      const wanted = isServiceWanted(config, members.length, joinTokens.length) && keys.clients.length > 0;
      joinDoor.shall(
        config.coordination.mode === 'direct' ? joinTokens.length > 0 && config.direct.listen !== '' : wanted,
      );
      const { datagramSocket, joinSocket } = nodePaths(config);
      context.publish('wg.coordination', {
        service: wanted
          ? {
              datagramTarget: `unix:${datagramSocket}`,
              joinTarget: `unix:${joinSocket}`,
              clients: keys.clients,
            }
          : null,
      });
      authorizations = speaksOverTor(config) ? keys.authorizations : [];
      tellAuthorizations();
    };

    const followTor = ({ state, socks }: Payload<'tor.status'>): void => {
      const isUp = state === 'up';
      // An actor of Tor that was started anew knows of no order: every Tor that comes up is told again.
      const comesUp = isUp && !torIsUp;
      torIsUp = isUp;
      if (comesUp) tellAuthorizations();
      // In between, the connection to the control port may be lost while streams go on.
      if (!isUp && state !== 'down' && state !== 'launching') return;
      const at = isUp && socks !== null ? parseStreamAddress(socks) : null;
      configured.useSocks(at);
      caller.useSocks(at);
    };

    // What the last incarnation said of them holds no longer, and this one may not come as far as to say otherwise.
    tellStatus();
    await Promise.all([...transports.map((transport) => transport.open()), keyFiles.removeLeftovers()]);
    if (doors === null) context.publish('wg.coordination', { service: null });
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
          const outcome = chooseTransport(transports, via, (transport) => transport.send(to, bytes));
          if (outcome !== 'sent') refusedToSend[outcome]++;
        },
        'wg.rebuild': ({ reason }) => {
          context.log.warn('the tunnel is made anew as a repair', { reason: reason.slice(0, 200) });
          for (const transport of transports) transport.rebuild?.();
        },
        'wg.reconnect-peer': ({ id }) => {
          for (const transport of transports) transport.reconnect?.(id);
        },
        'wg.key-faults': async () => ({ files: await keyFiles.faults() }),
        'wg.restore-key': ({ key }) => {
          void keyFiles.restore(key);
        },
        'wg.call-join': (call) => caller.call(call),
        'election.members': membersFollower(agreements, context, useMembers),
        'host.children': ({ children }) => {
          configured.useChildren(children);
        },
        'tor.status': followTor,
      },
      alive: () => machine.getSnapshot().status === 'active',
      inspect: () => ({
        state: machine.getSnapshot().value,
        context: {
          transports: transports.map((transport) => ({
            ...transport.status(),
            droppedBy: transport.drops(),
            ...transport.details?.(),
          })),
          refusedToSend: { ...refusedToSend },
          joins: joinDoor.counts,
        },
      }),
      stop: async (_deadlineMs, reason) => {
        trigger.stop();
        machine.send({ type: 'CLOSE' });
        joinDoor.close();
        caller.close();
        // Interface, routes and guards wait for a successor as they do after a crash: no key of theirs changes without a new
        // process, and the rest it sets right.
        const end = (transport: Transport): Promise<void> =>
          (reason === 'replace' ? transport.handOver?.() : undefined) ?? transport.close();
        await Promise.all(transports.map(end));
        machine.stop();
      },
    };
  },
});

export const wgActor: ActorDefinition<'wg'> = wgActorWith(openUdp);
