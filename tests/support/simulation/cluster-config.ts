import { createHash } from 'node:crypto';
import type { Ed25519Seed } from '@rustbalance/crypto-worker/brands.js';
import type { NodeId } from '@rustbalance/actors/kernel/brands.js';
import { configSchema } from '@rustbalance/actors/kernel/config/schema.js';
import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import { encodeNodePublicKey, nodePublicKey } from '@rustbalance/actors/kernel/node-key.js';
import { Secret } from '@rustbalance/actors/kernel/redact.js';
import type { ActorSecrets } from '@rustbalance/actors/kernel/secrets.js';

/** One node of a cluster under test. */
export interface NodeSpec {
  readonly id: NodeId;
  readonly seed: Ed25519Seed;
  readonly priority: number;
  readonly address: string;
  readonly hasMasterKey: boolean;
}

export interface ClusterTimes {
  readonly heartbeatSecs: number;
  readonly probeSecs: number;
  readonly timeoutSecs: number;
  readonly leaseSecs: number;
  readonly takeoverGraceSecs: number;
  readonly removalGraceSecs: number;
  readonly deadThreshold: number;
  readonly jitterSecs: number;
  readonly skewToleranceSecs: number;
}

/** The defaults of the configuration. */
export const DEFAULT_TIMES: ClusterTimes = {
  heartbeatSecs: 10,
  probeSecs: 1,
  timeoutSecs: 30,
  leaseSecs: 60,
  takeoverGraceSecs: 90,
  removalGraceSecs: 30,
  deadThreshold: 3,
  jitterSecs: 15,
  skewToleranceSecs: 5,
};

/** Those of the take-over figure: heartbeat 1 s, timeout 3 s, graces 2 s. */
export const QUICK_TIMES: ClusterTimes = {
  ...DEFAULT_TIMES,
  heartbeatSecs: 1,
  timeoutSecs: 3,
  takeoverGraceSecs: 2,
  removalGraceSecs: 2,
};

/** A node's key that is the same in every run. */
export const exampleSeed = (index: number): Ed25519Seed =>
  new Uint8Array(createHash('sha256').update(`node key ${index}`).digest()) as Ed25519Seed;

export const MASTER_ADDRESS = `${'a'.repeat(55)}d.onion`;

/** The configuration of a node that knows the others by their records. */
export const recordConfig = (self: NodeSpec, times: ClusterTimes): Config => {
  const config = nodeConfig(self, [self], times);
  return { ...config, coordination: { ...config.coordination, members_dir: '/etc/rustbalance/peers' } };
};

/** The configuration of one of the nodes. */
export const nodeConfig = (self: NodeSpec, all: readonly NodeSpec[], times: ClusterTimes): Config =>
  configSchema.parse({
    node: { id: self.id, priority: self.priority, clock_skew_tolerance_secs: times.skewToleranceSecs },
    master: {
      onion_address: MASTER_ADDRESS,
      identity_key_path: self.hasMasterKey ? '/etc/rustbalance/master.key' : '',
      backup_key_path: '',
    },
    coordination: {
      mode: 'direct',
      heartbeat_interval_secs: times.heartbeatSecs,
      probe_interval_secs: times.probeSecs,
      heartbeat_timeout_secs: times.timeoutSecs,
      lease_duration_secs: times.leaseSecs,
      backoff_jitter_secs: times.jitterSecs,
    },
    publish: { takeover_grace_secs: times.takeoverGraceSecs },
    resilience: { dead_threshold: times.deadThreshold, removal_grace_period: times.removalGraceSecs },
    direct: {
      listen: self.address,
      peers: all
        .filter(({ id }) => id !== self.id)
        .map(({ id, seed, address }) => ({
          id,
          address,
          public_key: encodeNodePublicKey(nodePublicKey(seed)),
        })),
    },
  });

export const TEST_TOKEN = 'a token for tests';

export const nodeSecrets = (self: NodeSpec, token = TEST_TOKEN): ActorSecrets => ({
  masterKey: null,
  nodeKey: new Secret(self.seed),
  clusterToken: new Secret(new TextEncoder().encode(token)),
  wireguardKey: null,
  controlPassword: null,
});
