import { parseArguments } from './arguments.js';
import { parseAddress, parseCircuit, type CircuitDescription } from './circuit.js';
import { parseStatusReport, type BootstrapPhase } from './status-event.js';
import type { OnionAddress } from '@rustbalance/crypto-worker/brands.js';
import type { WireText } from './wire-text.js';

/** Keys of GETINFO whose values are read here. */
export const INFO = {
  version: 'version',
  bootstrapPhase: 'status/bootstrap-phase',
  circuitStatus: 'circuit-status',
  onionsCurrent: 'onions/current',
  onionsDetached: 'onions/detached',
  processId: 'process/pid',
  configFile: 'config-file',
  consensus: 'dir/status-vote/current/consensus-microdesc',
  microdescriptors: 'md/all',
} as const;

export interface TorVersion {
  /** As Tor writes it, e.g. `0.4.9.11` or `0.4.8.0-alpha-dev (git-…)`. */
  readonly text: string;
  readonly parts: readonly [number, number, number, number];
}

/** Null when the text does not begin with a Tor version. */
export const parseTorVersion = (text: string): TorVersion | null => {
  const found = /^(?:Tor )?(\d{1,5})\.(\d{1,5})\.(\d{1,5})(?:\.(\d{1,5}))?(?![\d.])/.exec(text);
  if (found === null) return null;
  const [major = 0, minor = 0, micro = 0, patch = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return { text: text.slice(0, 100), parts: [major, minor, micro, patch] };
};

export const versionAtLeast = (version: TorVersion, wanted: TorVersion['parts']): boolean => {
  for (const [index, part] of wanted.entries()) {
    const have = version.parts[index] ?? 0;
    if (have !== part) return have > part;
  }
  return true;
};

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

/** Addresses of the ephemeral services (ADD_ONION) that onions/current and onions/detached name. */
export const parseOnions = (text: WireText): readonly OnionAddress[] =>
  linesOf(text).flatMap((line) => parseAddress(line) ?? []);

/** Null for what is no process id. */
export const parseProcessId = (text: WireText): number | null =>
  /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : null;
