import type { CatalogueEntry } from './entry.js';

/** Of what is watched. */
export const HEALTH_ERRORS = {
  'probe.failed': {
    what: '{step} failed: {reason}',
    action: '{remedy}',
  },
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
  'health.proxy-unreachable': {
    what: 'the proxy listens, and nobody can connect to it ({reason})',
    action: 'It is restarted. Find out who removes its socket from [node] run_dir.',
  },
  'health.tor-trouble': {
    what: 'Tor runs and does not do its work ({trouble})',
    action: 'It is restarted, unless it reaches no network: then see to the network of this machine.',
  },
  'health.tor-not-redundant': {
    what: 'one of the two Tors of this node, the {which} one, is not there to take over ({state}): {reason}',
    action:
      'It is started again by itself, and clients notice nothing; see the log for why it does not come up.',
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
    what: 'the clock of the peer {peer} is {offsetSecs} s {direction} ours',
    action: 'Run a time service on both machines (systemd-timesyncd, chrony).',
  },
  'health.peer-clock-wrong': {
    what: 'the clock of the peer {peer} is {offsetSecs} s {direction} ours: one of both machines must be mended',
    action: 'Run a time service on both machines (systemd-timesyncd, chrony), and see which one is wrong.',
  },
  'health.own-clock': {
    what: 'the clock of this machine is {offsetSecs} s {direction} those of {agreeing} of {measured} peers',
    action: 'Run a time service on this machine (systemd-timesyncd, chrony).',
  },
  'health.own-clock-wrong': {
    what: 'the clock of this machine is {offsetSecs} s {direction} those of {agreeing} of {measured} peers',
    action:
      'Set the clock of this machine and run a time service on it. It leaves publishing to other nodes meanwhile, and from 60 s on signs nothing.',
  },
  'health.memory-critical': {
    what: 'this service uses {usedMiB} MiB, {percent} % of what it may: the kernel will end it soon',
    action:
      'Raise MemoryMax= of the unit, or see rbctl inspect for the actor that grows. Other nodes publish meanwhile.',
  },
  'health.clock-unsynchronised': {
    what: 'the clock of this machine is not synchronised ({source})',
    action:
      'Run a time service (systemd-timesyncd, chrony). With [resilience] require_ntp_sync nothing is signed after a start until it is.',
  },
  'health.clock-unknown': {
    what: 'whether the clock of this machine is synchronised cannot be found out',
    action: 'Look by hand (timedatectl, chronyc tracking), or set [resilience] require_ntp_sync = false.',
  },
  'health.disk-low': {
    what: '{freeMiB} MiB ({freePercent} %) are left where {path} lies',
    action: 'Free some space, before state cannot be saved and Tor ends.',
  },
  'health.disk-full': {
    what: '{freeMiB} MiB ({freePercent} %) are left where {path} lies: state cannot be saved for much longer',
    action: 'Free space now. Nothing else need be done: what could not be written is written again.',
  },
  'health.memory-high': {
    what: 'this service uses {usedMiB} MiB, {percent} % of what it may',
    action: 'Raise MemoryMax= of the unit, or see rbctl inspect for the actor that grows.',
  },
  'health.key-file': {
    what: '{path} ({key}) is {state} ({reason})',
    action:
      'Find out who did that. It is written again from memory where that can be; else put it back from a backup before the next start, which would fail.',
  },
  'health.master-key-file': {
    what: 'the master key file {file} is {state} ({reason})',
    action:
      'Put the key back before the next start, which would fail. A backup is best kept off this machine.',
  },
  'health.key-backup': {
    what: 'the backup of the master key at {file} cannot be kept ({reason})',
    action: 'Let the daemon write there, and nobody else; or set [master] backup_key_path to another place.',
  },
  'health.instance-files': {
    what: 'files of the onion service of this node are missing or damaged: {files}',
    action:
      'Find out who removes them. They are written again, as long as the directory belongs to the daemon.',
  },
  'health.mode-too-open': {
    what: '{path} has the mode {mode}, and must not be open to others',
    action: 'chmod go-rwx {path}, and chown it to the user of the daemon.',
  },
  'health.canary-failed': {
    what: 'the address was not reached {failures} times in a row: it breaks at {step} ({reason})',
    action: '{remedy}',
  },
  'health.tunnel-down': {
    what: 'the tunnel does not work ({reason})',
    action: 'Nothing, if it passes: it is rebuilt. If it lasts, see the log of the wg actor for why.',
  },
  'health.transport-down': {
    what: 'no datagrams by {transport} ({reason})',
    action: 'See that its address and port are free; other nodes do not hear this one by it.',
  },
  'health.repair-exhausted': {
    what: 'the repair {action} did not help, {tries} times in {periodMins} min',
    action:
      'See to it by hand; rbctl history shows what broke and what was tried. It is tried again, slowly.',
  },
  'alert.failed': {
    what: 'an alert could not be told ({reason})',
    action: 'Try the command of [alerts] by hand as the user of the daemon, or see that the webhook answers.',
  },
  'health.publisher-degraded': {
    what: 'publishing is hindered: {reason}',
    action: 'It is tried again by itself. If it lasts, see rustbalance status.',
  },
} as const satisfies Record<string, CatalogueEntry>;
