import type { IntroductionPoint } from '@rustbalance/crypto-worker/introduction-point.js';
import type { NetworkView } from '@rustbalance/crypto-worker/task-types.js';
import { errorData } from '@rustbalance/actors/kernel/errors.js';
import type { ChildState } from '@rustbalance/actors/kernel/host-messages.js';
import type { Answer, MessageName, Payload, RequestName } from '@rustbalance/actors/kernel/messages.js';

/**
 * One sample of every message, as a value of the mapped type: a message that is declared without a sample here
 * does not compile. Samples hold what crosses threads worst: bytes, bigints as text, nulls, empty and nested lists.
 */
export type Samples = {
  readonly [N in MessageName]: N extends RequestName
    ? { readonly payload: Payload<N>; readonly answer: Answer<N> }
    : { readonly payload: Payload<N> };
};

/** A value of a branded type, from its plain form. */
const branded = <T>(value: string | number | Uint8Array): T => value as T;

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index % 251);

const address = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd';

const introductionPoint: IntroductionPoint = {
  linkSpecifiers: [
    { type: 0, data: bytes(6) },
    { type: 3, data: bytes(32) },
  ],
  onionKey: branded(bytes(32)),
  authKey: branded(bytes(32)),
  encKey: branded(bytes(32)),
  expires: branded(1_700_000_000),
};

const networkView: NetworkView = {
  validAfter: branded(1_700_000_000),
  freshUntil: branded(1_700_003_600),
  validUntil: branded(1_700_010_800),
  votingIntervalSeconds: 3_600,
  sharedRandomCurrent: branded(bytes(32)),
  sharedRandomPrevious: null,
  hsDirParams: {
    periodLength: branded(1_440),
    replicas: 2,
    spreadStore: 4,
    spreadFetch: 3,
    maxDescriptorSize: 50_000,
  },
  params: { hsdir_n_replicas: 2 },
  relays: { count: 1, fingerprints: bytes(20), ed25519Ids: bytes(32), flags: Uint16Array.of(5) },
  completeness: { relays: 1, microdescriptors: 1, hsDirs: 1, hsDirsWithoutMicrodescriptor: 0 },
};

const child: ChildState = {
  id: 'tor',
  pid: 4_242,
  startedAtMs: 1_700_000_000_000,
  exited: { code: null, signal: 'SIGKILL', atMs: 1_700_000_000_500 },
  lastLines: ['Bootstrapped 100% (done): Done'],
};

