import type { CatalogueEntry } from './entry.js';

/** Of the daemon as a whole: its messages, state files, actors, threads and children. */
export const KERNEL_ERRORS = {
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
    what: 'the state file cannot be written ({reason}); it is tried again every 15 s',
    action: 'Check free space, and that the directory belongs to the user of the daemon.',
  },
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
  'actor.restart-ordered': {
    what: 'the {actor} actor is restarted as a repair: {reason}',
    action: 'Nothing, if it happened once. rbctl history shows whether it helped.',
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
  'supervisor.told-to-end': {
    what: 'no repair helped, so the process ends to be started afresh: {reason}',
    action: 'Mend what is named. rbctl history shows what was tried.',
  },
  'supervisor.bad-spec': {
    what: 'the supervision tree is impossible: {problem}',
    action: 'Report this line.',
  },
  'supervisor.stuck': {
    what: '{problem}: the service manager is not told that all is well',
    action: 'Nothing: it ends the process and starts it again. If it repeats, report this line.',
  },
  'notify.failed': {
    what: 'systemd-notify could not tell the service manager ({reason})',
    action: 'Check that the unit is the one in ops/ (NotifyAccess=all) and that systemd-notify is installed.',
  },
  'reload.refused': {
    what: 'the configuration is not taken over: {problem}',
    action: 'The daemon goes on with the last good one. {remedy} Then send SIGHUP again.',
  },
  'host.spawn-failed': {
    what: '{command} could not be started ({reason})',
    action: 'Install it, or correct the setting that names it.',
  },
  'host.capabilities-kept': {
    what: '{program} runs with the capabilities of the daemon, which it has no use for: they could not be dropped ({reason})',
    action:
      'Install setpriv (util-linux), and take over ops/rustbalance.service of this version, which allows capset; then restart the daemon.',
  },
  'host.too-many-children': {
    what: '{id} was not started: {limit} child processes run already',
    action: 'Report this line.',
  },
  'host.stopping': {
    what: '{id} was not started: the daemon is ending',
    action: 'Nothing.',
  },
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
} as const satisfies Record<string, CatalogueEntry>;
