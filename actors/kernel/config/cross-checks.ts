import { isAbsolute, join } from 'node:path';
import { parseOnionAddress } from '@rustbalance/crypto-worker/keys/parse-onion-address.js';
import { isHost, parseHostPort, parseStreamAddress } from '../stream-address.js';
import { nodePaths } from './paths.js';
import { problem } from './problems.js';
import type { ConfigProblem } from './problems.js';
import type { Config } from './schema.js';
import { parseTargets } from './target.js';

/** What the schema cannot see: how values fit together, and formats that want more than a pattern. */
export const crossCheck = (config: Config): readonly ConfigProblem[] => [
  ...masterAddress(config),
  ...paths(config),
  ...backupKey(config),
  ...socketPaths(config),
  ...controlHost(config),
  ...target(config),
  ...probePaths(config),
  ...listenAddresses(config),
  ...timeouts(config),
  ...clusterToken(config),
  ...peers(config),
  ...joinsByMaster(config),
  ...standbyTor(config),
];

/** In raw mode nobody reads requests. */
const joinsByMaster = (config: Config): readonly ConfigProblem[] => {
  const parsed = parseTargets(config);
  if (!config.join.via_master || 'code' in parsed || parsed[0].mode === 'http') return [];
  return [
    problem('config.bad-value', ['join', 'via_master'], { rule: 'must be false for a raw target', hint: '' }),
  ];
};

/** Options by which a second Tor would not start, or would serve the same address. */
const OF_ONE_TOR =
  /^\s*[+/]?(?:\w*port|hiddenservice\w*|(?:data|cache|key)directory|pidfile|\w*cookieauthfile|\w*writetofile|controlsocket|%include)\b/i;

/** The same lines go to both Tors. */
const standbyTor = ({ node, tor }: Config): readonly ConfigProblem[] => {
  if (!tor.standby) return [];
  const rule = (text: string, key: string, ...at: number[]): ConfigProblem =>
    problem('config.bad-value', ['tor', key, ...at], { rule: text, hint: '' });
  const own = join(node.state_dir, 'tor-standby');
  const isWithin = [tor.data_dir, node.hidden_service_dir].some((path) => `${path}/`.startsWith(`${own}/`));
  return [
    ...tor.extra_torrc.flatMap((line, index) =>
      OF_ONE_TOR.test(line)
        ? [
            rule(
              'must open no port, name no folder of Tor and no service where tor.standby is true: both Tors get it',
              'extra_torrc',
              index,
            ),
          ]
        : [],
    ),
    ...(isWithin
      ? [rule('must not be true where the first Tor has its files in state_dir/tor-standby', 'standby')]
      : []),
  ];
};

const masterAddress = (config: Config): readonly ConfigProblem[] => {
  const parsed = parseOnionAddress(config.master.onion_address.slice(0, -'.onion'.length));
  return parsed.ok
    ? []
    : [problem('config.bad-address', ['master', 'onion_address'], { reason: parsed.detail })];
};

/** A copy in the same file is none, and a node that shall hold no key shall hold no copy. */
const backupKey = ({ master }: Config): readonly ConfigProblem[] => {
  const { backup_key_path: backup, identity_key_path: key } = master;
  if (backup === '' || (key !== '' && backup !== key)) return [];
  const rule = 'must be another file than master.identity_key_path, which must not be empty';
  return [problem('config.bad-value', ['master', 'backup_key_path'], { rule, hint: '' })];
};

const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/;

const paths = (config: Config): readonly ConfigProblem[] => {
  const { node, master, tor, coordination } = config;
  const absolute: readonly (readonly [string, string, string])[] = [
    ['node', 'key_path', node.key_path],
    ['node', 'state_dir', node.state_dir],
    ['node', 'run_dir', node.run_dir],
    ['node', 'hidden_service_dir', node.hidden_service_dir],
    ['master', 'identity_key_path', master.identity_key_path],
    ['master', 'backup_key_path', master.backup_key_path],
    ['tor', 'control_socket', tor.control_socket],
    ['tor', 'socks_socket', tor.socks_socket],
    ['tor', 'data_dir', tor.data_dir],
    ['target', 'down_page', config.target.down_page],
    ['coordination', 'cluster_token_file', coordination.cluster_token_file],
  ];
  const mayBeEmpty = new Set([
    'hidden_service_dir',
    'identity_key_path',
    'backup_key_path',
    'control_socket',
    'socks_socket',
    'data_dir',
    'down_page',
    'cluster_token_file',
  ]);
  const refused = absolute.flatMap(([section, key, value]) => {
    if (value === '' && mayBeEmpty.has(key)) return [];
    return isAbsolute(value) && !CONTROL_CHARACTERS.test(value)
      ? []
      : [problem('config.bad-path', [section, key])];
  });
  // Each of these ends up in torrc, where a line end would begin another option.
  const lines = tor.extra_torrc.flatMap((line, index) =>
    CONTROL_CHARACTERS.test(line.replaceAll('\t', ' '))
      ? [problem('config.torrc-line', ['tor', 'extra_torrc', index])]
      : [],
  );
  const binary = tor.binary === '' || CONTROL_CHARACTERS.test(tor.binary);
  return [...refused, ...lines, ...(binary ? [problem('config.bad-path', ['tor', 'binary'])] : [])];
};

/** sun_path holds 108 bytes, the last of which is NUL (unix(7)). */
const MAX_SOCKET_PATH = 107;

