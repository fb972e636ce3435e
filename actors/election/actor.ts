import { createActor } from 'xstate';
import type { ActorContext, ActorDefinition, RunningActor } from '../kernel/actor.js';
import { pause } from '../kernel/clock.js';
import type { ClusterTag } from '../kernel/cluster-keys.js';
import { nodePaths } from '../kernel/config/paths.js';
import { toErrorData } from '../kernel/errors.js';
import { startLevelTrigger } from '../kernel/level-trigger.js';
import type { Payload } from '../kernel/messages.js';
import { healthTold, publisherTold, torTold } from './ability.js';
import { newClusterState } from './cluster-state.js';
import {
  beginDraining,
  drainRefusal,
  endDraining,
  isDraining,
  resumeDraining,
  tellDraining,
} from './draining.js';
import { noteRival } from './cluster-findings.js';
import type { ClusterState, World } from './cluster-state.js';
import { merged } from './counters.js';
import { factPublisher } from './facts.js';
import { receive, refuseCrowded } from './inbound.js';
import { slicedInbox } from './inbox.js';
import { electionContext } from './inspection.js';
import { openJoining, refuseTokens } from './joining.js';
import { readPendingFile, startPendingJoin } from './pending.js';
import type { ReadPending } from './pending.js';
import { announceRelease } from './leading.js';
import { electionMachine, eventFor } from './machine.js';
import { staticMembership } from './members.js';
import type { AgreeKeys, Membership } from './members.js';
import { renewOwnRecord } from './own-record-renewal.js';
import { EMPTY_SET, MAX_RECORDS, withRecordsUpTo } from './records/record-set.js';
import { fileRecordStore } from './records/store.js';
import type { RecordStore } from './records/store.js';
import { gatherMs } from './scale.js';
import { removeMember } from './removing.js';
import { reconnectPeer, resetElection, stepDown } from './repairs.js';
import { ownSet } from './own-points.js';
import { post } from './post.js';
import { electionSettings } from './settings.js';
import { electionStep } from './step.js';
import { pairKeys } from './wire/pair-keys.js';

/** A goodbye that is lost costs the others three probes, or a cluster of two its long timeouts: say it several times. */
const GOODBYES = 3;
const BETWEEN_GOODBYES_MS = 40;

const worldOf = (context: ActorContext<'election'>, store: RecordStore | null): World => ({
  clock: context.clock,
  random: context.random,
  log: context.log,
  send: (to, bytes, via) => {
    context.order('wg.send', { to, bytes, via });
  },
  closeCircuits: (circuits) => {
    context.order('tor.close-circuits', { circuits });
  },
  keep: (records) => {
    store?.save(records);
  },
});

/** Gives the lease back and says goodbye, within the deadline. */
const leave = async (state: ClusterState, world: World, deadlineMs: number): Promise<void> => {
  if (state.lease.role === 'publisher') announceRelease(state, world);
  const again = Math.min(BETWEEN_GOODBYES_MS, deadlineMs / (GOODBYES + 1));
  for (let said = 0; said < GOODBYES && state.peers.length > 0; said++) {
    if (said > 0) await pause(world.clock, again);
    for (const peer of state.peers) post(state, world, peer, { kind: 'goodbye' });
  }
};

/** What tests put in the place of curve operations and files. */
export interface ElectionMeans {
  readonly agree: AgreeKeys;
  /** Where this node keeps its records. */
  readonly openStore: (context: ActorContext<'election'>, cluster: ClusterTag) => RecordStore;
  readonly readPending: ReadPending;
}

const openFileStore: ElectionMeans['openStore'] = ({ config, log, clock }, cluster) =>
  fileRecordStore({
    folder: config.coordination.members_dir,
    path: nodePaths(config).membersFile,
    cluster,
    log,
    clock,
  });

/** Null where the members are those of the configuration only. */
const storeFor = (
  context: ActorContext<'election'>,
  { secret }: Membership,
  openStore: ElectionMeans['openStore'],
): RecordStore | null =>
  secret === null || context.config.coordination.members_dir === '' ? null : openStore(context, secret.tag);

/** The main thread answers at once; a daemon that does not has other troubles than a drain. */
const DRAIN_QUESTION_MS = 2_000;

/** An order of the operator outlives the actor that it was given to. */
const resumeDrain = async (
  { generation, request, log }: ActorContext<'election'>,
  state: ClusterState,
  world: World,
): Promise<void> => {
  if (generation === 1) return;
  try {
    const { untilMs } = await request('supervisor.drain-under-way', {}, DRAIN_QUESTION_MS);
    if (untilMs !== null) resumeDraining(state, world, untilMs);
  } catch (error) {
    log.warn('Whether this node was draining is not known: it serves', {}, toErrorData(error, 'election'));
  }
};

