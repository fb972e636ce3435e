import type { ExpandedSecretKey, RelayFingerprint, UnixSeconds } from '@rustbalance/crypto-worker/brands.js';
import { RbError, rbError, type ErrorData } from '../kernel/errors.js';
import type { Random } from '../kernel/random.js';
import { AddressWatch, machineAddresses } from './address-watch.js';
import { ClientAuthorizations } from './client-authorizations.js';
import { HIDDEN_SERVICE_OPTIONS } from './control/hidden-service-options.js';
import { hasRelayConnection, INFO } from './control/info.js';
import { toWireText } from './control/wire-text.js';
import { Departure } from './departure.js';
import { instanceFault } from './instance-files.js';
import { networkSwitch } from './network-switch.js';
import { NetworkWatch, type NetworkDocuments } from './network-watch.js';
import { OutageWatch } from './outage-watch.js';
import { OwnPoints } from './own-points.js';
import { PointsRenewal } from './points-renewal.js';
import { ServiceGuard } from './service-guard.js';
import type { OnionService } from './service-lines.js';
import type { SessionStart, TorSession } from './session.js';
import { StallWatch } from './stall-watch.js';
import type { TorPlace } from './tor-place.js';
import type { TorSetting } from './tor-setting.js';

/** What the workers need of the actor around them. */
export interface WorkerSetting extends TorSetting {
  /** The session in use, and what it began with; null while there is none. */
  readonly session: () => { readonly tor: TorSession; readonly start: SessionStart } | null;
  readonly serviceFound: (fault: ErrorData | null) => void;
  /** This Tor is of no use any more: another is to take its place. */
  readonly stuck: (why: ErrorData) => void;
  readonly stallChanged: () => void;
  readonly poke: () => void;
}

export interface Workers {
  readonly network: NetworkWatch;
  readonly points: OwnPoints;
  readonly guard: ServiceGuard;
  readonly authorizations: ClientAuthorizations;
  readonly outage: OutageWatch;
  readonly addresses: AddressWatch;
  readonly stall: StallWatch;
  readonly renewal: PointsRenewal;
  readonly departure: Departure;
}

/** The largest descriptor that any Tor takes, until a consensus says it (dir-spec: HSV3MaxDescriptorSize). */
const DEFAULT_MAX_DESCRIPTOR_SIZE = 50_000;

/**
 * A circuit that breaks gives no answer at all, and meanwhile no other HSDir is asked: shorter than for others' fetches,
 * since a late answer does no harm (it is the next question's, about the same).
 */
const OWN_FETCH_DEADLINE_MS = 4_000;

/** Asked at once whether the network is there: a dead one among them must not decide. */
const ASKED_HSDIRS = 3;

/** How far ahead of our clock a counter may be. */
const COUNTER_SLACK_SECS = 10;

/** `count` different ones, each as likely as the others. */
export const sampleOf = <T>(items: readonly T[], count: number, random: Random): readonly T[] => {
  const rest = [...items];
  const taken: T[] = [];
  while (taken.length < count && rest.length > 0) {
    taken.push(...rest.splice(Math.floor(random.uniform() * rest.length), 1));
  }
  return taken;
};

const unlessNotAvailable = async <T>(answer: Promise<T>): Promise<T | null> => {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RbError && error.code === 'control.not-available') return null;
    throw error;
  }
};

/** Consensus and microdescriptors in two commands: one that is not there yet must not fail the other. */
const readDocuments = async (tor: TorSession): Promise<NetworkDocuments | null> => {
  const [consensus, microdescriptors] = await Promise.all([
    unlessNotAvailable(tor.commands.getInfo([INFO.consensus])),
    unlessNotAvailable(tor.commands.getInfo([INFO.microdescriptors])),
  ]);
  const bytes = consensus?.get(INFO.consensus)?.bytes();
  if (bytes === undefined || bytes.length === 0) return null;
  return {
    consensus: bytes,
    microdescriptors: microdescriptors?.get(INFO.microdescriptors)?.bytes() ?? new Uint8Array(),
  };
};

