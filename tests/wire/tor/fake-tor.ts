import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Curve25519PublicKey,
  Ed25519PublicKey,
  ExpandedSecretKey,
  OnionAddress,
  RelayFingerprint,
  TimePeriodNumber,
  UnixSeconds,
} from '@rustbalance/crypto-worker/brands.js';
import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import { TASKS } from '@rustbalance/crypto-worker/tasks.js';
import { systemClock, type Clock } from '@rustbalance/actors/kernel/clock.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { relayOf } from '@rustbalance/crypto-worker/link-specifiers.js';
import { TOR_CAPTURE } from '@rustbalance/tests/vectors/tor-0.4.9.11.js';
import type { FakeOption } from '../../support/fake-control/configuration.js';
import {
  startFakeControlPort,
  type FakeControlOptions,
  type FakeControlPort,
} from '../../support/fake-control-port.js';
import {
  startTorActor,
  TestProcessHost,
  testConfig,
  type HarnessOptions,
  type TorActorHarness,
} from '../../support/tor-actor-context.js';
import { SOME_MASTER } from '../../support/tor-actor-world.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const must = <T>(result: { ok: true; value: T } | { ok: false; detail: string }): T => {
  if (!result.ok) throw new Error(result.detail);
  return result.value;
};

const identity = must(
  TASKS.importIdentity({ bytes: new Uint8Array(Buffer.from(TOR_CAPTURE.secret, 'hex')) }),
);
export const network = must(
  TASKS.parseNetwork({
    consensus: bytes(TOR_CAPTURE.consensus),
    microdescriptors: bytes(TOR_CAPTURE.microdescriptors),
    testingTorNetwork: true,
  }),
);
/** The capture lies between a time period's start and the next shared random value. */
export const plan = must(TASKS.publicationPlan({ identity: identity.publicKey, network }));

/** The points of desc_current in the capture, which is for the period before the clients'. */
export const currentPoints = must(
  TASKS.decodeDescriptor({
    descriptor: bytes(TOR_CAPTURE.descriptor),
    identity: identity.publicKey,
    periodLength: network.hsDirParams.periodLength,
    timePeriods: [plan.first.timePeriod, plan.second.timePeriod] as TimePeriodNumber[],
    now: TOR_CAPTURE.at as UnixSeconds,
    maxDescriptorSize: network.hsDirParams.maxDescriptorSize,
  }),
).introductionPoints;

/** Points on the same relays with keys of their own. */
export const nextPoints: readonly IntroductionPoint[] = currentPoints.map((point, i) => {
  const { publicKey } = must(TASKS.generateIdentity({ seed: new Uint8Array(32).fill(i + 1) }));
  const authKey = Uint8Array.from(publicKey) as Uint8Array as Ed25519PublicKey;
  return { ...point, authKey, encKey: new Uint8Array(32).fill(9 + i) as Curve25519PublicKey };
});

/** HSDirs of the clients' descriptor of the instance. */
export const nextRing = [...new Set(plan.second.store.map(({ fingerprint }) => fingerprint))];

/** desc_next, as Tor would have uploaded it `ageSecs` before the capture. */
export const descNext = (points: readonly IntroductionPoint[] = nextPoints, ageSecs = 0): string => {
  const n = TOR_CAPTURE.at - ageSecs - plan.second.srvRunStart + 1;
  const [built] = must(
    TASKS.buildDescriptors({
      masterSecret: identity.secret as ExpandedSecretKey,
      periodLength: network.hsDirParams.periodLength,
      now: TOR_CAPTURE.at as UnixSeconds,
      create2Formats: [2],
      flowControl: '1-2 31',
      maxDescriptorSize: network.hsDirParams.maxDescriptorSize,
      requests: [{ which: 'second', timePeriod: plan.second.timePeriod, n, introductionPoints: points }],
    }),
  );
  return built!.text;
};

export const instanceAddress: OnionAddress = identity.address;

export const relaysOf = (points: readonly IntroductionPoint[]): RelayFingerprint[] =>
  points.map((point) => relayOf(point)!);

/** A line of circuit-status for an established introduction circuit of the instance. */
export const introCircuit = (id: number, relay: RelayFingerprint): string =>
  `${String(id)} BUILT $${'1'.repeat(40)}~guard,$${relay}~last BUILD_FLAGS=IS_INTERNAL PURPOSE=HS_SERVICE_INTRO HS_STATE=HSSI_ESTABLISHED REND_QUERY=${instanceAddress} TIME_CREATED=2026-11-21T03:00:00.000000`;

/** The clock of the capture, going on from there, `speed` times as fast as the real one. */
const captureClock = (speed: number): Clock => {
  const began = systemClock.monotonicMs();
  const sinceMs = (): number => (systemClock.monotonicMs() - began) * speed;
  return {
    monotonicMs: sinceMs,
    wallMs: () => TOR_CAPTURE.at * 1000 + sinceMs(),
    after: (delayMs, fire) => systemClock.after(delayMs / speed, fire),
  };
};

