import type { CatalogueEntry } from './entry.js';

/** Of Tor itself, its services, and of publishing. */
export const TOR_ERRORS = {
  'publisher.crypto-refused': {
    what: 'the task {task} refused its input: {code} ({detail})',
    action: 'Report this line: the publisher handed on something that it should have refused itself.',
  },
  'publisher.key-not-restored': {
    what: 'the master key file {file} could not be written again ({reason})',
    action:
      'Let the daemon write there (ReadWritePaths= in its unit), or put the file back from a backup before the next start.',
  },
  'publisher.not-accepted': {
    what: 'only {accepted} of {hsdirs} HSDirs hold a descriptor after {retries} retries of each ({reasons}), so clients may not find this address',
    action:
      'Check the network of this machine and its clock; it is tried on and on. rbctl inspect publisher shows each HSDir.',
  },
  'publisher.no-master-key': {
    what: 'this node was asked to sign, but holds no master key',
    action: 'Set master.identity_key_path if this node is to publish.',
  },
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
  'tor.restart-ordered': {
    what: 'tor is restarted as a repair: {reason}',
    action: 'Nothing, if it happened once. rbctl history shows whether it helped.',
  },
  'tor.keeps-ending': {
    what: 'tor ended {count} times within {minutes} minutes; its last words: {lastLine}',
    action: 'Mend what its last words name; it is tried again every {retrySecs} s.',
  },
  'tor.hung': {
    what: 'tor (process {pid}) runs but has not answered for {seconds} s',
    action:
      'Nothing, if it happened once: it is replaced where that is ours to do. Otherwise look for an overloaded machine.',
  },
  'tor.bootstrap-stuck': {
    what: 'the bootstrap of Tor has stood at {percent} % for {minutes} minutes, although it reaches relays',
    action:
      'Nothing, if it happened once: Tor is replaced where that is ours to do. Otherwise see its log, and the clock.',
  },
  'tor.circuits-stuck': {
    what: 'Tor answers but builds no circuits ({failures} failed in a row); this node is left out meanwhile',
    action:
      'Nothing, if it happened once: Tor connects anew, and is replaced if that does not help, where that is ours to do.',
  },
  'tor.no-network': {
    what: 'Tor reaches no relay at all',
    action: 'See to the network and the firewall of this machine. It mends itself once that is back.',
  },
  'tor.unit-not-restarted': {
    what: 'the Tor of this system is not usable and its unit could not be restarted ({reason})',
    action:
      'Start Tor yourself, and run it as the user of the daemon or let that user restart its unit (polkit).',
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
    action:
      'Remove its lines from torrc and reload it, for example by systemctl reload tor@default: until then those whom it let in last may find it still.',
  },
  'tor.coordination-unread': {
    what: 'who may reach the coordination service of this node has changed ({changes} times) since this Tor read it: over Tor those let in since cannot reach it yet, and those shut out may find it still',
    action:
      'Reload Tor when it suits you, for example by systemctl reload tor@default. With [tor] configure_service = true the daemon has it read, without a reload.',
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
  'tor.address-lost': {
    what: 'this machine has lost an address by which Tor may be connected',
    action:
      'Nothing where the daemon runs Tor: no client is sent here until its connections are made anew. Restart a Tor of the system, whose connections may be dead for a quarter of an hour.',
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
} as const satisfies Record<string, CatalogueEntry>;