const socketPaths = (config: Config): readonly ConfigProblem[] => {
  const derived = nodePaths(config);
  const sockets: readonly (readonly [readonly string[], string])[] = [
    [['node', 'run_dir'], derived.daemonSocket],
    [['node', 'run_dir'], derived.torControlSocket],
    [['node', 'run_dir'], derived.torSocksSocket],
    ...(config.canary.enabled ? [[['node', 'run_dir'], derived.torDiagnosisSocket] as const] : []),
    // The longest of its sockets.
    ...(config.tor.standby ? [[['node', 'run_dir'], derived.standby.torDiagnosisSocket] as const] : []),
    [
      config.proxy.listen === '' ? ['node', 'run_dir'] : ['proxy', 'listen'],
      derived.proxyListen.replace(/^unix:/, ''),
    ],
    [['tor', 'control_socket'], config.tor.control_socket],
    [['tor', 'socks_socket'], config.tor.socks_socket],
  ];
  const tooLong = new Map<string, ConfigProblem>();
  for (const [path, socket] of sockets) {
    const length = Buffer.byteLength(socket);
    const excess = length - MAX_SOCKET_PATH;
    const worst = Number(tooLong.get(path.join('.'))?.detail['excess'] ?? 0);
    if (excess > worst)
      tooLong.set(path.join('.'), problem('config.socket-path-too-long', path, { excess, length }));
  }
  return [...tooLong.values()];
};

const controlHost = (config: Config): readonly ConfigProblem[] =>
  isHost(config.tor.control_host)
    ? []
    : [
        problem('config.bad-value', ['tor', 'control_host'], {
          rule: 'must be an IP address (IPv6 without brackets) or a host name',
          hint: '',
        }),
      ];

const target = (config: Config): readonly ConfigProblem[] => {
  const parsed = parseTargets(config);
  if (!('code' in parsed)) return [];
  const [, section = 'target', key = 'url', index] =
    /^(\w+)\.(\w+)(?:\[(\d+)\])?$/.exec(String(parsed.detail['key'])) ?? [];
  const path = index === undefined ? [section, key] : [section, key, Number(index)];
  return [problem(parsed.code, path, parsed.detail)];
};

const probePaths = ({ health, canary }: Config): readonly ConfigProblem[] => {
  const paths: readonly (readonly [string, string, string])[] = [
    ['health', 'http_probe_path', health.http_probe_path],
    ['canary', 'path', canary.path],
  ];
  const rule = 'must begin with / and hold no blanks';
  return paths.flatMap(([section, key, path]) =>
    /^\/[\x21-\x7e]*$/.test(path) ? [] : [problem('config.bad-value', [section, key], { rule, hint: '' })],
  );
};

const listenAddresses = (config: Config): readonly ConfigProblem[] => {
  const { listen } = config.proxy;
  const isSocket = parseStreamAddress(listen)?.kind === 'unix' && !CONTROL_CHARACTERS.test(listen);
  const addresses: readonly (readonly [readonly (string | number)[], string])[] = [
    [['direct', 'listen'], config.direct.listen],
    ...config.direct.peers.map(
      (peer, index) => [['direct', 'peers', index, 'address'], peer.address] as const,
    ),
    ...(isSocket ? [] : [[['proxy', 'listen'], listen] as const]),
  ];
  return addresses.flatMap(([path, address]) =>
    address === '' || parseHostPort(address) !== null ? [] : [problem('config.bad-endpoint', path)],
  );
};

const timeouts = (config: Config): readonly ConfigProblem[] => {
  const { coordination, supervisor } = config;
  const order: readonly (readonly [string, string, number, string, number])[] = [
    [
      'coordination',
      'heartbeat_timeout_secs',
      coordination.heartbeat_timeout_secs,
      'heartbeat_interval_secs',
      coordination.heartbeat_interval_secs,
    ],
    [
      'coordination',
      'heartbeat_timeout_secs',
      coordination.heartbeat_timeout_secs,
      'probe_interval_secs',
      coordination.probe_interval_secs,
    ],
    [
      'coordination',
      'lease_duration_secs',
      coordination.lease_duration_secs,
      'heartbeat_interval_secs',
      coordination.heartbeat_interval_secs,
    ],
    [
      'supervisor',
      'ping_timeout_secs',
      supervisor.ping_timeout_secs,
      'ping_interval_secs',
      supervisor.ping_interval_secs,
    ],
  ];
  return order.flatMap(([section, longer, longerSecs, shorter, shorterSecs]) =>
    longerSecs > shorterSecs
      ? []
      : [
          problem('config.timeout-order', [section, longer], {
            longerSecs,
            shorter: `${section}.${shorter}`,
            shorterSecs,
          }),
        ],
  );
};

const clusterToken = (config: Config): readonly ConfigProblem[] => {
  const { cluster_token: token, cluster_token_file: file } = config.coordination;
  if (token !== '' && file !== '') return [problem('config.token-twice', ['coordination', 'cluster_token'])];
  if (token === '' && file === '' && config.direct.peers.length > 0) {
    return [problem('config.token-missing', ['coordination', 'cluster_token_file'])];
  }
  return [];
};

const peers = (config: Config): readonly ConfigProblem[] => {
  const { listen, peers: list } = config.direct;
  const found: ConfigProblem[] = [];
  if (listen === '' && list.length > 0) found.push(problem('config.listen-missing', ['direct', 'listen']));
  const fields = ['id', 'address', 'public_key'] as const;
  list.forEach((peer, index) => {
    if (peer.id === config.node.id)
      found.push(problem('config.peer-is-self', ['direct', 'peers', index, 'id']));
    if (peer.address === listen) {
      found.push(problem('config.peer-is-self', ['direct', 'peers', index, 'address']));
    }
    for (const field of fields) {
      const first = list.findIndex((other) => other[field] === peer[field]);
      if (first < index) {
        found.push(
          problem('config.peer-twice', ['direct', 'peers', index, field], {
            field,
            first: first + 1,
            second: index + 1,
          }),
        );
      }
    }
  });
  return found;
};
