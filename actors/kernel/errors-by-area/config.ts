import type { CatalogueEntry } from './entry.js';

/** Of the configuration and of key files. */
export const CONFIG_ERRORS = {
  'config.unreadable': {
    what: 'the configuration file cannot be read: {reason}',
    action: 'Name it with --config, or make one with rustbalance init.',
  },
  'config.syntax': {
    what: 'the configuration is not valid TOML: {problem}',
    action: 'Correct this line; ops/config.example.toml shows how every key is written.',
  },
  'config.unknown-section': {
    what: 'there is no section [{name}]',
    action: '{hint}',
  },
  'config.unknown-key': {
    what: '[{section}] has no key {name}',
    action: '{hint}',
  },
  'config.missing': {
    what: '{key} is missing',
    action: 'Add it. {description}',
  },
  'config.wrong-type': {
    what: '{key} must be {expected}, not {found}',
    action: 'Correct the value; ops/config.example.toml shows how every key is written.',
  },
  'config.bad-value': {
    what: '{key} {rule}',
    action: 'Correct the value.{hint}',
  },
  'config.bad-address': {
    what: '{key} is no onion address: {reason}',
    action:
      'Copy the whole address again; rustbalance debug show-onion prints the one that belongs to a key file.',
  },
  'config.bad-path': {
    what: '{key} is no absolute path',
    action: 'Write the whole path, beginning with / and without control characters.',
  },
  'config.torrc-line': {
    what: '{key} holds a control character',
    action: 'Give each line of torrc as a text of its own in the list.',
  },
  'config.bad-endpoint': {
    what: '{key} is no address with a port',
    action: 'Write IP:PORT or [IPv6]:PORT with a port from 1 to 65535 (proxy.listen also takes unix:/path).',
  },
  'config.socket-path-too-long': {
    what: '{key} makes a unix socket whose path has {length} bytes, {excess} more than the system allows (107)',
    action: 'Choose a shorter directory.',
  },
  'config.target-missing': {
    what: 'there is no target',
    action: 'Set [target] url to what shall be served, for instance "http://127.0.0.1:8080".',
  },
  'config.target-twice': {
    what: 'the target is given in more than one form: url, urls and onion_address exclude each other',
    action:
      'Keep one: url is the short form of onion_address, port and use_tls; urls is for several targets.',
  },
  'config.timeout-order': {
    what: '{key} ({longerSecs} s) must be longer than {shorter} ({shorterSecs} s)',
    action: 'Raise the first or lower the second.',
  },
  'config.token-missing': {
    what: 'there are peers, but no cluster token',
    action:
      'Set cluster_token_file to the file that rustbalance init made on the first node; all nodes share it.',
  },
  'config.token-twice': {
    what: 'cluster_token and cluster_token_file are both set',
    action: 'Keep cluster_token_file.',
  },
  'config.listen-missing': {
    what: 'there are peers, but {key} is empty',
    action: 'Set it to the UDP address on which the peers reach this node, for instance "10.0.0.1:7001".',
  },
  'config.peer-is-self': {
    what: '{key} is that of this node itself',
    action: 'List the other nodes only.',
  },
  'config.peer-twice': {
    what: 'the peers {first} and {second} have the same {field}',
    action: 'Every peer has an id, an address and a key of its own: correct or remove one block.',
  },
  'config.override-syntax': {
    what: 'an argument of --set is not of the form section.key=value',
    action: 'Write for instance --set log.level=debug.',
  },
  'config.override-secret': {
    what: '{key} is a secret and cannot be set from the command line',
    action: 'Set it in the configuration file: every user of the machine can read arguments.',
  },
  'config.override-tables': {
    what: '{key} cannot be set from the command line',
    action: 'Write the blocks [[{key}]] into the configuration file.',
  },
  'config.readable-secret': {
    what: '{key} is a secret, and other users can read this file (mode {mode})',
    action: 'Run: chmod 600 {file}',
  },
  'secret.unreadable': {
    what: 'the file that {key} names cannot be read: {reason}',
    action: "Check the path and who may read it; rustbalance init makes all of a node's keys.",
  },
  'secret.too-open': {
    what: 'other users can read the file that {key} names (mode {mode})',
    action: 'Run: chmod 600 {file}',
  },
  'secret.wrong-owner': {
    what: 'the file that {key} names belongs to another user (uid {uid})',
    action: 'Run: chown {owner} {file}',
  },
  'secret.bad-master-key': {
    what: 'the file that {key} names holds no secret identity key: {reason}',
    action: "Use Tor's hs_ed25519_secret_key (96 bytes), a 64-byte expanded key or a 32-byte seed.",
  },
  'secret.master-key-from-backup': {
    what: '{reason}; the master key was read from its backup {backup}',
    action: 'Nothing: the running daemon writes {file} again. Find out what happened to it.',
  },
  'secret.foreign-master-key': {
    what: 'the file that {key} names holds the key of another onion address than master.onion_address',
    action:
      'Correct one of the two; rustbalance debug show-onion prints the address that belongs to a key file.',
  },
  'secret.bad-node-key': {
    what: 'the file that {key} names holds no node key',
    action:
      'It is one line: 32 bytes in base64. rustbalance init makes one; peers must then learn the new public key.',
  },
  'secret.bad-wireguard-key': {
    what: 'the file that {key} names holds no WireGuard private key',
    action:
      'It is one line: 32 bytes in base64, as wg genkey prints them. Peers must then learn the new public key.',
  },
  'secret.bad-token': {
    what: 'the file that {key} names holds no cluster token',
    action: 'It is one line of text, the same on all nodes: copy the file of another node.',
  },
  'config.breaker-cannot-trip': {
    what: 'period_secs ({periodSecs}) is too short: an actor that always fails would be restarted for ever',
    action: 'Raise [supervisor] period_secs above {neededSecs}, or lower intensity or start_timeout_secs.',
  },
  'config.run-dir': {
    what: 'the directory {dir} cannot be used ({reason})',
    action: 'Create it, owned by the user of the daemon with mode 0700, or set [node] run_dir and state_dir.',
  },
} as const satisfies Record<string, CatalogueEntry>;
