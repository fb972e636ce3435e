import { z } from 'zod';
import { NODE_ID_PATTERN } from '../brands.js';

/**
 * Every configuration key, once: type, bounds, default, and the sentence that the annotated example shows.
 * Durations in seconds accept fractions.
 */
const seconds = (fallback: number, text: string, bounds: { min?: number; max?: number } = {}) =>
  z
    .number()
    .min(bounds.min ?? 0.05)
    .max(bounds.max ?? 604_800)
    .default(fallback)
    .describe(text);

const path = (fallback: string, text: string) => z.string().max(4096).default(fallback).describe(text);

const port = (fallback: number, text: string) =>
  z.number().int().min(1).max(65_535).default(fallback).describe(text);

const hostPort = z.string().regex(/^(\[[0-9a-fA-F:]+\]|[0-9.]+):\d{1,5}$/, 'must be IP:PORT');

const base64Key = z.string().regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64');

const node = z.strictObject({
  id: z
    .string()
    .regex(NODE_ID_PATTERN, 'must be 1-63 of a-z, 0-9 and -')
    .describe("This node's name in the cluster; unique."),
  priority: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(100)
    .describe('Who publishes: the lowest number among live nodes.'),
  key_path: path('/etc/rustbalance/node.key', "This node's own Ed25519 key (32-byte seed, base64)."),
  state_dir: path('/var/lib/rustbalance', 'Where state.json and the Tor data live.'),
  run_dir: path('/run/rustbalance', 'Where the sockets live; mode 0700.'),
  hidden_service_dir: path('', "HiddenServiceDir of this node's instance; empty: below tor.data_dir."),
  clock_skew_tolerance_secs: seconds(
    5,
    "How far a peer's clock may be off before that is a finding; its messages are judged by its own clock.",
  ),
});

const master = z.strictObject({
  onion_address: z
    .string()
    .regex(/^[a-z2-7]{56}\.onion$/, 'must be 56 base32 characters and .onion')
    .describe('The one address that all nodes answer for.'),
  identity_key_path: path(
    '/etc/rustbalance/master.key',
    "The master address's secret key; empty: this node never publishes.",
  ),
  backup_key_path: path(
    '',
    'A second copy of that key, which the daemon keeps and starts from when the first is lost; empty: none. Keep it on another disk, at least as closely.',
  ),
});

const target = z.strictObject({
  url: z
    .string()
    .max(2048)
    .default('')
    .describe('Short form: http://HOST:PORT, https://…, tcp://… (raw) or an onion address.'),
  urls: z
    .array(z.string().max(2048))
    .max(16)
    .default([])
    .describe('Several targets instead of url, all http or all tcp: each request goes to one that is well.'),
  onion_address: z
    .string()
    .max(300)
    .default('')
    .describe('Long form: host name, address or onion address of the target.'),
  port: port(80, 'Port of the target (long form).'),
  use_tls: z.boolean().default(false).describe('Speak TLS to the target (long form).'),
  tls_verify: z.boolean().default(true).describe("Verify the target's certificate."),
  mode: z
    .enum(['http', 'raw'])
    .default('http')
    .describe('http rewrites headers to the master address; raw passes bytes.'),
  connect_timeout_secs: seconds(30, 'Connecting to the target, SOCKS included.'),
  session_timeout_secs: seconds(300, 'A connection on which nothing moves is closed after this.'),
  down_page: path(
    '',
    'HTML page (64 KiB at most) that clients get with status 503 while no target is well; read again when it changes.',
  ),
});

const proxy = z.strictObject({
  listen: z
    .string()
    .max(300)
    .default('')
    .describe('IP:PORT or unix:/path that Tor connects to; empty: a unix socket in run_dir.'),
  virtual_port: port(80, 'The port that clients of the master address connect to.'),
  max_connections: z
    .number()
    .int()
    .min(1)
    .max(65_536)
    .default(4096)
    .describe('Open client connections; more are closed at once.'),
  max_header_bytes: z
    .number()
    .int()
    .min(1024)
    .max(1_048_576)
    .default(32_768)
    .describe('Size of all headers of one message.'),
  header_timeout_secs: seconds(30, 'A client must have sent its headers within this.'),
  drain_secs: seconds(
    5,
    'At a stop, open connections may take this long to finish. Above 24, TimeoutStopSec of the systemd unit (90 s) must be raised to 60 s and 1.25 times this.',
    { min: 0, max: 60 },
  ),
});

