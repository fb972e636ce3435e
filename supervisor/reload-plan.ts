import { isDeepStrictEqual } from 'node:util';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { ACTOR_NAMES } from '@rustbalance/actors/kernel/messages.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';

/** Who reads a section, and is started anew when that changes; `process`: only a new process reads it. */
export const READERS: Readonly<Record<keyof Config, readonly ActorName[] | 'process'>> = {
  node: ['election', 'health'],
  master: 'process',
  target: ['proxy', 'health'],
  proxy: ['proxy'],
  // Its service would get new introduction points, and the managed Tor's own configuration is that of its start.
  tor: 'process',
  coordination: ['wg', 'election', 'publisher', 'health'],
  wireguard: ['wg', 'election'],
  join: ['election', 'proxy'],
  direct: ['wg', 'election'],
  publish: ['publisher', 'election', 'health'],
  health: ['publisher', 'health'],
  alerts: ['health'],
  // Switched on, its diagnoses are poorer until Tor is started anew: a SOCKS port of its own says more.
  canary: ['health'],
  resilience: ['wg', 'election', 'publisher', 'health'],
  supervisor: 'process',
  // The level changes without anybody's restart.
  log: [],
  chaos: 'process',
};

/** What a reader of a section reads of it beside FIXED_KEYS, where clients or peers would feel a restart for the rest. */
export const READS_ONLY: Readonly<
  Partial<Record<ActorName, Readonly<Partial<Record<keyof Config, readonly string[]>>>>>
> = {
  wg: { coordination: [], resilience: ['tor_fallback_enabled'] },
  proxy: { join: ['via_master'] },
};

const isReadBy = (actor: ActorName, section: keyof Config, changed: readonly string[]): boolean => {
  const only = READS_ONLY[actor]?.[section];
  return only === undefined || changed.some((key) => only.includes(key));
};

/** Keys that a new process alone takes, in sections of which the rest can change. */
export const FIXED_KEYS: Readonly<Partial<Record<keyof Config, readonly string[]>>> = {
  // What the node is called, and where it lies.
  node: ['id', 'key_path', 'state_dir', 'run_dir', 'hidden_service_dir'],
  // Tor's configuration leads to them.
  proxy: ['listen', 'virtual_port', 'drain_secs'],
  coordination: ['mode', 'cluster_token', 'cluster_token_file', 'members_dir'],
  wireguard: ['interface', 'private_key_path'],
  log: ['format'],
};

export interface ReloadPlan {
  /** The new configuration as far as this process can take it. */
  readonly config: Config;
  /** Started anew, in the order of their start. */
  readonly restart: readonly ActorName[];
  /** `section.key` of what is taken over. */
  readonly taken: readonly string[];
  /** `section.key` of what stays as it was until the daemon is restarted. */
  readonly fixed: readonly string[];
}

type Section = Readonly<Record<string, unknown>>;

/** What of a new configuration can be had without a new process, and what that takes. */
export const reloadPlan = (now: Config, next: Config): ReloadPlan => {
  const taken: string[] = [];
  const fixed: string[] = [];
  const restart = new Set<ActorName>();
  let config = now;
  for (const name of Object.keys(READERS) as (keyof Config)[]) {
    const before: Section = now[name];
    const after: Section = next[name];
    const readers = READERS[name];
    const changed = Object.keys(after).filter((key) => !isDeepStrictEqual(before[key], after[key]));
    const stays = changed.filter((key) => readers === 'process' || FIXED_KEYS[name]?.includes(key));
    fixed.push(...stays.map((key) => `${name}.${key}`));
    const takes = changed.filter((key) => !stays.includes(key));
    if (takes.length === 0 || readers === 'process') continue;
    taken.push(...takes.map((key) => `${name}.${key}`));
    config = {
      ...config,
      [name]: { ...after, ...Object.fromEntries(stays.map((key) => [key, before[key]])) },
    };
    for (const reader of readers) if (isReadBy(reader, name, takes)) restart.add(reader);
  }
  return { config, restart: ACTOR_NAMES.filter((name) => restart.has(name)), taken, fixed };
};
