import type { ReplyArguments } from './arguments.js';
import type { WireText } from './wire-text.js';

/** How far Tor has come in reaching the network (control-spec §4.1.10, §5.5). */
export interface BootstrapPhase {
  /** Percent, 0–100. */
  readonly progress: number;
  readonly tag: string;
  readonly summary: string;
  /** Tor's words and tag for what hinders it; null while nothing does. */
  readonly warning: string | null;
  readonly reason: string | null;
}

/** What Tor found out about the clock. */
export type ClockFinding =
  /** Tor got no processor time, or the wall clock jumped, by so many seconds (negative: back); circuits are lost. */
  | { readonly kind: 'jumped'; readonly seconds: number }
  /** This machine's clock minus the source's, in seconds; `atLeast` when that is only a lower bound. */
  | {
      readonly kind: 'skew';
      readonly seconds: number;
      readonly atLeast: boolean;
      readonly source: string | null;
    };

export interface StatusReport {
  /** NOTICE, WARN or ERR. */
  readonly severity: string;
  /** E.g. BOOTSTRAP, CIRCUIT_ESTABLISHED, CONSENSUS_ARRIVED, CLOCK_SKEW. */
  readonly action: string;
  readonly keywords: ReadonlyMap<string, WireText>;
  /** Only with action BOOTSTRAP. */
  readonly bootstrap: BootstrapPhase | null;
  /** Only with actions CLOCK_JUMPED and CLOCK_SKEW. */
  readonly clock: ClockFinding | null;
}

const integer = (word: string | undefined): number | null =>
  word !== undefined && /^[+-]?[0-9]{1,15}$/.test(word) ? Number(word) : null;

const bootstrapOf = (keywords: ReadonlyMap<string, WireText>): BootstrapPhase | null => {
  const progress = integer(keywords.get('PROGRESS'));
  if (progress === null || progress < 0 || progress > 100) return null;
  return {
    progress,
    tag: keywords.get('TAG') ?? '',
    summary: keywords.get('SUMMARY') ?? '',
    warning: keywords.get('WARNING') ?? null,
    reason: keywords.get('REASON') ?? null,
  };
};

const clockOf = (action: string, keywords: ReadonlyMap<string, WireText>): ClockFinding | null => {
  if (action === 'CLOCK_JUMPED') {
    const seconds = integer(keywords.get('TIME'));
    return seconds === null ? null : { kind: 'jumped', seconds };
  }
  if (action !== 'CLOCK_SKEW') return null;
  const exact = integer(keywords.get('SKEW'));
  const seconds = exact ?? integer(keywords.get('MIN_SKEW'));
  if (seconds === null) return null;
  return { kind: 'skew', seconds, atLeast: exact === null, source: keywords.get('SOURCE') ?? null };
};

/** From the words `SEVERITY ACTION KEY=value …`; null when one of the two is missing. */
export const parseStatusReport = ({ positional, keywords }: ReplyArguments): StatusReport | null => {
  const [severity, action] = positional;
  if (severity === undefined || action === undefined) return null;
  return {
    severity,
    action,
    keywords,
    bootstrap: action === 'BOOTSTRAP' ? bootstrapOf(keywords) : null,
    clock: clockOf(action, keywords),
  };
};
