/**
 * The "microdesc" consensus as Tor's control port hands it out (dir-spec §3.4.1). Its signatures are not
 * checked: our own Tor has done so, and whoever could forge this answer controls that Tor.
 */
import type { SharedRandomValue, UnixSeconds } from '../brands.js';
import { decodeBase64 } from '../encoding/base64.js';
import { latin1 } from '../encoding/bytes.js';
import { parseUnsigned } from '../encoding/integer.js';
import { parseUtcTime } from '../encoding/utc-time.js';
import { type Failure, type Result, failure, ok } from '../result.js';
import { type ConsensusParams, parseConsensusParams } from './consensus-params.js';
import { supportsProtocol } from './protocol-versions.js';
import { RELAY_FLAGS } from './relay-table.js';

/** The public network's has 3 MB and 8000 relays. */
export const LARGEST_CONSENSUS = 32_000_000;
export const MOST_RELAYS = 65_536;

export interface ConsensusRelay {
  /** 20 bytes. */
  readonly fingerprint: Uint8Array;
  /** SHA-256 of its microdescriptor as 43 characters of base64, or null when there is no "m" line. */
  readonly microdescriptor: string | null;
  /** Bits of RELAY_FLAGS. */
  readonly flags: number;
}

interface ConsensusTimes {
  readonly validAfter: UnixSeconds;
  readonly freshUntil: UnixSeconds;
  readonly validUntil: UnixSeconds;
}

export interface Consensus extends ConsensusTimes {
  readonly sharedRandomCurrent: SharedRandomValue | null;
  readonly sharedRandomPrevious: SharedRandomValue | null;
  readonly params: ConsensusParams;
  readonly relays: readonly ConsensusRelay[];
}

const malformed = (detail: string): Failure => failure('network.malformed', `consensus: ${detail}`);

/** Lines of a section by their keyword; a second line of one keyword is remembered as such. */
interface Header {
  readonly lines: ReadonlyMap<string, readonly string[]>;
  readonly twice: ReadonlySet<string>;
}

const readHeader = (lines: readonly string[]): Header => {
  const byKeyword = new Map<string, readonly string[]>();
  const twice = new Set<string>();
  for (const line of lines) {
    const [keyword = '', ...words] = line.split(' ');
    if (byKeyword.has(keyword)) twice.add(keyword);
    byKeyword.set(keyword, words);
  }
  return { lines: byKeyword, twice };
};

const HEADER_ONCE = [
  'network-status-version',
  'vote-status',
  'valid-after',
  'fresh-until',
  'valid-until',
  'params',
  'shared-rand-current-value',
  'shared-rand-previous-value',
];

const timeOf = (header: Header, keyword: string): UnixSeconds | null => {
  const words = header.lines.get(keyword);
  return words?.length === 2 ? parseUtcTime(words[0] ?? '', words[1] ?? '') : null;
};

/** "keyword NumReveals Value"; undefined means that the line is there and wrong. */
const sharedRandomOf = (header: Header, keyword: string): SharedRandomValue | null | undefined => {
  const words = header.lines.get(keyword);
  if (words === undefined) return null;
  const value = decodeBase64(words[1] ?? '');
  const reveals = parseUnsigned(words[0] ?? '', 0, 0xffff);
  return value?.length === 32 && reveals !== null ? (value as SharedRandomValue) : undefined;
};

const FLAG_BITS: ReadonlyMap<string, number> = new Map([
  ['Running', RELAY_FLAGS.running],
  ['Valid', RELAY_FLAGS.valid],
]);

const flagsOf = (flagWords: readonly string[], protocolWords: readonly string[]): number => {
  let flags = 0;
  for (const word of flagWords) flags |= FLAG_BITS.get(word) ?? 0;
  const isHsDir = flagWords.includes('HSDir') && supportsProtocol(protocolWords, 'HSDir', 2);
  return isHsDir ? flags | RELAY_FLAGS.hsDir : flags;
};

