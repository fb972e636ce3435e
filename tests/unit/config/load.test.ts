import { describe, expect, it } from 'vitest';
import { parseConfig } from '@rustbalance/actors/kernel/config/load.js';
import type { ErrorData } from '@rustbalance/actors/kernel/errors.js';
import { ADDRESS, KEY_A, KEY_B, MINIMAL, PEER } from './minimal.js';

const problems = (text: string, sets: readonly string[] = []): readonly ErrorData[] => {
  const outcome = parseConfig(text, 'c.toml', sets);
  return outcome.ok ? [] : outcome.problems;
};
const brief = (text: string, sets: readonly string[] = []): readonly string[] =>
  problems(text, sets).map((error) => `${error.where} ${error.code}: ${error.what}`);

/** A value put into a section of the minimal file; the line of the key is returned with it. */
const withKey = (section: string, line: string): { text: string; line: number } => {
  const header = `[${section}]\n`;
  if (!MINIMAL.includes(header)) {
    return { text: `${MINIMAL}\n${header}${line}\n`, line: MINIMAL.split('\n').length + 2 };
  }
  const at = MINIMAL.indexOf(header) + header.length;
  const text = `${MINIMAL.slice(0, at)}${line}\n${MINIMAL.slice(at)}`;
  return { text, line: MINIMAL.slice(0, at).split('\n').length };
};