/** The ElectionActor with means of one's choice. */
export const electionActorWith = ({
  agree = pairKeys,
  openStore = openFileStore,
  readPending = readPendingFile,
}: Partial<ElectionMeans>): ActorDefinition<'election'> => ({
  name: 'election',
  start: async (context): Promise<RunningActor<'election'>> => {
    const settings = electionSettings(context.config);
    const membership = staticMembership(context.config, context.secrets, agree);
    const store = storeFor(context, membership, openStore);
    const world = worldOf(context, store);
    const pending = await readPending(context, membership.self.publicKey);
    const { set: kept } = withRecordsUpTo(EMPTY_SET, (await store?.load()) ?? [], MAX_RECORDS);
    const hasKey = context.config.master.identity_key_path !== '';
    const state = newClusterState(settings, membership, hasKey, world, kept);
    renewOwnRecord(state, world, context.config);
    await resumeDrain(context, state, world);
    const tellFacts = factPublisher((name, payload) => {
      context.publish(name, payload);
    }, context.config.join.via_master);
    const machine = createActor(electionMachine);
    machine.start();

    const trigger = startLevelTrigger(context.clock, (nowMs) => {
      const due = electionStep(state, world, tellFacts, nowMs);
      const event = eventFor(state.lease.role);
      if (event !== null) machine.send(event);
      return due;
    });
    const nowMs = (): number => context.clock.monotonicMs();
    const joining = openJoining(context, state, world, () => {
      trigger.poke();
    });
    state.desk = joining?.desk ?? null;
    const inbox = slicedInbox<Payload<'wg.datagram'>>(context.clock, ({ bytes, transport }) => {
      receive(state, world, bytes, transport);
      trigger.poke(gatherMs(state.settings, state.peers.length));
    });
    const endPendingJoin = startPendingJoin(context, state, world, pending, () => {
      trigger.poke();
    });
    trigger.poke();

    return {
      handlers: {
        'wg.datagram': (datagram) => {
          if (!inbox.take(datagram)) refuseCrowded(state);
        },
        'wg.status': ({ transports }) => {
          const up = transports.filter(({ state: its }) => its === 'up');
          state.transportsUp = new Set(up.map(({ transport }) => transport));
          state.organs = { ...state.organs, transport: up.length > 0 ? 'up' : 'ill' };
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
        'publisher.rival': ({ withholds, rival }) => {
          state.publisherWithholds = withholds;
          noteRival(state, rival, nowMs());
          trigger.poke();
        },
        'publisher.status': (status) => {
          state.ability = publisherTold(state.ability, status.state, nowMs());
          trigger.poke();
        },
        'health.status': ({ fit }) => {
          if (fit === state.ability.fit) return;
          const now = fit ? 'is fit to publish again' : 'is not fit to publish: others come first';
          context.log.info(`This node ${now}`);
          state.ability = healthTold(state.ability, fit);
          trigger.poke();
        },
        'publisher.carried': (carried) => {
          state.carried = carried;
          for (const peer of state.peers) tellDraining(state, world, peer);
          trigger.poke();
        },
        'tor.departure': (departure) => {
          state.departure = departure;
          trigger.poke();
        },
        'election.drain': ({ on, timeoutMs }) => {
          const refusal = on && !isDraining(state) ? drainRefusal(state) : null;
          if (!on) endDraining(state, world);
          else if (refusal === null) beginDraining(state, world, timeoutMs, nowMs());
          trigger.poke();
          return Promise.resolve({ phase: state.draining.phase, refusal });
        },
        'election.join': async ({ frame, admitOnly }) => {
          const desk = joining?.desk;
          return { frame: (await (admitOnly ? desk?.joinByMaster(frame) : desk?.join(frame))) ?? null };
        },
        'election.tokens': (command) => Promise.resolve(joining?.tokens(command) ?? refuseTokens()),
        'election.remove-member': ({ id }) => {
          const removed = removeMember(state, world, id, nowMs());
          trigger.poke();
          return Promise.resolve({ removed });
        },
        'election.reconnect-peer': ({ id }) => {
          if (reconnectPeer(state, id, nowMs())) trigger.poke();
        },
        'election.reset': ({ reason }) => {
          if (!resetElection(state, world, nowMs())) return;
          context.log.warn('the election starts anew as a repair', { reason: reason.slice(0, 200) });
          trigger.poke();
        },
        'election.step-down': ({ reason }) => {
          if (!stepDown(state, nowMs())) return;
          context.log.info('Told to give the lease back if another node can publish', {
            reason: reason.slice(0, 200),
          });
          trigger.poke();
        },
      },
      alive: () => machine.getSnapshot().status === 'active',
      inspect: () => ({
        state: machine.getSnapshot().value,
        context: electionContext(state, machine.getSnapshot().context.terms, nowMs()),
      }),
      stop: async (deadlineMs, reason) => {
        endPendingJoin();
        inbox.close();
        trigger.stop();
        // The peers take a successor for this node itself: it finds the lease where it was, as after a crash.
        if (reason === 'shutdown') {
          machine.send({ type: 'LEAVE' });
          await leave(state, world, deadlineMs);
        }
        await store?.flush();
        machine.stop();
      },
    };
  },
});

export const electionActor: ActorDefinition<'election'> = electionActorWith({});
