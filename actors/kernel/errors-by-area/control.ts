import type { CatalogueEntry } from './entry.js';

/** Of Tor's control port. */
export const CONTROL_ERRORS = {
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
} as const satisfies Record<string, CatalogueEntry>;