export interface FakeTor {
  readonly fake: FakeControlPort;
  readonly folder: string;
  readonly instanceDir: string;
  readonly config: Config;
  /** What systemctl was run with, in order. */
  readonly systemctl: readonly string[];
  /** The actor's clock. */
  readonly clock: Clock;
  start(hear?: Pick<HarnessOptions, 'onFact' | 'onAnswer' | 'nodeKey'>): Promise<TorActorHarness>;
  /** A Tor that died and came back: nothing that SETCONF set is left. */
  comeBack(): Promise<FakeControlPort>;
  stop(): Promise<void>;
}

/** The torrc of a system's Tor with somebody else's service. */
export const WIKI: readonly FakeOption[] = [
  { key: 'HiddenServiceDir', value: '/var/lib/tor/wiki' },
  { key: 'HiddenServicePort', value: '80 127.0.0.1:8080' },
];

/** Our service as an operator writes it. */
export const instanceOptions = (folder: string): readonly FakeOption[] => [
  { key: 'HiddenServiceDir', value: join(folder, 'instance') },
  { key: 'HiddenServicePort', value: `80 unix:${join(folder, 'r', 'proxy.sock')}` },
  { key: 'HiddenServiceOnionBalanceInstance', value: '1' },
];

const serve = (fake: FakeControlPort): void => {
  fake.info.set('dir/status-vote/current/consensus-microdesc', TOR_CAPTURE.consensus);
  fake.info.set('md/all', TOR_CAPTURE.microdescriptors);
  fake.info.set(`hs/service/desc/id/${instanceAddress}`, TOR_CAPTURE.descriptor);
  fake.info.set(
    'circuit-status',
    relaysOf(currentPoints)
      .map((relay, i) => introCircuit(i + 1, relay))
      .join('\n'),
  );
  for (const hsdir of nextRing) fake.fetches.set(hsdir, { descriptor: descNext() });
};

export interface FakeTorOptions {
  /** Default: somebody else's service. */
  readonly torrc?: (folder: string) => readonly FakeOption[];
  readonly tor?: Record<string, unknown>;
  /** Default: one whose key nobody has. */
  readonly master?: OnionAddress;
  readonly control?: Omit<FakeControlOptions, 'torrc' | 'socketPath'>;
  readonly password?: string;
  /** What `systemctl show` writes of the units of this Tor; without it there is no systemctl. */
  readonly units?: string;
  /** How fast the actor's clock runs. */
  readonly speed?: number;
}

/** A system's Tor behind a unix control socket, with the captured network and the instance that was captured. */
export const startFakeTor = async (options: FakeTorOptions = {}): Promise<FakeTor> => {
  const folder = await mkdtemp('/tmp/rb-fake-');
  const socketPath = join(folder, 'control');
  const instanceDir = join(folder, 'instance');
  await mkdir(instanceDir, { mode: 0o700 });
  const files = must(TASKS.hiddenServiceFiles({ secret: identity.secret }));
  await writeFile(join(instanceDir, 'hs_ed25519_secret_key'), files.hs_ed25519_secret_key, { mode: 0o600 });
  const testing = { key: 'TestingTorNetwork', value: '1' };
  const torrc = [testing, ...(options.torrc?.(folder) ?? WIKI)];
  const open = async (): Promise<FakeControlPort> => {
    const fake = await startFakeControlPort({ ...options.control, socketPath, torrc });
    serve(fake);
    return fake;
  };
  let fake = await open();
  const nodes: TorActorHarness[] = [];
  const systemctl: string[] = [];
  const clock = captureClock(options.speed ?? 1);
  const host = new TestProcessHost();
  const { units } = options;
  if (units !== undefined) {
    host.onCommand = ({ args }) => {
      systemctl.push(args.join(' '));
      return { ended: 'exited', code: 0, stdout: args[0] === 'show' ? units : '', stderr: '' };
    };
  }
  const config = testConfig({
    node: { state_dir: join(folder, 's'), run_dir: join(folder, 'r'), hidden_service_dir: instanceDir },
    master: { onion_address: `${options.master ?? SOME_MASTER}.onion` },
    tor: { mode: 'system', control_socket: socketPath, configure_service: true, ...options.tor },
  });
  return {
    get fake() {
      return fake;
    },
    folder,
    instanceDir,
    config,
    systemctl,
    clock,
    start: async (hear = {}) => {
      const { password } = options;
      const node = await startTorActor({
        config,
        host,
        clock,
        ...hear,
        ...(password === undefined ? {} : { password }),
      });
      nodes.push(node);
      return node;
    },
    comeBack: async () => {
      await fake.close();
      await rm(socketPath, { force: true });
      fake = await open();
      return fake;
    },
    stop: async () => {
      for (const node of nodes) await node.stop();
      await fake.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
