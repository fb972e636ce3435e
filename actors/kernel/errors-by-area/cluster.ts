import type { CatalogueEntry } from './entry.js';

/** Of membership, the lease and the protocol between nodes. */
export const CLUSTER_ERRORS = {
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
  'cluster.anchor-outdated': {
    what: 'the file of a removed member, or of a revoked token, cannot be replaced by the record of its end: {reason}',
    action:
      'Delete it: a node that loses members.json would take the removed member for one of the cluster again. Or let the daemon write there (ReadWritePaths=) and restart it.',
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
  'member.removed-until-restart': {
    what: 'the removal of {id} may be forgotten at the next start: it stands in config.toml, or no records are kept',
    action:
      'Take {id} out of [[direct.peers]] on every node; a node without [coordination] members_dir keeps no removals.',
  },
  'drain.alone': {
    what: 'this node cannot drain: no other node serves that does not drain itself',
    action:
      'Look at rustbalance status: another node must be healthy first. Alone, stop it with systemctl stop.',
  },
  'drain.no-heir': {
    what: 'this node cannot drain: no other node in service could publish, for want of the master key or of Tor',
    action: 'Let another node get the master key (rustbalance join), or mend its Tor, and drain then.',
  },
  'drain.not-left-out': {
    what: 'the publisher did not take this node out of the descriptor in time',
    action:
      'Look at publishing in rustbalance status of the publisher. A publisher of a version that knows no drain never does: upgrade another node first.',
  },
  'drain.ended': {
    what: 'the drain ended while it was waited for: somebody took the node back, or its daemon restarted',
    action: 'Look at rustbalance status, and give rustbalance drain again.',
  },
  'drain.not-awaited': {
    what: 'interrupted before the node was drained: it goes on draining',
    action: 'Look at rustbalance status, or take it back with rustbalance undrain.',
  },
  'drain.cut': {
    what: 'the deadline of the drain came with {circuits} circuits of clients that never paused; they are closed',
    action: 'Nothing. A longer --timeout gives such clients more time.',
  },
  'member.unknown': {
    what: 'there is no member {id} in the cluster',
    action: 'Take an id that rustbalance status shows. A peer that stands in config.toml is removed there.',
  },
} as const satisfies Record<string, CatalogueEntry>;