const tor = z.strictObject({
  mode: z
    .enum(['managed', 'system'])
    .default('managed')
    .describe('managed: our own tor process; system: one that systemd runs.'),
  control_host: z
    .string()
    .max(253)
    .default('127.0.0.1')
    .describe('Host of the control and SOCKS ports of a system Tor.'),
  control_port: port(9051, 'Control port of a system Tor.'),
  control_socket: path('', 'Unix control socket of a system Tor; wins over host and port.'),
  control_password: z
    .string()
    .max(1024)
    .default('')
    .describe('Only for HashedControlPassword; a cookie is better.'),
  socks_port: port(9050, 'SOCKS port of a system Tor.'),
  socks_socket: path('', 'Unix SOCKS socket of a system Tor; wins over host and port.'),
  binary: path('tor', 'The tor program (managed mode).'),
  data_dir: path('', "Tor's data directory (managed mode); empty: state_dir/tor."),
  extra_torrc: z
    .array(z.string().max(1000))
    .max(200)
    .default([])
    .describe('Lines added to the torrc of each Tor that we run.'),
  configure_service: z
    .boolean()
    .default(false)
    .describe(
      'May we add our onion services to a system Tor by SETCONF? Without it that Tor is neither set nor reloaded: the log says which lines it lacks, and when to reload it.',
    ),
  restart_service: z
    .boolean()
    .default(false)
    .describe(
      'May we restart a system Tor that is down or hangs, by systemctl (rustbalance-tor, tor@default, tor: the first that is there)?',
    ),
  standby: z
    .boolean()
    .default(false)
    .describe(
      'Run a second Tor with introduction points of its own, which takes over at once when the first dies or hangs?',
    ),
  intro_poll_interval_secs: seconds(
    30,
    'Introduction points are read again this often even if no event came.',
  ),
});

const coordination = z.strictObject({
  mode: z.enum(['wireguard', 'tor', 'direct']).default('direct').describe('How nodes reach each other.'),
  heartbeat_interval_secs: seconds(10, 'Each node sends its state to each peer this often.'),
  probe_interval_secs: seconds(
    1,
    'Each peer is probed this often; three probes unanswered by any path are a death.',
  ),
  heartbeat_timeout_secs: seconds(30, 'A peer silent for this long is suspect.'),
  lease_duration_secs: seconds(60, "How long a publisher's lease holds without renewal."),
  backoff_jitter_secs: seconds(15, 'Random wait before claiming a lease that several may claim.', { min: 0 }),
  cluster_token: z
    .string()
    .max(1024)
    .default('')
    .describe('Secret shared by all nodes; better in cluster_token_file.'),
  cluster_token_file: path('', 'File that holds the cluster token.'),
  members_dir: path(
    '',
    'Folder of the members that this node was made with (peers/*.pub); empty: none but direct.peers.',
  ),
});

const wireguard = z.strictObject({
  interface: z
    .string()
    .regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,14}$/, 'must be the name of a network interface')
    .default('wg-rb')
    .describe('Name of the tunnel interface; nothing else may use it.'),
  listen_port: port(51_820, 'UDP port of the tunnels.'),
  endpoint: z
    .union([z.literal(''), hostPort])
    .default('')
    .describe('IP:PORT by which other nodes reach this one; empty: it calls them.'),
  private_key_path: path(
    '/etc/rustbalance/wg_private.key',
    'The WireGuard private key (X25519, base64, as wg genkey writes it).',
  ),
  check_interval_secs: seconds(30, 'How often the interface is checked; a broken one is rebuilt.'),
});

const join = z.strictObject({
  max_joins: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe('New nodes within window_secs; more must wait.'),
  window_secs: seconds(300, 'The sliding window of max_joins.'),
  via_master: z
    .boolean()
    .default(false)
    .describe('Take joins at the master address as well (POST /.rb/…); target.mode http only, on all nodes.'),
});

const directPeer = z.strictObject({
  id: z.string().regex(NODE_ID_PATTERN, 'must be 1-63 of a-z, 0-9 and -').describe("The peer's node id."),
  address: hostPort.describe("The peer's direct listen address."),
  public_key: base64Key.describe("The peer's node public key (Ed25519, base64)."),
});

const direct = z.strictObject({
  listen: z
    .union([z.literal(''), hostPort])
    .default('')
    .describe('UDP address of this node.'),
  peers: z.array(directPeer).max(64).default([]).describe('The other nodes.'),
});

const publish = z.strictObject({
  refresh_interval_secs: seconds(600, 'How often what the HSDirs hold is checked.'),
  takeover_grace_secs: seconds(
    90,
    'How long a silent publisher is waited for after heartbeat_timeout_secs.',
    { min: 0 },
  ),
  hsdir_min_accepted: z
    .number()
    .int()
    .min(1)
    .max(32)
    .default(4)
    .describe('Fewer acceptances of a descriptor are retried at once.'),
});