export const SAMPLES: Samples = {
  'tor.status': {
    payload: {
      state: 'up',
      version: '0.4.9.11',
      bootstrap: 100,
      instanceAddress: branded(address),
      socks: 'unix:/run/rustbalance/tor-socks.sock',
      deaths: 1,
      lastError: null,
      trouble: null,
      redundancy: null,
    },
  },
  'tor.coordination': { payload: { address: branded(address), state: 'published' } },
  'tor.client-authorizations': {
    payload: { authorizations: [{ address: branded(address), secret: branded(bytes(32)) }] },
  },
  'tor.network': { payload: { view: networkView } },
  'tor.introduction-points': {
    payload: {
      points: [introductionPoint],
      timePeriod: branded(20_000),
      create2Formats: [2],
      flowControl: '1-2 31',
      causedAtMs: 1_700_000_000_000,
    },
  },
  'tor.upload': {
    payload: {
      address: branded(address),
      descriptor: 'hs-descriptor 3\n',
      hsdirs: [branded('A'.repeat(40)), branded('B'.repeat(40))],
    },
    answer: { startedAtMs: 1_700_000_000_000 },
  },
  'tor.upload-answer': {
    payload: {
      address: branded(address),
      hsdir: branded('A'.repeat(40)),
      accepted: false,
      reason: 'UPLOAD_REJECTED',
      atMs: 1_700_000_000_000,
    },
  },
  'tor.fetch': {
    payload: { address: branded(address), hsdir: branded('A'.repeat(40)) },
    answer: { descriptor: null, reason: 'NOT_FOUND' },
  },
  'wg.coordination': {
    payload: {
      service: {
        datagramTarget: 'unix:/run/rustbalance/datagrams.sock',
        joinTarget: 'unix:/run/rustbalance/join.sock',
        clients: [{ name: 'beta', publicKey: branded(bytes(32)) }],
      },
    },
  },
  'wg.status': {
    payload: {
      transports: [
        {
          transport: 'direct',
          state: 'up',
          local: '127.0.0.1:7001',
          sent: 1,
          received: 2,
          dropped: 0,
          lastError: null,
        },
      ],
    },
  },
  'wg.call-join': {
    payload: {
      coordination: branded('a'.repeat(56)),
      clientAuthorization: branded(bytes(32)),
      direct: null,
      frame: bytes(300),
      attempt: 3,
    },
    answer: { frame: null, problem: 'ECONNREFUSED' },
  },
  'wg.datagram': { payload: { transport: 'direct', bytes: bytes(1_200), atMonotonicMs: 12.5 } },
  'wg.send': { payload: { to: branded('n2'), bytes: bytes(0), via: null } },
  'election.role': {
    payload: {
      role: 'publisher',
      publisher: branded('n1'),
      sinceMs: 1_700_000_000_000,
      absent: [{ id: branded('n3'), how: 'silent' }],
    },
  },
  'election.peers': {
    payload: {
      peers: [
        {
          id: branded('n2'),
          lifecycle: 'healthy',
          role: 'standby',
          priority: 20,
          lastSeenSecs: 0.25,
          transport: null,
          introPoints: 3,
          draining: 'no',
          clockOffsetSecs: -0.5,
          roundTripMs: null,
        },
      ],
    },
  },
  'election.introduction-points': {
    payload: {
      nodes: [
        {
          node: branded('n2'),
          points: [introductionPoint, introductionPoint],
          create2Formats: [2, 3],
          flowControl: null,
          causedAtMs: 1_700_000_000_000,
        },
      ],
    },
  },
  'election.counters': { payload: { counters: [{ timePeriod: branded(20_000), n: 86_400 }] } },
  'election.members': {
    payload: {
      members: [
        {
          id: branded('n2'),
          publicKey: branded(bytes(32)),
          addresses: {
            direct: '10.0.0.2:7001',
            wireguard: { publicKey: branded(bytes(32)), endpoint: null },
            coordination: branded(address),
          },
        },
      ],
      joinTokens: [branded(bytes(8))],
    },
  },
  'election.remove-member': { payload: { id: branded('n2') }, answer: { removed: true } },
  'election.join-paths': { payload: { hashes: [bytes(32)] } },
  'election.join': { payload: { frame: bytes(300), admitOnly: true }, answer: { frame: bytes(16_384) } },
  'election.tokens': {
    payload: { action: 'create', seal: null, bringsKey: true, lifetimeSecs: 3_600, uses: 1 },
    answer: {
      tokens: [
        {
          id: '0011223344556677',
          state: 'live',
          issuer: branded('alpha'),
          notAfter: 1_700_003_600,
          uses: 1,
          usedBy: [],
        },
      ],
      created: 'rb1:e30',
    },
  },
  'election.step-down': { payload: { reason: 'shutdown' } },
  'election.reconnect-peer': { payload: { id: branded('beta') } },
  'election.reset': { payload: { reason: 'nobody publishes' } },
  'wg.rebuild': { payload: { reason: 'the tunnel is down' } },
  'wg.reconnect-peer': { payload: { id: branded('beta') } },
  'wg.key-faults': {
    payload: {},
    answer: { files: [{ path: '/k', key: 'node.key_path', state: 'missing', reason: 'ENOENT' }] },
  },
  'wg.restore-key': { payload: { key: 'node.key_path', reason: 'the file is missing' } },
  'tor.restart': { payload: { reason: 'Tor is down' } },
  'tor.instance-faults': { payload: {}, answer: { files: ['hostname'] } },
  'tor.restore-files': { payload: { reason: 'hostname is missing' } },
  'publisher.restore-key': { payload: { reason: 'the file is missing' } },
  'publisher.key-file': { payload: { state: 'missing', reason: 'ENOENT', backupFault: null } },
  'supervisor.restart-actor': {
    payload: { actor: 'proxy', reason: 'it does not listen' },
    answer: { restarted: true },
  },
  'supervisor.drain-under-way': { payload: {}, answer: { untilMs: 1_700_000_000_000 } },
  'supervisor.time-vouched': { payload: {}, answer: { vouched: true } },
  'supervisor.give-up': { payload: { reason: 'Tor is down' }, answer: { ending: true } },
  'health.history': {
    payload: { sinceMs: null },
    answer: {
      entries: [
        {
          error: errorData('health.tor-down', 'tor', { state: 'down', reason: 'unknown' }),
          startedAtMs: 1_700_000_000_000,
          endedAtMs: null,
          times: 1,
          done: [{ atMs: 1_700_000_000_500, what: 'restart-tor' }],
        },
      ],
    },
  },
  'publisher.status': {
    payload: {
      state: 'degraded',
      reason: 'two HSDirs did not answer',
      descriptors: [
        {
          which: 'second',
          timePeriod: branded(20_001),
          revisionCounter: '18446744073709551615',
          introPoints: 6,
          nodes: [{ id: branded('alpha'), introPoints: 6 }],
          publishedAtMs: null,
          hsdirs: [{ fingerprint: branded('A'.repeat(40)), status: 'pending', reason: null }],
        },
      ],
      lastPublishMs: null,
      lastLatencyMs: null,
    },
  },
  'publisher.carried': { payload: { settled: false, nodes: [branded('alpha')] } },
  'election.drain-state': {
    payload: { phase: 'emptying', version: 3, leavesOwnOut: true, untilMs: 1_700_000_600_000, failed: false },
  },
  'election.drain': {
    payload: { on: true, timeoutMs: 600_000 },
    answer: { phase: 'no', refusal: 'drain.alone' },
  },
  'tor.departure': {
    payload: { version: 3, introduction: 0, rendezvous: ['17', '65536'], namesCircuits: true },
  },
  'tor.close-circuits': { payload: { circuits: ['17'] } },
  'publisher.counters': { payload: { counters: [] } },
  'publisher.rival': {
    payload: { withholds: true, rival: { points: 6, foreign: 3, ours: 3, counterInput: null } },
  },
  'publisher.publish-now': { payload: { reason: 'asked' } },
  'proxy.status': {
    payload: {
      state: 'listening',
      listen: 'unix:/run/rustbalance/proxy.sock',
      mode: 'http',
      drain: 'serving',
      openConnections: 1,
      connectionsTotal: 2,
      requestsTotal: 3,
      targetErrorsTotal: 0,
      retriesTotal: 5,
      unavailableTotal: 6,
      bytesIn: 4,
      bytesOut: 2 ** 40,
      targets: [{ state: 'down', suspect: true, outstanding: 7, failuresTotal: 8 }],
    },
  },
  'proxy.target-error': { payload: { reason: 'ECONNREFUSED', count: 17, targets: [0] } },
  'proxy.drain': { payload: { to: 'finishing' } },
  'health.status': {
    payload: {
      target: { healthy: false, checkedAtMs: null, failures: 3 },
      targets: [{ state: 'down', failures: 3, checkedAtMs: null, reason: 'ECONNREFUSED' }],
      canary: {
        failures: 1,
        checkedAtMs: 1_700_000_000_000,
        last: { ok: false, step: 'introduction', reason: 'refused', node: null },
      },
      clockSane: true,
      fit: false,
      timeVouched: true,
      findings: [
        {
          error: errorData('state.write-failed', 'state.json', { reason: 'ENOSPC' }),
          sinceMs: 1_700_000_000_000,
          critical: false,
        },
      ],
    },
  },
  'host.children': { payload: { children: [child, { ...child, exited: null, lastLines: [] }] } },
  'host.spawn': {
    payload: {
      id: 'tor',
      command: 'tor',
      args: ['-f', '/x'],
      env: { PATH: '/usr/bin' },
      cwd: null,
      dropCapabilities: true,
    },
    answer: { ...child, exited: null },
  },
  'host.run': {
    payload: { command: 'wg', args: ['show', 'wg-rb', 'dump'], input: bytes(32), timeLimitMs: 2000 },
    answer: { ended: 'exited', code: 0, stdout: 'x\ty\n', stderr: '' },
  },
  'host.signal': { payload: { id: 'tor', signal: 'SIGTERM' }, answer: { child: null } },
  'pool.run': {
    payload: { task: 'buildDescriptors', input: { masterSecret: bytes(64), requests: [{ n: 1 }] } },
    answer: {
      ok: true,
      value: [{ revisionCounter: 18_446_744_073_709_551_615n, text: 'hs-descriptor 3\n' }],
    },
  },
};
