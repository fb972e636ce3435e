import type { Config } from '@rustbalance/actors/kernel/config/schema.js';
import type { ActorBirth } from '@rustbalance/actors/kernel/envelope.js';
import type { ActorName } from '@rustbalance/actors/kernel/messages.js';
import type { Secret } from '@rustbalance/actors/kernel/redact.js';
import { selfTestKey } from '@rustbalance/actors/kernel/cluster-keys.js';
import type { ActorSecrets, SecretsOnTheWire } from '@rustbalance/actors/kernel/secrets.js';

const NO_SECRETS: SecretsOnTheWire = {
  masterKey: null,
  nodeKey: null,
  clusterToken: null,
  wireguardKey: null,
  controlPassword: null,
};

/** In memory that all threads share, so that a restart hands over a reference and makes no further copy of a key. */
const shared = (secret: Secret | null): Uint8Array | null => {
  if (secret === null) return null;
  const bytes = secret.reveal();
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
};

/** The secrets that are in the configuration itself reach their actor as secrets, and nobody else at all. */
const withoutSecrets = (config: Config): Config => ({
  ...config,
  tor: { ...config.tor, control_password: '' },
  coordination: { ...config.coordination, cluster_token: '' },
});

/** What each actor is born with: the configuration, and of the secrets only its own (kernel/secrets.ts). */
export const actorBirths = (
  config: Config,
  secrets: ActorSecrets,
): ((name: ActorName) => Omit<ActorBirth, 'name' | 'generation'>) => {
  const selfTest = shared(selfTestKey(secrets.clusterToken ?? secrets.nodeKey, config.master.onion_address));
  const own: Readonly<Record<ActorName, SecretsOnTheWire>> = {
    tor: {
      ...NO_SECRETS,
      nodeKey: shared(secrets.nodeKey),
      controlPassword: shared(secrets.controlPassword),
    },
    wg: {
      ...NO_SECRETS,
      nodeKey: shared(secrets.nodeKey),
      clusterToken: shared(secrets.clusterToken),
      wireguardKey: shared(secrets.wireguardKey),
    },
    election: {
      ...NO_SECRETS,
      masterKey: shared(secrets.masterKey),
      nodeKey: shared(secrets.nodeKey),
      clusterToken: shared(secrets.clusterToken),
    },
    publisher: { ...NO_SECRETS, masterKey: shared(secrets.masterKey) },
    proxy: { ...NO_SECRETS, selfTestKey: selfTest },
    health: { ...NO_SECRETS, selfTestKey: selfTest },
  };
  const plain = withoutSecrets(config);
  return (name) => ({ config: plain, secrets: own[name], chaos: config.chaos.enabled });
};