/** One relay from its "r" line and the lines up to the next one. */
const readRelay = (lines: readonly string[], from: number, to: number): Result<ConsensusRelay> => {
  const identity = (lines[from] ?? '').split(' ')[2] ?? '';
  const fingerprint = decodeBase64(identity);
  if (fingerprint?.length !== 20) return malformed('an "r" line has no identity of 20 bytes');
  const words = new Map<string, readonly string[]>();
  for (let at = from + 1; at < to; at++) {
    const [keyword = '', ...rest] = (lines[at] ?? '').split(' ');
    if (keyword === 'a') continue;
    if (words.has(keyword)) return malformed(`a relay has two "${keyword.slice(0, 20)}" lines`);
    words.set(keyword, rest);
  }
  const flagWords = words.get('s');
  if (flagWords === undefined) return malformed('a relay has no "s" line');
  const microdescriptor = words.get('m')?.[0] ?? null;
  if (microdescriptor !== null && !/^[A-Za-z0-9+/]{43}$/.test(microdescriptor)) {
    return malformed('an "m" line has no digest of 32 bytes');
  }
  return ok({ fingerprint, microdescriptor, flags: flagsOf(flagWords, words.get('pr') ?? []) });
};

const readRelays = (
  lines: readonly string[],
  from: number,
  to: number,
): Result<readonly ConsensusRelay[]> => {
  const relays: ConsensusRelay[] = [];
  for (let at = from; at < to;) {
    let next = at + 1;
    while (next < to && !(lines[next] ?? '').startsWith('r ')) next++;
    const relay = readRelay(lines, at, next);
    if (!relay.ok) return relay;
    if (relays.push(relay.value) > MOST_RELAYS)
      return failure('network.too-large', `over ${MOST_RELAYS} relays`);
    at = next;
  }
  return ok(relays);
};

const timesOf = (header: Header): Result<ConsensusTimes> => {
  const validAfter = timeOf(header, 'valid-after');
  const freshUntil = timeOf(header, 'fresh-until');
  const validUntil = timeOf(header, 'valid-until');
  if (validAfter === null || freshUntil === null || validUntil === null)
    return malformed('one of its times is wrong');
  return validAfter < freshUntil && freshUntil <= validUntil
    ? ok({ validAfter, freshUntil, validUntil })
    : malformed('its times are out of order');
};

const checkHeader = (header: Header): Failure | null => {
  const doubled = HEADER_ONCE.find((keyword) => header.twice.has(keyword));
  if (doubled !== undefined) return malformed(`two "${doubled}" lines`);
  if (header.lines.get('network-status-version')?.join(' ') !== '3 microdesc') {
    return malformed('it does not begin with "network-status-version 3 microdesc"');
  }
  return header.lines.get('vote-status')?.[0] === 'consensus'
    ? null
    : malformed('its vote-status is not "consensus"');
};

/** Parses a whole consensus; one that is cut off before its footer is refused. */
export const parseConsensus = (bytes: Uint8Array): Result<Consensus> => {
  if (bytes.length > LARGEST_CONSENSUS)
    return failure('network.too-large', `a consensus of ${bytes.length} bytes`);
  const lines = latin1(bytes).split('\n');
  const footer = lines.indexOf('directory-footer');
  if (footer < 0) return malformed('it has no directory-footer: it is cut off, or no consensus');
  const firstRelay = lines.findIndex((line) => line.startsWith('r '));
  const relaysFrom = firstRelay < 0 || firstRelay > footer ? footer : firstRelay;
  const header = readHeader(lines.slice(0, relaysFrom));
  const wrong = checkHeader(header);
  if (wrong !== null) return wrong;

  const times = timesOf(header);
  if (!times.ok) return times;
  const sharedRandomCurrent = sharedRandomOf(header, 'shared-rand-current-value');
  const sharedRandomPrevious = sharedRandomOf(header, 'shared-rand-previous-value');
  if (sharedRandomCurrent === undefined || sharedRandomPrevious === undefined) {
    return malformed('a shared random value is wrong');
  }
  const params = parseConsensusParams(header.lines.get('params') ?? []);
  if (!params.ok) return params;
  const relays = readRelays(lines, relaysFrom, footer);
  if (!relays.ok) return relays;
  return ok({
    ...times.value,
    sharedRandomCurrent,
    sharedRandomPrevious,
    params: params.value,
    relays: relays.value,
  });
};
