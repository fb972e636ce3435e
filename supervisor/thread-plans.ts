import type { ResourceLimits } from 'node:worker_threads';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';

export interface ThreadPlan {
  /** The module that a thread runs. */
  readonly entry: URL;
  readonly limits: ResourceLimits;
}

/**
 * V8's own defaults would let the young generation of each thread take 48 MiB. 4 MiB instead of 8 saves the daemon
 * about 8 MiB at rest and up to 24 under load, for collections that come twice as often and stay below 1 ms. Old
 * generations are bounded so that a leak ends one thread and not the process.
 */
const LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 4 };

/** Streams of many connections make short-lived buffers and objects: a larger young generation collects less often. */
const PROXY_LIMITS: ResourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 };

/** The built actors of the installed packages. */
export const actorPlan = (name: ActorName): ThreadPlan => ({
  entry: new URL(import.meta.resolve(`@rustbalance/actors/${name}/thread.js`)),
  limits: name === 'proxy' ? PROXY_LIMITS : LIMITS,
});

/** The built crypto worker. */
export const poolEntry = (): URL => new URL(import.meta.resolve('@rustbalance/crypto-worker/pool.js'));
