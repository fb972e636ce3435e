import type { CatalogueEntry } from './entry.js';

/** Of the target and the way to it. */
export const PROXY_ERRORS = {
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
  'target.mixed-modes': {
    what: '{key} is of another kind than the first target',
    action: 'Name web services (http://, https://) or raw ones (tcp://), not both.',
  },
  'target.twice': {
    what: '{key} names a target that stands before it',
    action: 'Remove one of them.',
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
  'proxy.down-page': {
    what: '{path} cannot serve as [target] down_page: {reason}',
    action:
      'Put an HTML file of at most 64 KiB there that the user of the daemon can read: it is looked at every 5 s.',
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
} as const satisfies Record<string, CatalogueEntry>;
