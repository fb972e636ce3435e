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
} as const satisfies Record<string, CatalogueEntry>;
