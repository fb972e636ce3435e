import { parseArguments, type ReplyArguments } from './arguments.js';
import { parseCircuit, type CircuitDescription } from './circuit.js';
import { parseConfLine, type ConfLine } from './conf-line.js';
import {
  parseHsDesc,
  parseHsDescContent,
  type HsDescContentEvent,
  type HsDescEvent,
} from './hs-desc-event.js';
import type { ControlMessage, ReplyLine } from './reply-parser.js';
import { parseStatusReport, type StatusReport } from './status-event.js';
import type { WireText } from './wire-text.js';

/**
 * The events that are understood here. For a new consensus subscribe to STATUS_CLIENT: its CONSENSUS_ARRIVED comes
 * for each consensus that Tor downloads, 0.3 ms before NEWCONSENSUS (measured on tor 0.4.9.11), and GETINFO then shows
 * the new one; NEWCONSENSUS repeats all of it, some megabytes. Neither comes for a consensus that Tor reads from its
 * cache when it starts, so ask once after connecting.
 */
export const EVENT_NAMES = [
  'HS_DESC',
  'HS_DESC_CONTENT',
  'CIRC',
  'CIRC_MINOR',
  'CONF_CHANGED',
  'NEWCONSENSUS',
  'STATUS_CLIENT',
  'STATUS_GENERAL',
  'SIGNAL',
  'NETWORK_LIVENESS',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** A circuit was launched, extended, built, failed or closed (control-spec §4.1.1). */
export interface CircEvent extends CircuitDescription {
  readonly type: 'CIRC';
  /** LAUNCHED, BUILT, GUARD_WAIT, EXTENDED, FAILED, CLOSED. */
  readonly status: string;
  readonly reason: string | null;
  readonly remoteReason: string | null;
}

/** A circuit's purpose or state changed: an introduction point is established by one of these (control-spec §4.1.19). */
export interface CircMinorEvent extends CircuitDescription {
  readonly type: 'CIRC_MINOR';
  /** PURPOSE_CHANGED or CANNIBALIZED. */
  readonly change: string;
  readonly oldPurpose: string | null;
  readonly oldHsState: string | null;
}

export type TorEvent =
  | HsDescEvent
  | HsDescContentEvent
  | CircEvent
  | CircMinorEvent
  /** Options that SETCONF or a reload changed; a null value: the option is no longer set (control-spec §4.1.18). */
  | { readonly type: 'CONF_CHANGED'; readonly changes: readonly ConfLine[] }
  | { readonly type: 'NEWCONSENSUS' }
  | ({ readonly type: 'STATUS_CLIENT' | 'STATUS_GENERAL' } & StatusReport)
  | { readonly type: 'SIGNAL'; readonly signal: string }
  /** UP, DOWN, or what a later Tor adds. */
  | { readonly type: 'NETWORK_LIVENESS'; readonly status: string }
  /** An event that is not understood here, or (malformed) one whose words make no sense. */
  | { readonly type: 'other'; readonly name: string; readonly malformed: boolean };

type Parsed = Exclude<TorEvent, { readonly type: 'other' }>;

const parseCirc = (words: ReplyArguments): Parsed | null => {
  const circuit = parseCircuit(words);
  const status = words.positional[1];
  if (circuit === null || status === undefined) return null;
  return {
    type: 'CIRC',
    ...circuit,
    status,
    reason: words.keywords.get('REASON') ?? null,
    remoteReason: words.keywords.get('REMOTE_REASON') ?? null,
  };
};

const parseCircMinor = (words: ReplyArguments): Parsed | null => {
  const circuit = parseCircuit(words);
  const change = words.positional[1];
  if (circuit === null || change === undefined) return null;
  return {
    type: 'CIRC_MINOR',
    ...circuit,
    change,
    oldPurpose: words.keywords.get('OLD_PURPOSE') ?? null,
    oldHsState: words.keywords.get('OLD_HS_STATE') ?? null,
  };
};

const parseStatus = (type: 'STATUS_CLIENT' | 'STATUS_GENERAL', words: ReplyArguments): Parsed | null => {
  const report = parseStatusReport(words);
  return report === null ? null : { type, ...report };
};

const parseKnown = (name: EventName, words: ReplyArguments, lines: readonly ReplyLine[]): Parsed | null => {
  const first = words.positional[0];
  switch (name) {
    case 'HS_DESC':
      return parseHsDesc(words);
    case 'HS_DESC_CONTENT':
      return parseHsDescContent(words, lines[0]?.data ?? null);
    case 'CIRC':
      return parseCirc(words);
    case 'CIRC_MINOR':
      return parseCircMinor(words);
    case 'CONF_CHANGED':
      // The first line is the event's name, the last one OK.
      return { type: name, changes: lines.slice(1, -1).map(({ text }) => parseConfLine(text)) };
    case 'NEWCONSENSUS':
      return { type: name };
    case 'STATUS_CLIENT':
    case 'STATUS_GENERAL':
      return parseStatus(name, words);
    case 'SIGNAL':
      return first === undefined ? null : { type: name, signal: first };
    case 'NETWORK_LIVENESS':
      return first === undefined ? null : { type: name, status: first };
  }
};

const isEventName = (name: string): name is EventName => (EVENT_NAMES as readonly string[]).includes(name);

/**
 * Reads an asynchronous event. Never throws; words and lines that are not known are passed over, as
 * control-spec §4.1 demands.
 */
export const parseEvent = (message: ControlMessage): TorEvent => {
  const text = message.lines[0]?.text ?? '';
  const space = text.indexOf(' ');
  const name = space === -1 ? text : text.slice(0, space);
  const other = (malformed: boolean): TorEvent => ({ type: 'other', name: name.slice(0, 40), malformed });
  if (message.kind !== 'event' || !isEventName(name)) return other(false);
  const words = parseArguments((space === -1 ? '' : text.slice(space + 1)) as WireText);
  return parseKnown(name, words, message.lines) ?? other(true);
};
