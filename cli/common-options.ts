import { dirname } from 'node:path';
import type { OptionTable } from './options.js';

/** Arguments of every command that reads the configuration. */
export interface ConfigArgs {
  readonly config: string;
  readonly set: readonly string[];
}

export const DEFAULT_CONFIG = '/etc/rustbalance/config.toml';

export const configOptions: OptionTable<ConfigArgs> = {
  config: {
    kind: 'text',
    presence: 'default',
    fallback: DEFAULT_CONFIG,
    metavar: 'FILE',
    description: 'The configuration file.',
  },
  set: {
    kind: 'list',
    metavar: 'SECTION.KEY=VALUE',
    description: 'Overrides one value of the configuration; repeatable; never a secret.',
  },
};

export interface JsonArgs {
  readonly json: boolean;
}

export const jsonOption: OptionTable<JsonArgs> = {
  json: { kind: 'flag', description: 'Prints JSON; errors too, as {"errors": […]} on standard error.' },
};

export interface WatchArgs {
  readonly watch: boolean;
}

export const watchOption: OptionTable<WatchArgs> = {
  watch: { kind: 'flag', description: 'Prints again every two seconds, until interrupted.' },
};

/** Arguments of the commands that make a node. */
export interface NewNodeArgs {
  readonly 'config-dir': string;
  readonly target: string;
  readonly 'state-dir': string | undefined;
  readonly 'run-dir': string | undefined;
  readonly yes: boolean;
}

export const newNodeOptions: OptionTable<NewNodeArgs> = {
  'config-dir': {
    kind: 'text',
    presence: 'default',
    fallback: dirname(DEFAULT_CONFIG),
    metavar: 'DIR',
    description: 'Where the files are written.',
  },
  target: {
    kind: 'text',
    presence: 'required',
    metavar: 'URL',
    description: 'The service to be reached: http://HOST:PORT, https://…, tcp://… or an onion address.',
  },
  'state-dir': {
    kind: 'text',
    presence: 'optional',
    metavar: 'DIR',
    description: 'Where state and the data of Tor live.',
  },
  'run-dir': { kind: 'text', presence: 'optional', metavar: 'DIR', description: 'Where the sockets live.' },
  yes: { kind: 'flag', description: 'Does not ask.' },
};
