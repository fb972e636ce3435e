/**
 * Every error that RustBalance can report. `what` and `action` may hold {placeholders} that the place of the
 * error fills. docs/errors.md is generated from this table and a test holds both together.
 */
interface CatalogueEntry {
  readonly what: string;
  readonly action: string;
}

export const CATALOGUE = {
  // — kernel —
  'internal.unexpected': {
    what: 'something failed that should not: {message}',
    action: 'Report this line together with the log around it.',
  },
  'message.deadline': {
    what: 'no answer to {name} within {deadlineMs} ms',
    action: 'Look at the state of the actor that should have answered with rbctl inspect.',
  },
  'message.peer-died': {
    what: '{peer} ended before it answered {name}',
    action: 'Nothing, if it happened once: the supervisor restarts it. See rbctl inspect for why it ended.',
  },
  'message.unknown': {
    what: 'nobody handles the message {name}',
    action: 'Report this line: two parts of one installation disagree about their messages.',
  },
  'state.damaged': {
    what: 'the state file cannot be used ({reason}); it was set aside as {aside}',
    action:
      'Nothing: the daemon starts without it. Keep the file that was set aside if you want to know why.',
  },
  'state.write-failed': {
    what: 'the state file cannot be written ({reason})',
    action: 'Check free space, and that the directory belongs to the user of the daemon.',
  },
  // — control port —
  'control.unreachable': {
    what: 'no control connection could be made ({reason})',
    action:
      'Check that Tor runs and that [tor] control_socket, or control_host and control_port, name its control port.',
  },
  'control.closed': {
    what: 'the control connection has ended ({reason})',
    action: "Nothing, if it happened once: it is made again. If it repeats, Tor's own log says why Tor ends.",
  },
  'control.deadline': {
    what: 'Tor did not answer {command} within {deadlineMs} ms',
    action: 'Look whether the tor process hangs or the machine is overloaded; the connection is made anew.',
  },
  'control.overloaded': {
    what: '{command} was not sent: {limit} commands wait for an answer of Tor already',
    action: 'Look whether the tor process hangs or the machine is overloaded.',
  },
  'control.protocol': {
    what: 'what answers at the control port broke the control protocol ({violation})',
    action: 'Check that the control address in [tor] belongs to Tor and to nothing else.',
  },
  'control.bad-argument': {
    what: '{command} was not sent: {problem}',
    action: 'Correct the value if it comes from the configuration; otherwise report this line.',
  },
  'control.unsupported': {
    what: 'this Tor does not know {command}: {text}',
    action: 'Install Tor 0.4.8 or later.',
  },
  'control.rejected': {
    what: 'Tor refused {command}: {status} {text}',
    action: "See Tor's own log around this time for why.",
  },
  'control.unknown-key': {
    what: 'Tor does not know what {command} asked for: {text}',
    action: 'Install Tor 0.4.8 or later.',
  },
  'control.not-available': {
    what: 'Tor cannot answer {command} now: {text}',
    action: 'Nothing: it is asked again. If it lasts, see whether Tor has bootstrapped.',
  },
  'control.option-rejected': {
    what: 'Tor refused a configuration: {status} {text}',
    action: "Mend what the text names; for an onion service's directory, its existence, owner and mode 0700.",
  },
  'control.unknown-hsdir': {
    what: '{command} names a relay that Tor does not know: {text}',
    action: 'Nothing: the HSDir ring is computed again from the next consensus.',
  },
  'control.invalid-descriptor': {
    what: 'Tor could not decode the descriptor that {command} carried',
    action: 'Report this line together with the version of Tor.',
  },
  'control.not-authenticated': {
    what: 'Tor refused {command} because the connection is not authenticated',
    action: 'Report this line: commands were sent in the wrong order.',
  },
  'control.auth-no-method': {
    what: 'no way to authenticate: Tor offers {offered}, and {missing}',
    action:
      'Set CookieAuthentication 1 in torrc and give the daemon read access to the cookie, or set HashedControlPassword and [tor] control_password.',
  },
  'control.auth-cookie-unreadable': {
    what: 'the control cookie {file} cannot be read ({reason})',
    action: 'Add the user of the daemon to the group {group} and set CookieAuthFileGroupReadable 1 in torrc.',
  },
  'control.auth-cookie-size': {
    what: 'the control cookie {file} has {size} bytes instead of 32',
    action: 'Check that COOKIEFILE names the cookie of this Tor; restarting Tor writes a new one.',
  },
  'control.auth-cookie-refused': {
    what: 'Tor refused the control cookie {file}',
    action:
      'The file belongs to another Tor or to an earlier run: check CookieAuthFile in torrc, or restart Tor.',
  },
  'control.auth-server-hash': {
    what: 'what answers at the control port does not know the cookie {file} itself',
    action: 'Check that the control address in [tor] belongs to Tor and to nothing else.',
  },
  'control.auth-password-wrong': {
    what: 'Tor refused the control password',
    action:
      'Set [tor] control_password to the password whose hash (tor --hash-password) is HashedControlPassword in torrc.',
  },
  // — configuration —
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
    what: 'the target is given twice, as url and as onion_address',
    action: 'Keep one of both: url is the short form of onion_address, port and use_tls.',
  },
  'config.timeout-order': {
    what: '{key} ({longerSecs} s) must be longer than {shorter} ({shorterSecs} s)',
    action: 'Raise the first or lower the second.',
  },
  'config.transport-unavailable': {
    what: 'the transport {mode} is not in this version',
    action: 'Set [coordination] mode = "direct" and let the nodes reach each other over a private network.',
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
  // — files that hold secrets —
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
  'secret.bad-token': {
    what: 'the file that {key} names holds no cluster token',
    action: 'It is one line of text, the same on all nodes: copy the file of another node.',
  },
  // — supervision —
  'message.overloaded': {
    what: '{name} was refused: {peer} has {depth} messages waiting',
    action: 'Look with rbctl inspect why it does not keep up; if it hangs, the supervisor ends it.',
  },
  'actor.crashed': {
    what: 'the {actor} actor failed: {message}',
    action: 'Nothing, if it happened once: the supervisor starts it again. If it repeats, report this line.',
  },
  'actor.out-of-memory': {
    what: 'the {actor} actor used more memory than it may',
    action: 'Nothing, if it happened once: the supervisor starts it again. If it repeats, report this line.',
  },
  'actor.exited': {
    what: 'the {actor} actor ended unasked with code {code}',
    action: 'Nothing, if it happened once: the supervisor starts it again. If it repeats, report this line.',
  },
  'actor.unresponsive': {
    what: 'the {actor} actor has not answered for {silentMs} ms',
    action: 'Nothing, if it happened once: it is ended and started again. If it repeats, report this line.',
  },
  'actor.machine-stopped': {
    what: "the {actor} actor's thread lives, but its state machine has stopped",
    action: 'Nothing, if it happened once: it is ended and started again. If it repeats, report this line.',
  },
  'actor.start-timeout': {
    what: 'the {actor} actor was not ready within {timeoutMs} ms',
    action: 'Look whether the machine is overloaded; [supervisor] start_timeout_secs may be raised.',
  },
  'actor.wrong-version': {
    what: 'the {actor} actor speaks version {found} of the internal messages, not {expected}',
    action: 'The installation is mixed: install it anew as a whole.',
  },
  'actor.would-not-end': {
    what: 'the thread of the {actor} actor did not end within {killMs} ms after it was ended',
    action:
      'The whole process ends for it; the service manager starts it again. If it repeats, report this line.',
  },
  'actor.shutdown-timeout': {
    what: 'the {actor} actor had not stopped {shutdownMs} ms after it was asked to',
    action: 'Nothing: it was ended. [supervisor] shutdown_secs may be raised.',
  },
  'actor.not-running': {
    what: 'the {actor} actor is not running now',
    action: 'Try again: rbctl inspect shows when it is up.',
  },
  'supervisor.gave-up': {
    what: 'the {actor} actor failed {restarts} times within {periodSecs} s, the last time because: {last}',
    action:
      'The process ends, so that the service manager can start it afresh. Mend what the last failure names.',
  },
  'supervisor.bad-spec': {
    what: 'the supervision tree is impossible: {problem}',
    action: 'Report this line.',
  },
  'config.breaker-cannot-trip': {
    what: 'period_secs ({periodSecs}) is too short: an actor that always fails would be restarted for ever',
    action: 'Raise [supervisor] period_secs above {neededSecs}, or lower intensity or start_timeout_secs.',
  },
  'config.run-dir': {
    what: 'the directory {dir} cannot be used ({reason})',
    action: 'Create it, owned by the user of the daemon with mode 0700, or set [node] run_dir and state_dir.',
  },
  // — child processes —
  'host.spawn-failed': {
    what: '{command} could not be started ({reason})',
    action: 'Install it, or correct the setting that names it.',
  },
  'host.too-many-children': {
    what: '{id} was not started: {limit} child processes run already',
    action: 'Report this line.',
  },
  'host.stopping': {
    what: '{id} was not started: the daemon is ending',
    action: 'Nothing.',
  },
  // — crypto pool —
  'pool.deadline': {
    what: 'the task {task} was given up after {deadlineMs} ms',
    action: 'Look whether the machine is overloaded.',
  },
  'pool.overloaded': {
    what: 'the task {task} was refused: {limit} tasks wait already',
    action: 'Look whether the machine is overloaded.',
  },
  'pool.failed': {
    what: 'the task {task} failed: {reason}',
    action: 'Nothing, if it happened once. If it repeats, report this line.',
  },
  // — control socket —
  'control-socket.in-use': {
    what: 'another daemon answers at {socket} already',
    action: 'Stop it first, or give this one a [node] run_dir and state_dir of its own.',
  },
  'control-socket.not-a-socket': {
    what: '{socket} exists and is no socket',
    action: 'Remove it, or set another [node] run_dir.',
  },
  'control-socket.cannot-listen': {
    what: 'the control socket {socket} cannot be made ({reason})',
    action: 'Check that [node] run_dir exists and belongs to the user of the daemon.',
  },
  'control-socket.bad-request': {
    what: 'the request was refused: {problem}',
    action: 'Use rbctl of the same version as the daemon.',
  },
  'control-socket.busy': {
    what: 'the request was refused: {limit} others are being answered',
    action: 'Try again.',
  },
  'daemon.not-running': {
    what: 'no daemon answers at {socket}',
    action: 'Start it with rustbalance run, or name its configuration with --config.',
  },
  'daemon.permission': {
    what: 'the control socket {socket} may not be opened by this user',
    action: 'Use sudo, or the user that runs the daemon.',
  },
  'daemon.deadline': {
    what: 'the daemon did not answer {command} within {deadlineMs} ms',
    action: 'Look whether the machine is overloaded or the process is stopped.',
  },
  'daemon.protocol': {
    what: 'what answers at {socket} gave no answer that this version understands ({problem})',
    action: 'Use rbctl of the same version as the daemon.',
  },
  'chaos.disabled': {
    what: 'deliberate damage is not allowed',
    action: 'Set [chaos] enabled = true, on a test system only.',
  },

  // — publisher —
  'publisher.crypto-refused': {
    what: 'the task {task} refused its input: {code} ({detail})',
    action: 'Report this line: the publisher handed on something that it should have refused itself.',
  },
  'publisher.no-master-key': {
    what: 'this node was asked to sign, but holds no master key',
    action: 'Set master.identity_key_path if this node is to publish.',
  },
} as const satisfies Record<string, CatalogueEntry>;
