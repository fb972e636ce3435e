import type { CatalogueEntry } from './entry.js';

/** Of the commands of an operator. */
export const COMMANDS_ERRORS = {
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
  'init.start-failed': {
    what: 'the node is made, but systemd did not start it ({reason})',
    action:
      'See systemctl status rustbalance and journalctl -u rustbalance, mend what they name, and run systemctl enable --now rustbalance.',
  },
} as const satisfies Record<string, CatalogueEntry>;
