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
  'secret.bad-wireguard-key': {
    what: 'the file that {key} names holds no WireGuard private key',
    action:
      'It is one line: 32 bytes in base64, as wg genkey prints them. Peers must then learn the new public key.',
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
  // — Tor of this node —
  'tor.directory-unusable': {
    what: 'the directory {directory} cannot be used for Tor: {problem}',
    action: '{remedy}',
  },
  'tor.instance-key-damaged': {
    what: "the secret key of this node's instance is damaged: {problem}",
    action:
      'Restore hs_ed25519_secret_key from a backup, or move the whole directory away: the node then makes a new instance.',
  },
  'tor.instance-is-master': {
    what: 'the HiddenServiceDir of this node holds the key of the master address',
    action:
      'Point node.hidden_service_dir to an empty directory: the master key belongs into master.identity_key_path only.',
  },
  'tor.instance-files': {
    what: "the files of this node's instance cannot be used ({reason})",
    action: 'Check free space, and that the directory belongs to the user that runs Tor.',
  },
  'tor.bad-setting': {
    what: '{setting} cannot be written into torrc: {problem}',
    action: 'Correct the value in the configuration.',
  },
  'tor.start-failed': {
    what: 'tor could not be started ({reason})',
    action: 'Check that [tor] binary names the tor program and that it may be executed.',
  },
  'tor.ended': {
    what: 'tor ended ({how}); its last words: {lastLine}',
    action: 'Nothing, if it happened once: it is started again. Otherwise mend what its last words name.',
  },
  'tor.keeps-ending': {
    what: 'tor ended {count} times within {minutes} minutes; its last words: {lastLine}',
    action: 'Mend what its last words name; it is tried again every {retrySecs} s.',
  },
  'tor.hung': {
    what: 'tor (process {pid}) runs but has not answered for {seconds} s',
    action:
      'Nothing, if it happened once: it is killed and started again. Otherwise look for an overloaded machine.',
  },
  'tor.data-directory-in-use': {
    what: 'another Tor (process {pid}) holds the data directory and could not be ended',
    action: 'End that process, or give this node a tor.data_dir of its own.',
  },
  'tor.not-up': {
    what: 'Tor is not up ({state})',
    action: 'Nothing: it is tried again when Tor is up. See rustbalance status.',
  },
  'tor.fetch-overloaded': {
    what: 'too many fetches wait for one HSDir',
    action: 'Nothing: it is asked again later.',
  },
  'tor.service-missing': {
    what: 'this Tor does not serve the instance of this node; its torrc lacks: {lines}',
    action: 'Add these lines to its torrc and reload it, or set [tor] configure_service = true.',
  },
  'tor.foreign-services-unreadable': {
    what: 'the onion services that this Tor has already could not be understood, so none was added',
    action: 'Add the lines to torrc yourself: {lines}',
  },
  'tor.coordination-files': {
    what: "the files of this node's coordination service cannot be used ({reason})",
    action: 'Check free space, and that the directory belongs to the user that runs Tor.',
  },
  'tor.coordination-missing': {
    what: 'this Tor does not serve the coordination service of this node, so other nodes cannot reach it over Tor; its torrc lacks: {lines}',
    action: 'Add these lines to its torrc and reload it, or set [tor] configure_service = true.',
  },
  'tor.coordination-surplus': {
    what: 'this Tor still serves the coordination service in {directory}, which nobody may use any more',
    action: 'Remove its lines from torrc and reload it. Nobody can reach it meanwhile.',
  },
  'tor.publishing-off': {
    what: 'this Tor has PublishHidServDescriptors 0, so half of each day the points of the instance cannot be read',
    action: 'Remove PublishHidServDescriptors 0 from its torrc.',
  },
  'tor.network-incomplete': {
    what: 'Tor lacks the microdescriptors of {missing} of {hsDirs} HSDirs, so nothing can be published yet',
    action: 'Nothing: Tor fetches them. If it lasts for more than some minutes, check its connection.',
  },
  'tor.network-unusable': {
    what: 'the consensus that Tor has cannot be used: {problem}',
    action: 'Report this line together with the version of Tor, if it lasts for more than an hour.',
  },
  'tor.own-descriptor-unusable': {
    what: 'the descriptor that Tor made for the instance cannot be used: {problem}',
    action: 'Report this line together with the version of Tor.',
  },
  'tor.network-silent': {
    what: 'Tor gets no answer from its network, and no other node is heard; this node is left out meanwhile',
    action: 'See to the network of this machine. It mends itself once that is back.',
  },
  'tor.too-few-points': {
    what: 'only {alive} of the {wanted} introduction points of this node live',
    action:
      'Nothing: the service is set up anew in Tor. If it repeats, check the connection of this machine.',
  },
  // — commands —
  'cli.usage': {
    what: '{problem}',
    action: 'See {command} --help.',
  },
  'cli.file-unreadable': {
    what: 'the file cannot be read: {reason}',
    action: 'Check the path and who may read it.',
  },
  'cli.no-key-file': {
    what: 'this is no key or address that {command} understands: {reason}',
    action: 'See {command} --help for what it takes.',
  },
  'cli.passphrase-missing': {
    what: 'a passphrase is needed, and nobody is at a terminal to type it',
    action:
      'Give it by --passphrase-file, or by --passphrase-fd and a descriptor that is open; arguments can be read by others.',
  },
  'cli.passphrase-weak': {
    what: 'the passphrase is too weak to guard the master key: {problem}',
    action:
      'Take at least {characters} characters, {different} of them different: six words chosen by dice are good.',
  },
  'cli.passphrase-differs': {
    what: 'the two passphrases are not the same',
    action: 'Try again, and type the same one twice.',
  },
  'cli.passphrase-unreadable': {
    what: 'the passphrase cannot be used: {reason}',
    action: 'Give one line of UTF-8 text of at most {most} bytes.',
  },
  'cli.qr-too-long': {
    what: 'the join token of {characters} characters is too long for a QR code, which holds {most}',
    action: 'Carry the token as text, or make one without --embed-key.',
  },
  'cli.qr-too-wide': {
    what: 'the QR code is {columns} columns wide, and the terminal {room}',
    action: 'Make the window wider or its letters smaller, or carry the token as text.',
  },
  'cli.no-descriptor': {
    what: 'this is no descriptor of that address in the periods that were tried: {reason}',
    action:
      'Check that the file is whole and that the address or key is its own; one of an older period, or of a network with other periods, needs --time-period or --period-length.',
  },
  'cli.key-mismatch': {
    what: '{first} and {second} belong to different addresses',
    action: 'One of the two is from another service: find out which before Tor starts with this directory.',
  },
  'init.exists': {
    what: '{file} exists already',
    action: 'Choose another --config-dir, or move the old files away: nothing is ever overwritten.',
  },
  'init.bad-key': {
    what: 'the file holds no secret identity key: {reason}',
    action: "Use Tor's hs_ed25519_secret_key (96 bytes), a 64-byte expanded key or a 32-byte seed.",
  },
  'init.bad-token': {
    what: 'the file holds no cluster token',
    action: 'Copy the cluster.token that rustbalance init made on the first node.',
  },
  'init.bad-prefix': {
    what: 'no search can find this beginning of an onion address: it {reason}',
    action: 'Use at most 10 characters of a-z and 2-7, as base32 has them; there is no 0, 1, 8 or 9.',
  },
  'init.interrupted': {
    what: 'the search was interrupted; nothing was made',
    action:
      'Run it again, with a shorter prefix if it takes too long: no search goes on where another ended.',
  },
  'init.not-confirmed': {
    what: 'nothing was made, because nobody confirmed it',
    action: 'Answer y, or add --yes.',
  },
  'init.write-failed': {
    what: 'the files of the node cannot be written ({reason}); none was left behind',
    action: 'Check free space and the owner of the directory around --config-dir.',
  },
  'probe.failed': {
    what: '{step} failed: {reason}',
    action: '{remedy}',
  },
  // — health —
  'health.target-down': {
    what: 'the target fails its probes, the last one because: {reason}',
    action:
      'Start the service behind [target], or correct its address; rustbalance debug connect tries it step by step.',
  },
  'health.clock-behind': {
    what: 'the clock is behind that of the Tor network',
    action: 'Set the clock and run a time service (systemd-timesyncd, chrony): until then nothing is signed.',
  },
  'health.clock-ahead': {
    what: 'the clock is ahead of that of the Tor network, or the consensus of this Tor is out of date',
    action: 'Set the clock, and see whether Tor reaches the network: until then nothing is signed.',
  },
  'health.tor-down': {
    what: 'Tor is not up ({state}): {reason}',
    action: "See Tor's own log; rustbalance debug tor tries its control port.",
  },
  'health.proxy-down': {
    what: 'the proxy does not listen ({state})',
    action: 'See rbctl inspect proxy for why.',
  },
  'health.no-publisher': {
    what: 'no node holds the lease to publish',
    action: 'See whether the nodes reach each other: rustbalance status on each of them.',
  },
  'health.peer-dead': {
    what: 'the peer {peer} is {lifecycle}',
    action: 'See to that machine; its introduction points are left out meanwhile.',
  },
  'health.peer-clock': {
    what: 'the clock of the peer {peer} is {direction} ours by more than {tolerance} s',
    action: 'Run a time service on both machines (systemd-timesyncd, chrony).',
  },
  'health.publisher-degraded': {
    what: 'publishing is hindered: {reason}',
    action: 'It is tried again by itself. If it lasts, see rustbalance status.',
  },
  // — target and proxy —
  'target.bad-url': {
    what: '{key} is not of the form SCHEME://HOST[:PORT]',
    action: 'Write for instance "http://127.0.0.1:8080"; a path, a user name or a query do not belong there.',
  },
  'target.bad-scheme': {
    what: '{key} has the unknown scheme "{scheme}"',
    action: 'Use http:// or https:// for web services, tcp:// for everything else.',
  },
  'target.port-missing': {
    what: '{key} has no port, and tcp:// has no usual one',
    action: 'Write for instance "tcp://127.0.0.1:22".',
  },
  'target.bad-port': {
    what: '{key} has the port {port}',
    action: 'Use a port between 1 and 65535.',
  },
  'target.bad-host': {
    what: '{key} holds neither a host name nor an address',
    action:
      'Write a name, an IPv4 address, an IPv6 address in brackets, or an onion address with .onion at its end.',
  },
  'target.bad-onion': {
    what: '{key} holds no valid onion address: {reason}',
    action: "Copy it again from the target's hostname file.",
  },
  'target.contradiction': {
    what: '{key} contradicts target.url',
    action: 'Remove {key}: url says it all.',
  },
  'target.is-itself': {
    what: '{key} leads back to this service itself',
    action: 'Set it to the service behind the balanced address, not to that address and not to proxy.listen.',
  },
  'proxy.listen-failed': {
    what: 'the proxy cannot listen at {address} ({reason})',
    action:
      'Check [proxy] listen, that the directory of a socket belongs to the user of the daemon, and what holds the port.',
  },
  'proxy.listen-in-use': {
    what: 'another process listens at {address}',
    action: 'End the other daemon, or give each its own [node] run_dir or [proxy] listen.',
  },
  'proxy.listen-not-a-socket': {
    what: '{path} is in the way: it is no socket',
    action: 'Move that file away or change [proxy] listen.',
  },
  'proxy.bad-listen': {
    what: '[proxy] listen is neither IP:PORT nor unix:/path',
    action: 'Leave it empty for a socket in [node] run_dir.',
  },
  'proxy.target-unreachable': {
    what: 'no connection to the target ({reason})',
    action: 'Check that the target runs and that [target] names where it listens.',
  },
  'proxy.target-timeout': {
    what: 'the target did not answer in time ({reason})',
    action: 'Check the load of the target, and [target] connect_timeout_secs and session_timeout_secs.',
  },
  'proxy.target-tls': {
    what: "the target's certificate or TLS was not accepted ({reason})",
    action:
      "Mend the target's certificate, or set [target] tls_verify = false if it is one that you made yourself.",
  },
  'proxy.target-tor': {
    what: 'Tor could not reach the target ({reason})',
    action: 'Check that the onion service of the target is up, and Tor itself with rustbalance status.',
  },
  'proxy.target-broken': {
    what: 'the target gave no proper HTTP answer ({reason})',
    action:
      'Check that [target] names an HTTP service, with TLS where it expects TLS; use tcp:// for anything else.',
  },
  // — the cluster —
  'transport.bind-failed': {
    what: 'the UDP address in {key} cannot be used ({reason})',
    action: '{remedy}',
  },
  'transport.bad-endpoint': {
    what: '{key} cannot be used: {problem}',
    action: 'Write the IP:PORT at which that node listens ([direct] listen in its own configuration).',
  },
  'transport.socket-failed': {
    what: 'the UDP socket failed ({reason})',
    action: 'Nothing, if it happened once: it is opened again. If it repeats, look at the network interface.',
  },
  // — tunnels —
  'wireguard.secret-missing': {
    what: 'coordination over WireGuard needs {key}',
    action: 'Make the node with rustbalance init --endpoint or rustbalance join, which write it.',
  },
  'wireguard.foreign-interface': {
    what: 'the interface {interface} belongs to something else ({evidence})',
    action: 'Set [wireguard] interface to a name that is free, or remove that interface.',
  },
  'wireguard.tool-missing': {
    what: 'the program {program} is missing',
    action: 'Install it: apt-get install wireguard-tools wireguard-go nftables iproute2.',
  },
  'wireguard.not-permitted': {
    what: '{command} was refused ({reason})',
    action: 'Give the daemon CAP_NET_ADMIN (AmbientCapabilities=CAP_NET_ADMIN in its unit).',
  },
  'wireguard.command-failed': {
    what: '{command} failed ({reason})',
    action:
      'If the port is in use, choose another [wireguard] listen_port; otherwise run the command by hand to see why.',
  },
  'wireguard.command-hung': {
    what: '{command} did not end within {limitMs} ms',
    action: 'Nothing: the tunnel is rebuilt. If it repeats, look whether wireguard-go is stopped.',
  },
  'wireguard.userspace-failed': {
    what: 'this kernel has no WireGuard, and wireguard-go does not start ({reason})',
    action: 'Look whether /dev/net/tun is there and /run/wireguard belongs to the user of the daemon.',
  },
  'wireguard.rebuilt': {
    what: 'the tunnel interface was {problem}; it is built anew',
    action: 'Nothing, if it happened once. If it repeats, find out who takes the interface down.',
  },
  'wireguard.guard-failed': {
    what: 'the guard of the tunnel network could not be set ({reason})',
    action:
      'Install nftables. Without the guard a neighbour can send to the tunnel address; datagrams stay sealed.',
  },
  'transport.stream-socket-failed': {
    what: 'the socket that Tor brings streams of other nodes to failed ({reason})',
    action: 'Nothing, if it happened once: it is opened again. If it repeats, look at node.run_dir.',
  },
  'cluster.node-key-missing': {
    what: 'there are peers, but this node has no key of its own',
    action: 'Set [node] key_path to the key that rustbalance init made on this machine.',
  },
  'cluster.bad-peer-key': {
    what: 'the public key of peer {peer} is no usable Ed25519 key',
    action: 'Copy node_public_key again from what rustbalance init printed on that machine.',
  },
  'cluster.member-twice': {
    what: 'peer {peer} has the same {field} as another member of the cluster',
    action: 'Give every node a name and a key of its own; never copy node.key to another machine.',
  },
  'cluster.clock-skew': {
    what: 'the clock of peer {peer} is {offsetSecs} s off ours (tolerance {toleranceSecs} s)',
    action: 'Synchronise the clocks of both machines (NTP, chrony or systemd-timesyncd).',
  },
  'cluster.own-clock-skew': {
    what: 'the clock of this machine is {offsetSecs} s off those of all {peers} peers',
    action: 'Synchronise the clock of this machine (NTP, chrony or systemd-timesyncd).',
  },
  'cluster.members-differ': {
    what: 'peer {peer} was configured with other members ({theirs}) than this node ({ours})',
    action: 'List every other node with its id and public key under [[direct.peers]], on every node.',
  },
  'cluster.foreign-datagrams': {
    what: 'datagrams of another cluster arrive',
    action:
      'If a peer is missing: its cluster token or its master address differs from ours. Otherwise somebody else sends to this port.',
  },
  'cluster.unknown-sender': {
    what: 'a node of this cluster that is not in the list of peers sends to us',
    action:
      'Add it under [[direct.peers]] with the public key that its rustbalance init printed, or stop it.',
  },
  'cluster.records-differ': {
    what: 'peer {peer} holds other records of members and tokens ({theirs} members) than this node ({ours})',
    action:
      'Nothing, when it lasts for seconds. Otherwise look at both nodes with rustbalance status: they may run different versions.',
  },
  'cluster.anchor-unusable': {
    what: 'the member file is not used: {reason}',
    action: 'Copy it again from peers/ of another node of this cluster, or delete it.',
  },
  'cluster.too-many-records': {
    what: 'the cluster has more than {most} records of members and tokens; new ones are not taken',
    action: 'Look for a node that makes join tokens in a loop, and remove it.',
  },
  'cluster.claim-without-key': {
    what: 'peer {peer} claims the lease, but holds no master key, as its record or itself says; the claim does not count',
    action:
      'Look at that machine with rustbalance status. If it holds the master key by now, restart it, so that its record says so; else remove it.',
  },
  'cluster.second-publisher': {
    what: 'the HSDirs hold a descriptor of this address that this node did not make: {points} introduction points, {foreign} of them of nobody in contact; this node would publish {ours}',
    action:
      'Let the nodes reach each other again: rustbalance status shows whom this one does not hear. If all are in contact, somebody else has the master key.',
  },
  'cluster.removed': {
    what: 'this node was removed from the cluster: it publishes nothing and talks to nobody',
    action: 'Stop it. To return, give it a new node key and let it join again.',
  },
  // — joining —
  'join.token-damaged': {
    what: 'this is no whole join token',
    action: 'Copy it again, all of it: it begins with rb1: and is one word. Best hand it over as a file.',
  },
  'join.token-version': {
    what: 'the join token is of version {version}, which this program does not know',
    action: 'Install the same version of rustbalance on both machines.',
  },
  'join.token-expired': {
    what: 'the join token expired at {expired}',
    action:
      'Make another on a member: rustbalance token create. If it should still be good, check the clock here.',
  },
  'join.passphrase-wrong': {
    what: 'the passphrase does not open the join token',
    action:
      'Type the passphrase that the token was made with. If it is right, somebody changed the token: make another.',
  },
  'join.not-by-master': {
    what: 'the join token was not made for joining by the master address',
    action:
      'Set [join] via_master = true on all members, restart them and make another token; or join without --via-master.',
  },
  'join.token-foreign': {
    what: 'the join token and the node that answered are of different clusters',
    action: 'Make another token on a member of the cluster that this machine shall join.',
  },
  'join.token-spent': {
    what: 'the join token has been used as often as it may be',
    action: 'Make another on a member: rustbalance token create --uses N.',
  },
  'join.token-revoked': {
    what: 'the join token was revoked',
    action: 'Make another on a member: rustbalance token create.',
  },
  'join.removed': {
    what: 'this node key was removed from the cluster, and that is for ever',
    action: 'Join again without the old node.key, so that a new one is made.',
  },
  'join.limit': {
    what: 'the cluster takes no more nodes for the moment',
    action:
      'Join again in a few minutes, or start the daemon, which goes on by itself; [join] max_joins and window_secs say how many may join in what time.',
  },
  'join.clock': {
    what: 'the clock of this machine is too far from those of the cluster',
    action: 'Synchronise it (NTP, chrony or systemd-timesyncd) and join again.',
  },
  'join.undecided': {
    what: 'the node that was called could not ask the publisher whether the token is still good',
    action:
      'Join again in a minute, or start the daemon, which goes on by itself. On a member, rustbalance status tells whether its peers are well.',
  },
  'join.unsuited': {
    what: 'the members could not reach this node: {problem}',
    action: 'Give --listen or --endpoint with an address of this machine that they can reach.',
  },
  'join.unreachable': {
    what: 'no member of the cluster answered in {attempts} attempts ({reason})',
    action:
      'Check that the node which made the token runs and can be reached from here; the token is still good. Then join again, or start the daemon: it goes on by itself, with the same node key.',
  },
  'join.no-answer': {
    what: 'a member was reached but did not take the token ({attempts} attempts)',
    action:
      'Check that the token was made for this cluster and that the clocks of both machines agree, or make another token.',
  },
  'join.bad-answer': {
    what: 'the answer of the cluster contradicts itself: {problem}',
    action: 'Install the same version of rustbalance on all machines and join again.',
  },
  'join.pending': {
    what: 'this machine is not in its cluster yet: {progress}',
    action:
      'Nothing, as long as rustbalance run or join --wait is under way: it goes on by itself. Else start one of them, or join with another token.',
  },
  'join.pending-unusable': {
    what: 'the pending join cannot be used: {reason}',
    action: 'Remove the file, and join again with the token: a new node key costs it a second use.',
  },
  'join.pending-unwritable': {
    what: 'the pending join cannot be kept: {reason}',
    action:
      'Let the directory belong to the user that joins, and leave it writable (ReadWritePaths= of the unit); nobody was called.',
  },
  'join.pending-kept': {
    what: 'this node has joined, but its pending join cannot be removed: {reason}',
    action: 'Remove the file. Until then each start of the daemon asks once more, which costs nothing.',
  },
  'join.renamed': {
    what: 'the cluster knows this node as {id}; its configuration says {configured}',
    action: 'Set [node] id to {id} and restart it: two nodes of one name cannot be told apart.',
  },
  'join.tor-failed': {
    what: 'the Tor for joining could not be used: {reason}',
    action: 'Install tor or name it with --tor-binary, and check that this machine reaches the Tor network.',
  },
  'token.unknown': {
    what: 'there is no join token {id}',
    action: 'Take an id that rustbalance token list shows.',
  },
  'token.no-records': {
    what: 'this node keeps no records of members, so nobody can join by it',
    action:
      'Set [coordination] members_dir to the peers folder that rustbalance init or join made; a cluster of [[direct.peers]] alone is extended by hand.',
  },
  'token.no-master-key': {
    what: 'this node has no master key to put into a token',
    action: 'Make the token on a member that publishes, or without --embed-key.',
  },
  'token.no-address': {
    what: 'nobody could reach this node to join: it has no address for joins',
    action:
      'Set [direct] listen (mode direct) to an address that the other machine can reach, or another [coordination] mode.',
  },
  'member.removed-until-restart': {
    what: 'the removal of {id} may be forgotten at the next start: it stands in config.toml, or no records are kept',
    action:
      'Take {id} out of [[direct.peers]] on every node; a node without [coordination] members_dir keeps no removals.',
  },
  'member.unknown': {
    what: 'there is no member {id} in the cluster',
    action: 'Take an id that rustbalance status shows. A peer that stands in config.toml is removed there.',
  },
} as const satisfies Record<string, CatalogueEntry>;
