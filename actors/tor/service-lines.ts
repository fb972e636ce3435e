import type { ConfLine } from './control/conf-line.js';
import {
  hiddenServiceLines,
  parseHiddenServices,
  type HiddenServiceOptions,
} from './control/hidden-service-options.js';
import { fromWireText, toWireText } from './control/wire-text.js';
import { serviceTarget } from './torrc.js';

/** The onion service of this node's instance, as a Tor's configuration must have it. */
export interface InstanceService {
  readonly directory: string;
  readonly virtualPort: number;
  /** Where the proxy listens: `unix:/path` or `host:port`. */
  readonly proxyListen: string;
}

export type ServicePlan =
  /** Tor has it. */
  | { readonly kind: 'present' }
  /** What to send: all services that Tor has, and ours. Naming one HiddenServiceDir replaces them all. */
  | {
      readonly kind: 'set';
      readonly lines: readonly ConfLine[];
      /** How many services of others are sent again. */
      readonly others: number;
      /** Tor has no service in our directory yet: it will make its introduction points anew. */
      readonly isNew: boolean;
    }
  /** It is not there and may not be set; the torrc lines that are missing. */
  | { readonly kind: 'missing'; readonly lines: readonly string[] }
  /** Tor's answer could not be sent again as it is. */
  | { readonly kind: 'unreadable' };

const conf = (key: string, value: string): ConfLine => ({ key, value: toWireText(value) });

/** Our service as lines for SETCONF, the directory first. */
export const instanceLines = (service: InstanceService): readonly ConfLine[] => [
  conf('HiddenServiceDir', service.directory),
  conf('HiddenServicePort', `${String(service.virtualPort)} ${serviceTarget(service.proxyListen)}`),
  conf('HiddenServiceOnionBalanceInstance', '1'),
];

const withoutSlashes = (path: string): string => path.replace(/\/+$/, '');

const isOurs = (service: HiddenServiceOptions, ours: InstanceService): boolean =>
  withoutSlashes(fromWireText(service.directory)) === withoutSlashes(ours.directory);

/** Quotes and runs of blanks may differ between what was written and what Tor shows. */
const normalised = (value: string): string => value.replaceAll('"', '').replace(/\s+/g, ' ').trim();

const has = (service: HiddenServiceOptions, wanted: ConfLine): boolean =>
  service.lines.some(
    ({ key, value }) =>
      key.toLowerCase() === wanted.key.toLowerCase() &&
      normalised(value ?? '') === normalised(wanted.value ?? ''),
  );

/** A configuration line as torrc has it. */
const torrcLine = ({ key, value }: ConfLine): string => `${key} ${value === null ? '' : fromWireText(value)}`;

/**
 * From `GETCONF HiddenServiceOptions`: is our service there, and if not, what to do. Lines that the operator gave to
 * our service beside ours are kept when it is there whole.
 */
export const servicePlan = (
  reply: readonly ConfLine[],
  ours: InstanceService,
  maySet: boolean,
): ServicePlan => {
  const services = parseHiddenServices(reply);
  if (services === null) return { kind: 'unreadable' };
  const wanted = instanceLines(ours);
  const present = services.find((service) => isOurs(service, ours));
  const lacking =
    present === undefined
      ? wanted
      : wanted.filter((line) => line.key !== 'HiddenServiceDir' && !has(present, line));
  if (lacking.length === 0) return { kind: 'present' };
  if (!maySet) return { kind: 'missing', lines: lacking.map(torrcLine) };
  const others = services.filter((service) => !isOurs(service, ours));
  return {
    kind: 'set',
    lines: [...hiddenServiceLines(others), ...wanted],
    others: others.length,
    isNew: present === undefined,
  };
};

/**
 * The two configurations that make Tor set our service up anew, with fresh introduction points: all services but
 * ours, then all. Services whose lines stay the same keep their points.
 */
export const renewal = (
  reply: readonly ConfLine[],
  ours: InstanceService,
): { readonly without: readonly ConfLine[]; readonly with: readonly ConfLine[] } | null => {
  const services = parseHiddenServices(reply);
  if (services === null) return null;
  const present = services.find((service) => isOurs(service, ours));
  const others = services.filter((service) => !isOurs(service, ours));
  return {
    without: others.length === 0 ? [{ key: 'HiddenServiceDir', value: null }] : hiddenServiceLines(others),
    with: [...hiddenServiceLines(others), ...(present === undefined ? instanceLines(ours) : present.lines)],
  };
};
