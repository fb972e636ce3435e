import { keyValues } from './commands.js';

export interface FakeOption {
  readonly key: string;
  readonly value: string;
}

export interface ConfAnswer {
  readonly lines: readonly string[];
  /** What CONF_CHANGED tells; null when nothing changed. */
  readonly changes: readonly string[] | null;
}

const isService = (key: string): boolean => key.startsWith('HiddenService');
const SINGLE_OPTIONS = [
  'PublishHidServDescriptors',
  'TestingTorNetwork',
  'FetchDirInfoEarly',
  'FetchDirInfoExtraEarly',
  'SocksPort',
  'ControlPort',
  'DisableNetwork',
];
const isKnown = (key: string): boolean =>
  SINGLE_OPTIONS.includes(key) ||
  /^HiddenService(Dir|Port|Options|OnionBalanceInstance|Version|MaxStreams)$/.test(key);

const escaped = (value: string): string =>
  value.startsWith('"') || value.includes('#')
    ? `"${value.replace(/["\\]/g, (special) => `\\${special}`)}"`
    : value;

/**
 * A Tor's options as far as onion services need them. Setting one HiddenServiceDir replaces all services; a reload
 * forgets what only SETCONF set.
 */
export class FakeConfiguration {
  readonly #torrc: readonly FakeOption[];
  #services: readonly FakeOption[];
  readonly #single = new Map<string, string>();

  constructor(torrc: readonly FakeOption[]) {
    this.#torrc = torrc;
    this.#services = torrc.filter(({ key }) => isService(key));
    this.#readSingle();
  }

  get services(): readonly FakeOption[] {
    return this.#services;
  }

  get(args: string): readonly string[] {
    const keys = args.split(' ').filter((key) => key !== '');
    const unknown = keys.filter((key) => !isKnown(key));
    if (unknown.length > 0)
      return lastOne(unknown.map((key) => `552-Unrecognized configuration key "${key}"`));
    return lastOne(keys.flatMap((key) => this.#getOne(key).map((line) => `250-${line}`)));
  }

  set(args: string, reset: boolean): ConfAnswer {
    const words = keyValues(args);
    const unknown = words.find(({ key }) => !isKnown(key));
    if (unknown !== undefined) {
      return {
        lines: [`552 Unrecognized option: Unknown option '${unknown.key}'.  Failing.`],
        changes: null,
      };
    }
    const service = words.filter(({ key }) => isService(key));
    if (service[0] !== undefined && service[0].key !== 'HiddenServiceDir') {
      return {
        lines: ['513 Unacceptable option value: no preceding HiddenServiceDir directive'],
        changes: null,
      };
    }
    if (service.length > 0) {
      this.#services = service.flatMap(({ key, value }) => (value === null ? [] : [{ key, value }]));
    }
    for (const { key, value } of words.filter((word) => !isService(word.key))) {
      if (value === null && reset) this.#single.delete(key);
      else this.#single.set(key, value ?? '');
    }
    return {
      lines: ['250 OK'],
      changes: words.map(({ key, value }) => (value === null ? key : `${key}=${value}`)),
    };
  }

  /** What SIGHUP does: torrc is read again. */
  reload(): readonly string[] {
    this.#services = this.#torrc.filter(({ key }) => isService(key));
    this.#single.clear();
    this.#readSingle();
    return this.#services.length === 0
      ? ['HiddenServiceDir']
      : this.#services.map(({ key, value }) => `${key}=${value}`);
  }

  #readSingle(): void {
    for (const { key, value } of this.#torrc) if (!isService(key)) this.#single.set(key, value);
  }

  #getOne(key: string): string[] {
    if (!isService(key)) {
      const value = this.#single.get(key);
      return [value === undefined ? key : `${key}=${escaped(value)}`];
    }
    return this.#services.length === 0
      ? [key]
      : this.#services.map((option) => `${option.key}=${escaped(option.value)}`);
  }
}

/** Turns the '-' of the last line into the space that ends a reply. */
export const lastOne = (lines: readonly string[]): readonly string[] =>
  lines.map((line, index) => (index === lines.length - 1 ? `${line.slice(0, 3)} ${line.slice(4)}` : line));
