import type { ConfLine } from './conf-line.js';
import type { WireText } from './wire-text.js';

/** One onion service of a Tor's configuration, with its lines as they must be sent again to keep it. */
export interface HiddenServiceOptions {
  readonly directory: WireText;
  /** All its lines in order; the first is its HiddenServiceDir. */
  readonly lines: readonly ConfLine[];
}

/** The option that opens a service; Tor's names of options are case-insensitive. */
const opensService = ({ key }: ConfLine): boolean => key.toLowerCase() === 'hiddenservicedir';

/** The argument for getConf that returns the lines of all services (control-spec §3.3). */
export const HIDDEN_SERVICE_OPTIONS = 'HiddenServiceOptions';

/**
 * The onion services in a reply to `GETCONF HiddenServiceOptions`, in order. Needed since SETCONF of one
 * HiddenServiceDir replaces all services of that Tor. Null when lines come before the first directory, which Tor
 * never writes: such a configuration could not be sent again as it is.
 */
export const parseHiddenServices = (lines: readonly ConfLine[]): readonly HiddenServiceOptions[] | null => {
  const services: { directory: WireText; lines: ConfLine[] }[] = [];
  for (const line of lines) {
    if (line.value === null) {
      // Without any service Tor answers with the virtual option's bare name.
      if (lines.length === 1) return [];
      return null;
    }
    if (opensService(line)) services.push({ directory: line.value, lines: [line] });
    else {
      const last = services.at(-1);
      if (last === undefined) return null;
      last.lines.push(line);
    }
  }
  return services;
};

/** The lines for setConf that make these services, and no others, the Tor's services. */
export const hiddenServiceLines = (services: readonly HiddenServiceOptions[]): readonly ConfLine[] =>
  services.flatMap((service) => service.lines);