const health = z.strictObject({
  descriptor_max_age_secs: seconds(900, 'Acceptance unconfirmed for this long forces an upload.'),
  http_probe_enabled: z.boolean().default(false).describe('Probe the target with an HTTP request.'),
  http_probe_path: z.string().max(2048).default('/health').describe('Path of the probe.'),
  http_probe_timeout_secs: seconds(5, 'Deadline of one probe.'),
  http_probe_interval_secs: seconds(60, 'Time between probes.'),
  probe_failure_threshold: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('Failures in a row that make the target unhealthy.'),
  probe_expected_status: z
    .number()
    .int()
    .min(100)
    .max(599)
    .default(200)
    .describe('Status that counts as healthy.'),
});

const alerts = z.strictObject({
  command: z
    .array(z.string().min(1).max(1000))
    .max(20)
    .default([])
    .describe('Program and arguments that get each alert as JSON on standard input; empty: none.'),
  webhook: z
    .union([
      z.literal(''),
      z
        .string()
        .max(1000)
        .regex(
          /^http:\/\/[a-z2-7]{56}\.onion(:\d{1,5})?(\/[!-~]*)?$/,
          'must be http:// and an onion address: alerts leave through Tor alone',
        ),
    ])
    .default('')
    .describe('http://….onion/… that each alert is posted to, through Tor alone; empty: none.'),
  after_secs: seconds(60, 'A finding that is not critical must last for this; its end must, too.', {
    min: 0,
  }),
  repeat_secs: seconds(3600, 'The same finding is told again after this at the earliest.'),
});

const canary = z.strictObject({
  enabled: z.boolean().default(false).describe('Visit the master address by our own Tor, all the way.'),
  interval_secs: seconds(60, 'Time between visits.', { min: 1 }),
  timeout_secs: seconds(30, 'Deadline of one visit.'),
  path: z.string().max(2048).default('/').describe('Path that is asked for; any status below 500 is good.'),
  failure_threshold: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('Failures in a row that make a finding.'),
});

const resilience = z.strictObject({
  dead_threshold: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(3)
    .describe('Missed heartbeats until a peer is dead when the evidence is ambiguous.'),
  removal_grace_period: seconds(
    30,
    "Wait before a dead peer's introduction points are removed (ambiguous evidence).",
    { min: 0 },
  ),
  tor_fallback_enabled: z
    .boolean()
    .default(true)
    .describe('Reach a peer over Tor while WireGuard does not reach it.'),
  require_ntp_sync: z
    .boolean()
    .default(false)
    .describe('Sign nothing after a start until a time service keeps the clock; unknown is only a finding.'),
  hsdir_max_retries: z
    .number()
    .int()
    .min(0)
    .max(20)
    .default(3)
    .describe('Upload retries to one HSDir before it waits for the next round.'),
});

const supervisor = z.strictObject({
  intensity: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(10)
    .describe('Restarts of one group that are tolerated within period_secs.'),
  period_secs: seconds(300, 'The sliding window of intensity.'),
  start_timeout_secs: seconds(10, 'An actor must have shaken hands within this.'),
  shutdown_secs: seconds(5, 'How long an actor may take to stop when asked.'),
  ping_interval_secs: seconds(1, 'How often each actor must answer for itself.'),
  ping_timeout_secs: seconds(
    5,
    'An actor that has not answered for this long is ended and restarted; one that spins, as soon as that has cost a second of processor time.',
  ),
});

const log = z.strictObject({
  level: z
    .enum(['error', 'warn', 'info', 'debug'])
    .default('info')
    .describe('Most verbose level that is written.'),
  format: z.enum(['text', 'json']).default('text').describe('One line of text, or one JSON object a line.'),
});

const chaos = z.strictObject({
  enabled: z.boolean().default(false).describe('Allow rbctl chaos: for tests only.'),
});

export const configSchema = z.strictObject({
  node: node.describe('This machine.'),
  master: master.describe('The address that is balanced.'),
  target: target.prefault({}).describe('The real service.'),
  proxy: proxy.prefault({}).describe('The reverse proxy between Tor and the target.'),
  tor: tor.prefault({}).describe('The Tor of this node.'),
  coordination: coordination.prefault({}).describe('How the nodes of a cluster agree.'),
  wireguard: wireguard.prefault({}).describe('Tunnels between nodes that know each other by IP address.'),
  join: join.prefault({}).describe('How new nodes come in.'),
  direct: direct.prefault({}).describe('UDP between nodes on a network that exists already.'),
  publish: publish.prefault({}).describe('Descriptors and HSDirs.'),
  health: health.prefault({}).describe('What is watched.'),
  alerts: alerts.prefault({}).describe('Who is told when something is wrong.'),
  canary: canary.prefault({}).describe('Whether clients get through, end to end.'),
  resilience: resilience.prefault({}).describe('When a silent peer is given up.'),
  supervisor: supervisor.prefault({}).describe('When an actor is restarted, and when the process gives up.'),
  log: log.prefault({}).describe('What is written to standard error.'),
  chaos: chaos.prefault({}).describe('Deliberate damage.'),
});

export type Config = z.infer<typeof configSchema>;
