import { parseArguments } from './arguments.js';
import { parseCircuit, type CircuitDescription } from './circuit.js';
import { parseStatusReport, type BootstrapPhase } from './status-event.js';
import type { WireText } from './wire-text.js';

/** Keys of GETINFO whose values are read here. */
export const INFO = {
  version: 'version',
  bootstrapPhase: 'status/bootstrap-phase',
  circuitStatus: 'circuit-status',
  processId: 'process/pid',
  relayConnections: 'orconn-status',
  consensus: 'dir/status-vote/current/consensus-microdesc',
  microdescriptors: 'md/all',
} as const;

/** `NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"`; null for anything else. */
export const parseBootstrapPhase = (text: WireText): BootstrapPhase | null =>
  parseStatusReport(parseArguments(text))?.bootstrap ?? null;

export interface CircuitStatus extends CircuitDescription {
  /** BUILT, GUARD_WAIT, EXTENDED or LAUNCHED. */
  readonly status: string;
}

const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line !== '');

/** All circuits of this Tor; lines that make no sense are left out. */
export const parseCircuitStatus = (text: WireText): readonly CircuitStatus[] =>
  linesOf(text).flatMap((line) => {
    const words = parseArguments(line as WireText);
    const circuit = parseCircuit(words);
    const status = words.positional[1];
    return circuit === null || status === undefined ? [] : [{ ...circuit, status }];
  });

/** Does Tor hold a connection to any relay whose handshake is done (`$LONGNAME CONNECTED`, control-spec §3.9)? */
export const hasRelayConnection = (text: WireText): boolean =>
  linesOf(text).some((line) => line.split(' ')[1] === 'CONNECTED');