const instanceService = ({ hiddenServiceDir, proxyListen }: TorPlace, virtual: number): OnionService => ({
  directory: hiddenServiceDir,
  ports: [{ virtual, target: proxyListen }],
  isInstance: true,
});

/** The parts that follow one aspect of Tor each, wired to the actor's context. */
export const makeWorkers = (setting: WorkerSetting): Workers => {
  const { context, place, instance, news, poke } = setting;
  const { config, log, clock } = context;
  const { managed, maySet } = place;
  const current = (): { readonly tor: TorSession; readonly start: SessionStart } => {
    const session = setting.session();
    if (session === null) throw rbError('control.closed', 'tor', { reason: 'there is no connection' });
    return session;
  };
  // eslint-disable-next-line prefer-const -- each refers to the other.
  let points: OwnPoints;
  /** The responsible ones for the instance. */
  let hsdirs: readonly RelayFingerprint[] = [];

  const network = new NetworkWatch({
    log,
    read: async () => readDocuments(current().tor),
    parse: async (documents) =>
      context.crypto('parseNetwork', { ...documents, testingTorNetwork: current().start.testingTorNetwork }),
    plan: async (view) => {
      const plan = await context.crypto('publicationPlan', { identity: instance.publicKey, network: view });
      if (plan.ok) return plan.value;
      log.error(
        'the ring of the instance cannot be computed',
        {},
        {
          ...rbError('tor.network-unusable', 'consensus', { problem: plan.detail }).data,
        },
      );
      return null;
    },
    publish: (view) => {
      news.network(view);
    },
    planned: (plan, causedAtMs) => {
      hsdirs = plan[plan.clientsUse].store.map(({ fingerprint }) => fingerprint);
      points.planned(plan, causedAtMs);
    },
    hurry: managed ? async () => current().tor.commands.signal('RELOAD') : null,
    wallMs: () => clock.wallMs(),
    poke,
  });

  points = new OwnPoints({
    log,
    instance: instance.address,
    pollMs: config.tor.intro_poll_interval_secs * 1000,
    readOwn: async () => current().tor.commands.serviceDescriptor(instance.address),
    fetchOwn: async (hsdir) => {
      const { fetcher } = current().tor;
      const { descriptor, reason } = await fetcher.fetch(instance.address, hsdir, OWN_FETCH_DEADLINE_MS);
      if (reason !== null) log.debug('own descriptor not fetched', { hsdir, reason });
      return descriptor;
    },
    decode: async (descriptor, which) => {
      const params = network.view?.hsDirParams;
      if (params === undefined) throw rbError('control.closed', 'tor', { reason: 'no consensus yet' });
      return context.crypto('decodeDescriptor', {
        descriptor,
        identity: instance.publicKey,
        periodLength: params.periodLength,
        timePeriods: which.candidates,
        now: Math.floor(clock.wallMs() / 1000) as UnixSeconds,
        maxDescriptorSize: Math.max(params.maxDescriptorSize, DEFAULT_MAX_DESCRIPTOR_SIZE),
      });
    },
    bornAtMs: async (descriptor, srvRunStart) => {
      const params = network.view?.hsDirParams;
      if (params === undefined) return null;
      const sinceRunStart = Math.ceil(clock.wallMs() / 1000) - srvRunStart;
      const input = await context.crypto('findCounterInput', {
        secret: instance.secret.reveal() as ExpandedSecretKey,
        timePeriod: descriptor.timePeriod,
        periodLength: params.periodLength,
        counter: descriptor.revisionCounter,
        maxN: Math.max(1, sinceRunStart + COUNTER_SLACK_SECS),
      });
      return input.ok ? (srvRunStart + input.value - 1) * 1000 : null;
    },
    sample: (hsdirs: readonly RelayFingerprint[], count) => sampleOf(hsdirs, count, context.random),
    publish: (own) => {
      news.points(own);
    },
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    poke,
  });

  const service = instanceService(place, config.proxy.virtual_port);
  const torUid = (): number => current().start.torUid ?? process.getuid?.() ?? 0;
  const authorizations = new ClientAuthorizations({
    log,
    add: async ({ address, secret }) => current().tor.commands.clientAuthAdd(address, secret),
    remove: async (address) => current().tor.commands.clientAuthRemove(address),
    poke,
  });
  const guard = new ServiceGuard({
    log,
    instance: service,
    coordination: setting.coordination,
    maySet,
    readServices: async () => current().tor.commands.getConf([HIDDEN_SERVICE_OPTIONS]),
    isPublishingOff: async () =>
      (await current().tor.commands.getConf(['PublishHidServDescriptors'])).some(
        ({ value }) => value === '0',
      ),
    directoryFault: async ({ directory }) =>
      directory === service.directory
        ? instanceFault(directory, torUid())
        : setting.coordination.fault(torUid()),
    setConf: async (lines) => {
      await current().tor.commands.setConf(lines);
      authorizations.again();
    },
    resetConf: async (lines) => {
      await current().tor.commands.resetConf(lines);
      authorizations.again();
    },
    settingUp: () => {
      points.renewed();
    },
    found: setting.serviceFound,
    poke,
  });
  const answers = async (hsdir: RelayFingerprint): Promise<boolean> => {
    const { fetcher } = current().tor;
    const { descriptor, reason } = await fetcher.fetch(instance.address, hsdir, OWN_FETCH_DEADLINE_MS);
    return descriptor !== null || reason === 'NOT_FOUND';
  };
  const outage = new OutageWatch({
    log,
    // Without a consensus there is nobody to ask, and nothing to withhold either.
    ask: async () => {
      const asked = sampleOf(hsdirs, ASKED_HSDIRS, context.random);
      return asked.length === 0 || (await Promise.all(asked.map(answers))).includes(true);
    },
    withhold: () => {
      points.withhold('network');
    },
    release: (anew) => {
      points.release('network', anew);
    },
    // Others' onion services on a Tor of theirs would lose their visitors.
    network: managed ? networkSwitch(() => current().tor.commands) : null,
    poke,
  });
  const addresses = new AddressWatch({
    log,
    addresses: machineAddresses(config.wireguard.interface),
    withhold: () => {
      points.withhold('address');
    },
    release: (anew) => {
      points.release('address', anew);
    },
    network: managed ? networkSwitch(() => current().tor.commands) : null,
    poke,
  });
  const stall = new StallWatch({
    log,
    reachesRelays: async () => {
      const info = await current().tor.commands.getInfo([INFO.relayConnections]);
      return hasRelayConnection(info.get(INFO.relayConnections)?.text() ?? toWireText(''));
    },
    network: managed ? networkSwitch(() => current().tor.commands) : null,
    restart: managed || place.mayRestartUnit ? setting.stuck : null,
    withhold: () => {
      points.withhold('stall');
    },
    release: () => {
      points.release('stall');
    },
    changed: setting.stallChanged,
    poke,
  });
  const departure = new Departure({
    log,
    instance: instance.address,
    services: maySet
      ? {
          directory: service.directory,
          read: async () => current().tor.commands.getConf([HIDDEN_SERVICE_OPTIONS]),
          fault: async () => instanceFault(service.directory, torUid()),
          set: async (lines) => {
            await current().tor.commands.setConf(lines);
            authorizations.again();
          },
        }
      : null,
    closeCircuit: async (id) => current().tor.commands.closeCircuit(id),
    publishedRelays: () => points.relays,
    publish: (view) => {
      news.departure(view);
    },
    monotonicMs: () => clock.monotonicMs(),
    poke,
  });
  const renewal = new PointsRenewal(log);
  return { network, points, guard, authorizations, outage, addresses, stall, renewal, departure };
};
