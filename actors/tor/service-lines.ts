import type { ConfLine } from './control/conf-line.js';
import {
  hiddenServiceLines,
  parseHiddenServices,
  type HiddenServiceOptions,
} from './control/hidden-service-options.js';
import { fromWireText, toWireText } from './control/wire-text.js';
import { serviceTarget } from './torrc.js';

/** One of our onion services, as a Tor's configuration must have it. */
export interface OnionService {
  readonly directory: string;
  readonly ports: readonly {
    readonly virtual: number;
    /** Where it leads: `unix:/path` or `host:port`. */
    readonly target: string;
  }[];
  /** Do its introduction points stand in the descriptor of the master address (HiddenServiceOnionBalanceInstance)? */
  readonly isInstance: boolean;
}

/** What a Tor shall have of ours. */
export interface WantedServices {
  readonly served: readonly OnionService[];
  /** Directories of ours that it shall not serve; one that is in neither list is left as it is. */
  readonly absent: readonly string[];
}

export interface MissingLines {
  readonly directory: string;
  /** The torrc lines that are missing. */
  readonly lines: readonly string[];
}

export type ServicePlan =
  /** Tor has them. */
  | { readonly kind: 'present' }
  /** What to send: all services that Tor has, and ours. Naming one HiddenServiceDir replaces them all. */
  | {
      readonly kind: 'set';
      readonly lines: readonly ConfLine[];
      /** How many services of others are sent again. */
      readonly others: number;
      /** Directories that Tor does not serve yet: it will make their introduction points anew. */
      readonly added: readonly string[];
    }
  /** Some are not there and may not be set, or there and may not be taken out (then without lines). */
  | { readonly kind: 'missing'; readonly services: readonly MissingLines[] }
  /** Tor's answer could not be sent again as it is. */
  | { readonly kind: 'unreadable' };

const conf = (key: string, value: string): ConfLine => ({ key, value: toWireText(value) });

/** A service as lines for SETCONF, the directory first. */
export const serviceConf = (service: OnionService): readonly ConfLine[] => [
  conf('HiddenServiceDir', service.directory),
  ...service.ports.map(({ virtual, target }) =>
    conf('HiddenServicePort', `${String(virtual)} ${serviceTarget(target)}`),
  ),
  ...(service.isInstance ? [conf('HiddenServiceOnionBalanceInstance', '1')] : []),
];

const withoutSlashes = (path: string): string => path.replace(/\/+$/, '');

const isAt = (service: HiddenServiceOptions, directory: string): boolean =>
  withoutSlashes(fromWireText(service.directory)) === withoutSlashes(directory);

/** Quotes and runs of blanks may differ between what was written and what Tor shows. */
const normalised = (value: string): string => value.replaceAll('"', '').replace(/\s+/g, ' ').trim();

const has = (service: HiddenServiceOptions, wanted: ConfLine): boolean =>
  service.lines.some(
    ({ key, value }) =>
      key.toLowerCase() === wanted.key.toLowerCase() &&
      normalised(value ?? '') === normalised(wanted.value ?? ''),
  );

/** A configuration line as torrc has it. */
export const torrcLine = ({ key, value }: ConfLine): string =>
  `${key} ${value === null ? '' : fromWireText(value)}`;

const lackingOf = (services: readonly HiddenServiceOptions[], ours: OnionService): readonly ConfLine[] => {
  const wanted = serviceConf(ours);
  const present = services.find((service) => isAt(service, ours.directory));
  if (present === undefined) return wanted;
  return wanted.filter((line) => line.key !== 'HiddenServiceDir' && !has(present, line));
};

/**
 * From `GETCONF HiddenServiceOptions`: are our services there, and no others of ours; and if not, what to do. Lines
 * that the operator gave to one of ours beside ours are kept while it is there whole.
 */
export const servicePlan = (
  reply: readonly ConfLine[],
  { served, absent }: WantedServices,
  maySet: boolean,
): ServicePlan => {
  const services = parseHiddenServices(reply);
  if (services === null) return { kind: 'unreadable' };
  const lacking = served.map((ours) => ({ ours, lines: lackingOf(services, ours) }));
  const surplus = services.filter((service) => absent.some((directory) => isAt(service, directory)));
  if (surplus.length === 0 && lacking.every(({ lines }) => lines.length === 0)) return { kind: 'present' };
  if (!maySet) {
    return {
      kind: 'missing',
      services: [
        ...lacking
          .filter(({ lines }) => lines.length > 0)
          .map(({ ours, lines }) => ({ directory: ours.directory, lines: lines.map(torrcLine) })),
        ...surplus.map(({ directory }) => ({ directory: fromWireText(directory), lines: [] })),
      ],
    };
  }
  const isOurs = (service: HiddenServiceOptions): boolean =>
    surplus.includes(service) || served.some(({ directory }) => isAt(service, directory));
  const others = services.filter((service) => !isOurs(service));
  const ours = lacking.map(({ ours: wanted, lines }) => {
    const present = services.find((service) => isAt(service, wanted.directory));
    return present !== undefined && lines.length === 0 ? present.lines : serviceConf(wanted);
  });
  return {
    kind: 'set',
    lines: [...hiddenServiceLines(others), ...ours.flat()],
    others: others.length,
    added: lacking
      .filter(({ ours: { directory } }) => !services.some((service) => isAt(service, directory)))
      .map(({ ours: { directory } }) => directory),
  };
};

/** The configuration as it is, to be sent again: Tor then reads the files of all services anew and keeps their points. */
export const sameAgain = (reply: readonly ConfLine[]): readonly ConfLine[] | null => {
  const services = parseHiddenServices(reply);
  return services === null ? null : hiddenServiceLines(services);
};

const EXPORT: ConfLine = { key: 'HiddenServiceExportCircuitID', value: toWireText('haproxy') };

/**
 * All services as they are, but with Tor telling the circuit of each stream of ours, or not. Null: it is so already. Tor
 * keeps the service's circuits and points over this (hs_service.c move_descriptors).
 */
export const withExport = (
  reply: readonly ConfLine[],
  directory: string,
  on: boolean,
): readonly ConfLine[] | null => {
  const services = parseHiddenServices(reply);
  const ours = services?.find((service) => isAt(service, directory));
  if (services === null || ours === undefined || has(ours, EXPORT) === on) return null;
  const without = ours.lines.filter(({ key }) => key.toLowerCase() !== EXPORT.key.toLowerCase());
  const lines = on ? [...without, EXPORT] : without;
  return [...hiddenServiceLines(services.filter((service) => service !== ours)), ...lines];
};

/**
 * The two configurations that make Tor set one of our services up anew, with fresh introduction points: all services
 * but it, then all. Services whose lines stay the same keep their points.
 */
export const renewal = (
  reply: readonly ConfLine[],
  ours: OnionService,
): { readonly without: readonly ConfLine[]; readonly with: readonly ConfLine[] } | null => {
  const services = parseHiddenServices(reply);
  if (services === null) return null;
  const present = services.find((service) => isAt(service, ours.directory));
  const others = services.filter((service) => !isAt(service, ours.directory));
  return {
    without: others.length === 0 ? [{ key: 'HiddenServiceDir', value: null }] : hiddenServiceLines(others),
    with: [...hiddenServiceLines(others), ...(present === undefined ? serviceConf(ours) : present.lines)],
  };
};
