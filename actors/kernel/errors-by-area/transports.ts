import type { CatalogueEntry } from './entry.js';

/** Of what carries datagrams between nodes. */
export const TRANSPORTS_ERRORS = {
  'wg.key-not-restored': {
    what: 'the key file {file} could not be written again ({reason})',
    action:
      'Let the daemon write there (ReadWritePaths= in its unit), or put the file back from a backup before the next start.',
  },
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
    action:
      'Look whether the user of the daemon may open /dev/net/tun (mode 0666 on Debian) and owns /run/wireguard.',
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
} as const satisfies Record<string, CatalogueEntry>;