describe('a configuration file', () => {
  it('with the required keys only is accepted, with every default filled in', () => {
    const outcome = parseConfig(MINIMAL, 'c.toml');
    expect(outcome.ok && outcome.config.publish.refresh_interval_secs).toBe(600);
    expect(outcome.ok && outcome.config.direct.peers).toEqual([]);
  });

  it('accepts fractions in durations', () => {
    const outcome = parseConfig(`${MINIMAL}[coordination]\nprobe_interval_secs = 0.25\n`, 'c.toml');
    expect(outcome.ok && outcome.config.coordination.probe_interval_secs).toBe(0.25);
  });

  it.each([
    ['a text that is not closed', `${MINIMAL}[log]\nlevel = "info\n`, 'c.toml:10:14', /line ends too early/],
    ['a value without quotes', `${MINIMAL}[log]\nlevel = info\n`, 'c.toml:10:', /quotes/],
    ['a list that is not closed', `${MINIMAL}[tor]\nextra_torrc = ["a"\n`, 'c.toml:', /ends/],
    ['a section given twice', `${MINIMAL}[node]\npriority = 1\n`, 'c.toml:9:1', /before/],
    ['a key given twice', `${MINIMAL}url = "tcp://127.0.0.1:1"\n`, 'c.toml:9:1', /before/],
    ['an integer beyond 64 bits', `${MINIMAL}port = 99999999999999999999\n`, 'c.toml:9:', /too large/],
    ['an escape that TOML does not know', `${MINIMAL}[log]\nlevel = "\\q"\n`, 'c.toml:10:', /backslash/],
    ['a NUL byte', `\u0000${MINIMAL}`, 'c.toml:1:1', /does not allow/],
  ])('%s is refused with line and column', (_what, text, where, words) => {
    const [error, ...others] = problems(text);
    expect(others).toEqual([]);
    expect(error?.code).toBe('config.syntax');
    expect(error?.where.startsWith(where)).toBe(true);
    expect(error?.what).toMatch(words);
  });

  it('nested deeper than anything of ours is refused, not followed', () => {
    expect(problems(`${MINIMAL}x = ${'['.repeat(5000)}`)[0]?.code).toBe('config.syntax');
  });

  it.each([['node', 'id = "A b"', 'config.syntax']])(
    'a second value for %s.id is a syntax error',
    (section, line, code) => {
      expect(problems(withKey(section, line).text)[0]?.code).toBe(code);
    },
  );

  it.each([
    [
      'log',
      'level = "verbose"',
      'config.bad-value',
      /must be one of "error", "warn", "info", "debug", not "verbose"/,
    ],
    ['log', 'level = 3', 'config.wrong-type', /log\.level must be one of .*, not a number/],
    ['tor', 'mode = "manged"', 'config.bad-value', /not "manged"/],
    [
      'tor',
      'control_port = "9051"',
      'config.wrong-type',
      /must be a whole number from 1 to 65535, not a text/,
    ],
    ['tor', 'control_port = 0', 'config.bad-value', /must be at least 1, not 0/],
    ['tor', 'control_port = 65536', 'config.bad-value', /must be at most 65535, not 65536/],
    ['tor', 'control_port = 90.5', 'config.wrong-type', /whole number/],
    ['tor', 'extra_torrc = "Log notice"', 'config.wrong-type', /list of texts in quotes, not a text/],
    [
      'tor',
      'extra_torrc = [1]',
      'config.wrong-type',
      /extra_torrc\[0\] must be a text in quotes, not a number/,
    ],
    ['tor', 'configure_service = "yes"', 'config.wrong-type', /must be true or false, not a text/],
    ['tor', 'control_password = 1234567', 'config.wrong-type', /control_password must be a text in quotes/],
    ['node', 'priority = 1.5', 'config.wrong-type', /whole number/],
    ['node', 'priority = nan', 'config.wrong-type', /whole number/],
    ['node', 'clock_skew_tolerance_secs = inf', 'config.', /number/],
    ['node', 'clock_skew_tolerance_secs = -1', 'config.bad-value', /at least 0\.05, not -1/],
    ['node', 'state_dir = "var/lib"', 'config.bad-path', /no absolute path/],
    ['node', 'state_dir = ""', 'config.bad-path', /no absolute path/],
    ['node', 'run_dir = "/run/a\\nb"', 'config.bad-path', /no absolute path/],
    ['node', 'key_path = 1979-05-27T07:32:00Z', 'config.wrong-type', /a date/],
    ['master', 'identity_key_path = true', 'config.wrong-type', /not true or false/],
    ['target', 'mode = "tcp"', 'config.bad-value', /"http", "raw"/],
    ['target', 'onion_address = "127.0.0.1"', 'config.target-twice', /more than one form/],
    ['tor', 'extra_torrc = ["Log notice\\nSocksPort 1"]', 'config.torrc-line', /control character/],
    ['tor', 'extra_torrc = ["SocksPort 9050"]\nstandby = true', 'config.bad-value', /both Tors get it/],
    ['tor', 'extra_torrc = [" hiddenservicedir /x"]\nstandby = true', 'config.bad-value', /both Tors get it/],
    ['tor', 'extra_torrc = ["DataDirectory /x"]\nstandby = true', 'config.bad-value', /both Tors get it/],
    [
      'tor',
      'standby = true\ndata_dir = "/var/lib/rustbalance/tor-standby"',
      'config.bad-value',
      /state_dir\/tor-standby/,
    ],
    ['tor', 'binary = ""', 'config.bad-path', /tor\.binary/],
    ['tor', 'socks_socket = "run/tor/socks"', 'config.bad-path', /tor\.socks_socket/],
    ['tor', 'control_host = "a b"', 'config.bad-value', /IP address .* or a host name/],
    ['tor', 'control_host = ""', 'config.bad-value', /control_host/],
    ['tor', 'control_host = "[::1]"', 'config.bad-value', /without brackets/],
    ['tor', 'control_host = "127.0.0.1:9051"', 'config.bad-value', /control_host/],
    ['tor', 'control_host = "10.0.0.256"', 'config.bad-value', /control_host/],
    ['proxy', 'listen = "localhost:80"', 'config.bad-endpoint', /proxy\.listen/],
    ['proxy', 'listen = "unix:relative"', 'config.bad-endpoint', /proxy\.listen/],
    ['direct', 'listen = "10.0.0.1"', 'config.bad-value', /IP:PORT/],
    ['direct', 'listen = "10.0.0.256:7001"', 'config.bad-endpoint', /direct\.listen/],
    ['direct', 'listen = "10.0.0.1:0"', 'config.bad-endpoint', /direct\.listen/],
    ['direct', 'listen = "10.0.0.1:99999"', 'config.bad-endpoint', /direct\.listen/],
    ['direct', 'listen = 7001', 'config.wrong-type', /direct\.listen must be a text/],
    [
      'coordination',
      'heartbeat_timeout_secs = 10',
      'config.timeout-order',
      /heartbeat_timeout_secs \(10 s\) must be longer/,
    ],
    ['coordination', 'lease_duration_secs = 5', 'config.timeout-order', /lease_duration_secs/],
    ['supervisor', 'ping_timeout_secs = 1', 'config.timeout-order', /ping_timeout_secs/],
    ['health', 'http_probe_path = "health"', 'config.bad-value', /begin with \//],
    ['health', 'http_probe_path = "/a b"', 'config.bad-value', /begin with \//],
    ['health', 'probe_expected_status = 99', 'config.bad-value', /at least 100/],
    ['target', 'down_page = "page.html"', 'config.bad-path', /target\.down_page/],
    ['proxy', 'drain_secs = 61', 'config.bad-value', /at most 60/],
    ['chaos', 'enabled = 1', 'config.wrong-type', /true or false/],
  ])('[%s] %s is refused and names the line', (section, line, code, words) => {
    const made = withKey(section, line);
    const found = problems(made.text);
    expect(found.length).toBe(1);
    expect(found[0]?.code.startsWith(code)).toBe(true);
    expect(found[0]?.what).toMatch(words);
    expect(found[0]?.where).toBe(`c.toml:${made.line}`);
  });

  it.each([
    ['a bad node id', MINIMAL.replace('"alpha"', '"Alpha_1"'), 'config.bad-value', 'c.toml:2'],
    ['a node id of 64 characters', MINIMAL.replace('alpha', 'a'.repeat(64)), 'config.bad-value', 'c.toml:2'],
    ['no node id', MINIMAL.replace('id = "alpha"\n', ''), 'config.missing', 'c.toml:1'],
    ['no [node]', MINIMAL.replace('[node]\nid = "alpha"\n', ''), 'config.missing', 'c.toml'],
    ['no master address', MINIMAL.replace(/onion_address.*\n/, ''), 'config.missing', 'c.toml:4'],
    ['a short master address', MINIMAL.replace(ADDRESS, 'abc.onion'), 'config.bad-value', 'c.toml:5'],
    [
      'a master address without .onion',
      MINIMAL.replace(ADDRESS, ADDRESS.slice(0, 56)),
      'config.bad-value',
      'c.toml:5',
    ],
    ['a mistyped master address', MINIMAL.replace('25njq', '25njr'), 'config.bad-address', 'c.toml:5'],
    ['no target', MINIMAL.replace(/url.*\n/, ''), 'config.target-missing', 'c.toml:7'],
    ['a target that is no URL', MINIMAL.replace('http://127', '127'), 'target.bad-url', 'c.toml:8'],
    ['a target of another scheme', MINIMAL.replace('http:', 'ftp:'), 'target.bad-scheme', 'c.toml:8'],
    ['a target port beyond 65535', MINIMAL.replace('9101', '99999'), 'target.bad-port', 'c.toml:8'],
    [
      'a mistyped onion target',
      MINIMAL.replace('127.0.0.1:9101', `25njr${ADDRESS.slice(5)}`),
      'target.bad-onion',
      'c.toml:8',
    ],
    [
      'the master address as target',
      MINIMAL.replace('127.0.0.1:9101', ADDRESS),
      'target.is-itself',
      'c.toml:8',
    ],
    ['a section that is a value', `log = 3\n${MINIMAL}`, 'config.wrong-type', 'c.toml:1'],
    ['a section that is a list', `log = [1]\n${MINIMAL}`, 'config.wrong-type', 'c.toml:1'],
  ])('%s is refused with its line', (_what, text, code, where) => {
    expect(problems(text).map((error) => [error.code, error.where])).toEqual([[code, where]]);
  });

  it('an empty file misses its two required sections and nothing else', () => {
    expect(problems('').map((error) => error.what)).toEqual(['node is missing', 'master is missing']);
  });

  it('reports everything that is wrong, not only the first', () => {
    const text = `${MINIMAL.replace('alpha', 'NO')}
[tor]
control_port = 70000
moed = "managed"
[logs]
level = "x"
`;
    expect(brief(text)).toEqual([
      'c.toml:2 config.bad-value: node.id must be 1-63 of a-z, 0-9 and -',
      'c.toml:11 config.bad-value: tor.control_port must be at most 65535, not 70000',
      'c.toml:12 config.unknown-key: [tor] has no key moed',
      'c.toml:13 config.unknown-section: there is no section [logs]',
    ]);
  });

  it.each([
    ['[tor]\nmoed = "x"', 'Did you mean mode?'],
    ['[tor]\ncontrol_pasword = "x"', 'Did you mean control_password?'],
    ['[tor]\nsocksport = 1', 'Did you mean socks_port?'],
    ['[publish]\nrefresh_interval = 5', 'Did you mean refresh_interval_secs?'],
    ['[tor]\nhsdir_min_accepted = 4', 'It belongs into [publish].'],
    ['[tor]\nxyzzy = 4', 'See docs/configuration.md for every key.'],
    ['[tro]\nmode = "x"', 'Did you mean [tor]?'],
    ['[wireguard_mesh]\nmode = "x"', 'See docs/configuration.md for every key.'],
  ])('the unknown key of %j gets the nearest known one', (text, action) => {
    expect(problems(`${MINIMAL}\n${text}\n`).map((error) => error.action)).toEqual([action]);
  });
});

describe('the peers of direct mode', () => {
  const base = `${MINIMAL}\n[coordination]\ncluster_token_file = "/t"\n[direct]\nlisten = "10.0.0.1:7001"\n`;

  it('with address, key and token are accepted', () => {
    const text = base + PEER('beta', '10.0.0.2:7001', KEY_A) + PEER('gamma', '[fd00::3]:7001', KEY_B);
    expect(problems(text)).toEqual([]);
  });

  it('need a listen address', () => {
    const text = base.replace('listen = "10.0.0.1:7001"\n', '') + PEER('beta', '10.0.0.2:7001', KEY_A);
    expect(problems(text).map((error) => error.code)).toEqual(['config.listen-missing']);
  });

  it('need a cluster token', () => {
    const text = base.replace(/cluster_token_file.*\n/, '') + PEER('beta', '10.0.0.2:7001', KEY_A);
    expect(problems(text).map((error) => error.code)).toEqual(['config.token-missing']);
  });

  it('need one token, not two', () => {
    const text = base.replace('cluster_token_file', 'cluster_token = "s"\ncluster_token_file');
    expect(problems(text).map((error) => error.code)).toEqual(['config.token-twice']);
  });

  it('are not this node itself', () => {
    const text = base + PEER('alpha', '10.0.0.1:7001', KEY_A);
    expect(problems(text).map((error) => [error.code, error.detail['key'], error.where])).toEqual([
      ['config.peer-is-self', 'direct.peers[0].id', 'c.toml:16'],
      ['config.peer-is-self', 'direct.peers[0].address', 'c.toml:17'],
    ]);
  });

  it('are unique in id, address and key', () => {
    const text = base + PEER('beta', '10.0.0.2:7001', KEY_A) + PEER('beta', '10.0.0.2:7001', KEY_A);
    expect(problems(text).map((error) => [error.what, error.where])).toEqual([
      ['the peers 1 and 2 have the same id', 'c.toml:21'],
      ['the peers 1 and 2 have the same address', 'c.toml:22'],
      ['the peers 1 and 2 have the same public_key', 'c.toml:23'],
    ]);
  });

  it.each([
    ['an id in capitals', PEER('Beta', '10.0.0.2:7001', KEY_A), 'direct.peers[0].id', 'c.toml:16'],
    ['a host name', PEER('beta', 'beta.example:7001', KEY_A), 'direct.peers[0].address', 'c.toml:17'],
    ['a port beyond 65535', PEER('beta', '10.0.0.2:70000', KEY_A), 'direct.peers[0].address', 'c.toml:17'],
    [
      'a key in hex',
      PEER('beta', '10.0.0.2:7001', 'ab'.repeat(32)),
      'direct.peers[0].public_key',
      'c.toml:18',
    ],
    [
      'a key that is missing',
      PEER('beta', '10.0.0.2:7001', KEY_A).replace(/public_key.*\n/, ''),
      'direct.peers[0].public_key',
      'c.toml:15',
    ],
    [
      'a key nobody knows',
      `${PEER('beta', '10.0.0.2:7001', KEY_A)}adress = "x"\n`,
      'direct.peers[0].adress',
      'c.toml:19',
    ],
  ])('with %s are refused', (_what, peer, key, where) => {
    expect(problems(base + peer).map((error) => [error.detail['key'], error.where])).toEqual([[key, where]]);
  });
});

describe('unix sockets', () => {
  it('with a path of 107 bytes are accepted, of 108 refused with the excess', () => {
    const longest = '/tor-control.sock'.length;
    const dir = (length: number): string => `/${'r'.repeat(length - 1 - longest)}`;
    const set = (length: number) => [`node.run_dir=${dir(length)}`];
    expect(problems(MINIMAL, set(107))).toEqual([]);
    const [error, ...others] = problems(MINIMAL, set(108));
    expect(others).toEqual([]);
    expect(error?.what).toBe(
      'node.run_dir makes a unix socket whose path has 108 bytes, 1 more than the system allows (107)',
    );
  });

  it('of the proxy and of a system Tor are measured in bytes, under the key that names them', () => {
    const long = `/${'ü'.repeat(54)}`;
    const keys = ['proxy.listen', 'tor.control_socket', 'tor.socks_socket'];
    const found = problems(MINIMAL, [
      `proxy.listen=unix:${long}`,
      ...keys.slice(1).map((key) => `${key}=${long}`),
    ]);
    expect(found.map((error) => error.where)).toEqual(keys.map((key) => `--set ${key}`));
  });
});

describe('the host of a system Tor', () => {
  it.each(['127.0.0.1', '::1', 'fd00::9', 'localhost', 'tor', 'Tor-1.example.org'])('may be %s', (host) => {
    expect(problems(MINIMAL, [`tor.control_host=${host}`])).toEqual([]);
  });
});

describe('--set', () => {
  const value = (sets: readonly string[]): unknown => {
    const outcome = parseConfig(MINIMAL, 'c.toml', sets);
    return outcome.ok ? outcome.config : outcome.problems.map((error) => `${error.where}: ${error.what}`);
  };

  it('overrides text, numbers, switches and lists by the type of the key', () => {
    expect(
      value([
        'node.id=7',
        'node.priority=3',
        'coordination.probe_interval_secs=0.2',
        'chaos.enabled=true',
        'tor.extra_torrc=["A 1", "B 2"]',
        'health.http_probe_path=/?a=b',
      ]),
    ).toMatchObject({
      node: { id: '7', priority: 3 },
      coordination: { probe_interval_secs: 0.2 },
      chaos: { enabled: true },
      tor: { extra_torrc: ['A 1', 'B 2'] },
      health: { http_probe_path: '/?a=b' },
    });
  });

  it('takes the last of several values, and a single line as a list of one', () => {
    expect(value(['log.level=warn', 'log.level=debug', 'tor.extra_torrc=Log notice'])).toMatchObject({
      log: { level: 'debug' },
      tor: { extra_torrc: ['Log notice'] },
    });
  });

  it('gives what the file lacks', () => {
    const text = MINIMAL.replace(/url.*\n/, '');
    expect(parseConfig(text, 'c.toml', ['target.url=http://127.0.0.1:1']).ok).toBe(true);
  });

  it.each([
    ['log', '--set: an argument of --set is not of the form section.key=value'],
    ['log.level', '--set: an argument of --set is not of the form section.key=value'],
    ['=x', '--set: an argument of --set is not of the form section.key=value'],
    ['a.b.c=1', '--set: an argument of --set is not of the form section.key=value'],
    ['log.levle=debug', '--set log.levle: [log] has no key levle'],
    [
      'node.priority=high',
      '--set node.priority: node.priority must be a whole number from 1 to 1000000, not what was given',
    ],
    ['node.priority=0', '--set node.priority: node.priority must be at least 1, not 0'],
    [
      'node.priority=0x10',
      '--set node.priority: node.priority must be a whole number from 1 to 1000000, not what was given',
    ],
    ['chaos.enabled=yes', '--set chaos.enabled: chaos.enabled must be true or false, not what was given'],
    [
      'tor.extra_torrc=["a"',
      '--set tor.extra_torrc: tor.extra_torrc must be a list of texts in quotes, not what was given',
    ],
    ['direct.peers=[]', '--set direct.peers: direct.peers cannot be set from the command line'],
    [
      'tor.control_password=hunter2',
      '--set tor.control_password: tor.control_password is a secret and cannot be set from the command line',
    ],
    [
      'coordination.cluster_token=hunter2',
      '--set coordination.cluster_token: coordination.cluster_token is a secret and cannot be set from the command line',
    ],
    ['__proto__.polluted=1', '--set __proto__.polluted: [__proto__] has no key polluted'],
  ])('refuses %s', (argument, expected) => {
    expect(value([argument])).toEqual([expected]);
  });

  it('is reported together with what is wrong in the file', () => {
    const found = problems(MINIMAL.replace('alpha', 'NO'), ['log.levle=debug']);
    expect(found.map((error) => error.code)).toEqual(['config.unknown-key', 'config.bad-value']);
  });
});
