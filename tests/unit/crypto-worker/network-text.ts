/** Consensus and microdescriptors as Tor's control port gives them, for made-up relays. */
import { createHash } from 'node:crypto';
import { bytesOf } from './given.js';

export interface RelayText {
  readonly name: string;
  readonly flags?: string;
  readonly protocols?: string;
  readonly microdescriptor?: string;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

export const microdescriptorOf = (name: string): string =>
  `onion-key\nntor-onion-key ${base64(bytesOf(`ntor ${name}`))}\nfamily $AAAA onion-key\nid ed25519 ${base64(bytesOf(`id ${name}`))}\n`;

export const digestOf = (microdescriptor: string): string =>
  base64(createHash('sha256').update(microdescriptor).digest());

export const fingerprintOf = (name: string): Uint8Array => bytesOf(`fingerprint ${name}`).slice(0, 20);

const relayLines = ({
  name,
  flags = 'Fast HSDir Running Stable V2Dir Valid',
  protocols,
  microdescriptor,
}: RelayText): string =>
  `r ${name.replaceAll(' ', '')} ${base64(fingerprintOf(name))} 2038-01-01 00:00:00 127.0.0.1 5000 0\n` +
  `a [::1]:5000\na [::2]:5000\n` +
  `m ${digestOf(microdescriptor ?? microdescriptorOf(name))}\n` +
  `s ${flags}\nv Tor 0.4.9.11\n` +
  `pr ${protocols ?? 'Cons=1-2 Desc=1-4 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 Link=1-5'}\nw Bandwidth=10\n`;

export interface NetworkText {
  readonly relays: readonly RelayText[];
  readonly params?: string;
  readonly sharedRandom?: string;
  readonly times?: string;
}

export const TIMES =
  'valid-after 2026-03-01 13:00:00\nfresh-until 2026-03-01 14:00:00\nvalid-until 2026-03-01 16:00:00\n';

const srv = (name: string): string => Buffer.from(bytesOf(name)).toString('base64');
export const SHARED_RANDOM =
  `shared-rand-previous-value 9 ${srv('srv previous')}\n` +
  `shared-rand-current-value 9 ${srv('srv current')}\n`;

export const consensusText = ({
  relays,
  params,
  sharedRandom = SHARED_RANDOM,
  times = TIMES,
}: NetworkText): string =>
  'network-status-version 3 microdesc\nvote-status consensus\nconsensus-method 34\n' +
  times +
  'voting-delay 300 300\nclient-versions 0.4.9.11\nknown-flags Authority BadExit Exit Fast Guard HSDir\n' +
  `params ${params ?? 'CircuitPriorityHalflifeMsec=30000 hsdir_spread_store=4 cc_alg=2'}\n` +
  sharedRandom +
  'dir-source test 0011223344556677889900112233445566778899 127.0.0.1 127.0.0.1 7000 5000\n' +
  'contact nobody\nvote-digest 0011223344556677889900112233445566778899\n' +
  relays.map(relayLines).join('') +
  'directory-footer\nbandwidth-weights Wbd=0 Wbe=0\n' +
  'directory-signature sha256 00 11\n-----BEGIN SIGNATURE-----\nAAAA\n-----END SIGNATURE-----\n';

/** As GETINFO md/all gives it: without the last newline. */
export const microdescriptorsText = (relays: readonly RelayText[]): string =>
  relays
    .map(({ name, microdescriptor }) => microdescriptor ?? microdescriptorOf(name))
    .join('')
    .slice(0, -1);
