import type { CatalogueEntry } from './entry.js';

/** Of join tokens and of joining. */
export const JOINING_ERRORS = {
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
  'join.no-key-grant': {
    what: 'the join token does not bring the master key, which this machine asks for',
    action:
      'Make the token on a node that holds the master key (rustbalance token create), or join with --no-master-key: this node then never publishes.',
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
    what: 'the node that was called could not ask the publisher whether the token is still good, or has no master key to give',
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
} as const satisfies Record<string, CatalogueEntry>;
